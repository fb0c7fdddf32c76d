import { InputError } from '../base/error.js';
import { compareOperation, type Difference, type Seen, type Verdict } from './comparison.js';
import { Unsupported, type Driver, type MakeDriver } from './driver.js';
import { Naming } from './naming.js';
import type { RecordedOperation, RecordedProgram } from './recording.js';

/** On what a program is replayed, and what its recording cannot show. */
export interface ReplayTarget {
  readonly release: string;
  readonly arch: string;
  /** Commits of patches to add to the release, and to take away from it. */
  readonly with?: readonly string[];
  readonly without?: readonly string[];
  /** Letters of page flags that the recording leaves out, see `withheldFlags`. */
  readonly withheld: string;
}

/** How one operation of a program went. Everything recorded counts as disagreement unless it was run. */
export interface OperationReport extends Verdict {
  readonly recorded: RecordedOperation;
  readonly status: 'run' | 'unsupported' | 'failed';
  /** Why the operation was not run. */
  readonly reason?: string;
}

/**
 * Runs a recorded program on a machine of its own and compares after every operation. An operation that the driver
 * does not support is passed over; when the driver fails, nothing after it is run. From an operation on in which the
 * recorder itself lost a process or ran out of time, nothing is compared.
 *
 * @throws InputError what the driver says of an unknown release or architecture
 */
export function* replay(
  program: RecordedProgram,
  target: ReplayTarget,
  makeDriver: MakeDriver,
): Generator<OperationReport, void, void> {
  const run = runner(program, target, makeDriver);
  for (const recorded of program.operations) {
    if (recorded.st !== undefined) return;
    const result = run(recorded);
    const seen = 'outcome' in result ? result : undefined;
    const verdict = compareOperation(recorded, seen, target.withheld);
    yield 'outcome' in result ? ran(recorded, verdict) : notRun(recorded, verdict, result);
  }
}

/** Why there is nothing to compare. */
interface NotRun {
  readonly status: 'unsupported' | 'failed';
  readonly reason: string;
}

type Runner = (recorded: RecordedOperation) => Seen | NotRun;

function runner(
  { header }: RecordedProgram,
  { withheld: _, ...kernel }: ReplayTarget,
  makeDriver: MakeDriver,
): Runner {
  let machine: Driver | NotRun;
  try {
    machine = makeDriver({ ...kernel, program: header });
  } catch (err) {
    if (err instanceof InputError) throw err;
    machine = whyNot(err);
  }
  const naming = new Naming();
  return (recorded) => {
    if ('status' in machine) return machine;
    try {
      return look(machine, naming, recorded);
    } catch (err) {
      const result = whyNot(err);
      if (result.status === 'failed')
        machine = { ...result, reason: `operation ${recorded.i} failed before` };
      return result;
    }
  };
}

function look(driver: Driver, naming: Naming, recorded: RecordedOperation): Seen {
  const { operation } = recorded;
  const outcome = driver.execute(operation);
  const snapshot = driver.snapshot();
  return { outcome, snapshot, names: naming.next(snapshot, operation.name) };
}

function whyNot(err: unknown): NotRun {
  if (err instanceof Unsupported) return { status: 'unsupported', reason: err.message };
  return { status: 'failed', reason: String(err) };
}

function ran(
  recorded: RecordedOperation,
  { agree, disagree, byAspect, differences }: Verdict,
): OperationReport {
  return { recorded, status: 'run', agree, disagree, byAspect, differences };
}

/** The operation itself is an observable then: it should have been run. */
function notRun(recorded: RecordedOperation, verdict: Verdict, { status, reason }: NotRun): OperationReport {
  const itself: Difference = { observable: 'operation', expected: 'run', got: `${status}: ${reason}` };
  const { agree, disagree, differences } = verdict;
  const { result, ...others } = verdict.byAspect;
  return {
    ...{ recorded, status, reason, agree, disagree: disagree + 1, differences: [itself, ...differences] },
    byAspect: { ...others, result: { ...result, disagree: result.disagree + 1 } },
  };
}
