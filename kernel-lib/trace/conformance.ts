import { type Agreement, type Aspect, aspects, type Difference, type Value } from './comparison.js';
import type { MakeDriver } from './driver.js';
import type { OperationName } from './operation.js';
import type { RecordedProgram } from './recording.js';
import { replay, type OperationReport, type ReplayTarget } from './replay.js';

/** What was compared, and how much of it agrees. */
export interface Tally {
  programs: number;
  /** Operations that were compared. */
  ops: number;
  observables: number;
  agree: number;
  disagree: number;
  /** Operations that the driver does not support; all that was recorded of them counts in `disagree`. */
  unsupported: number;
  /** Operations that were not run because the driver failed in them or before. */
  failed: number;
  /** Programs in which every observable agrees. */
  identical: number;
  /** Programs of which nothing was recorded, because the guest stopped in them. */
  dropped: number;
}

/** How much agrees on one kernel, after operations of one kind, in one aspect. */
export interface AgreementRow extends Readonly<Agreement> {
  readonly kernel: string;
  /** The operation's name, with the advice for madvise. */
  readonly operation: string;
  readonly aspect: Aspect;
}

/** The first disagreement of a program. */
export interface FirstDifference {
  readonly kernel: string;
  readonly program: string;
  /** Index of the operation. */
  readonly op: number;
  /** Its line. */
  readonly line: string;
  readonly observable: string;
  readonly expected: Value;
  readonly got: Value;
}

/** Disagreements of one kind: of one observable, addresses left out, after one kind of operation. */
export interface DifferenceKind {
  /** The operation's name, with the advice for madvise. */
  readonly operation: string;
  /** `S.page.flags`, `vm.pswpin`. */
  readonly observable: string;
  /** Programs whose first disagreement is of this kind: what to mend first. */
  programs: number;
  /** All places that disagree in this way; many are consequences of earlier ones. */
  disagree: number;
  /** One that is the first of its program, if there is any. */
  example: FirstDifference | undefined;
}

/** How a driver conforms to recordings, added up program by program. */
export class Conformance {
  readonly total: Tally = emptyTally();
  readonly byKernel = new Map<string, Tally>();
  readonly first: FirstDifference[] = [];
  readonly #kinds = new Map<string, DifferenceKind>();
  readonly #agreements = new Map<string, { -readonly [field in keyof AgreementRow]: AgreementRow[field] }>();

  /**
   * Replays a program and adds what was found.
   *
   * @param onOperation is told of every operation as it is compared
   * @throws InputError what the driver says of an unknown release or architecture
   */
  add(
    kernel: string,
    program: RecordedProgram,
    target: ReplayTarget,
    makeDriver: MakeDriver,
    onOperation: (report: OperationReport) => void = () => {},
  ): void {
    const tally = this.#tally(kernel);
    const found = emptyTally();
    found.programs = 1;
    found.dropped = program.dropped === undefined ? 0 : 1;
    for (const report of replay(program, target, makeDriver)) {
      this.#differences(kernel, program.id, report, found.disagree === 0);
      this.#count(kernel, report);
      count(found, report);
      onOperation(report);
    }
    found.identical = found.disagree === 0 && found.dropped === 0 ? 1 : 0;
    for (const tallied of [tally, this.total]) addTo(tallied, found);
  }

  /** Kinds of disagreement, those that most programs meet first on top. */
  kinds(): DifferenceKind[] {
    return [...this.#kinds.values()].sort((a, b) => b.programs - a.programs || b.disagree - a.disagree);
  }

  /** Agreement by kernel, operation and aspect, each in the order of its first occurrence; nothing observed, no row. */
  agreements(): AgreementRow[] {
    return [...this.#agreements.values()].filter(({ agree, disagree }) => agree + disagree > 0);
  }

  #count(kernel: string, { recorded, byAspect }: OperationReport): void {
    const operation = operationKind(recorded.operation);
    for (const aspect of aspects) {
      const key = `${kernel}\n${operation}\n${aspect}`;
      let row = this.#agreements.get(key);
      if (!row) this.#agreements.set(key, (row = { kernel, operation, aspect, agree: 0, disagree: 0 }));
      row.agree += byAspect[aspect].agree;
      row.disagree += byAspect[aspect].disagree;
    }
  }

  #tally(kernel: string): Tally {
    let tally = this.byKernel.get(kernel);
    if (!tally) this.byKernel.set(kernel, (tally = emptyTally()));
    return tally;
  }

  #differences(kernel: string, program: string, report: OperationReport, first: boolean): void {
    const { i: op, op: line } = report.recorded;
    for (const difference of report.differences) this.#kind(report, difference).disagree++;
    const [difference] = report.differences;
    if (!first || !difference) return;
    const found = { kernel, program, op, line, ...difference };
    this.first.push(found);
    const kind = this.#kind(report, difference);
    kind.programs++;
    kind.example ??= found;
  }

  #kind({ recorded, status, reason }: OperationReport, { observable }: Difference): DifferenceKind {
    const operation = operationKind(recorded.operation);
    const name = status === 'run' ? observableKind(observable) : `${status}: ${reason}`;
    const key = `${operation}\n${name}`;
    let kind = this.#kinds.get(key);
    if (!kind) {
      kind = { operation, observable: name, programs: 0, disagree: 0, example: undefined };
      this.#kinds.set(key, kind);
    }
    return kind;
  }
}

function emptyTally(): Tally {
  return {
    ...{ programs: 0, ops: 0, observables: 0, agree: 0, disagree: 0 },
    ...{ unsupported: 0, failed: 0, identical: 0, dropped: 0 },
  };
}

function count(tally: Tally, { agree, disagree, status }: OperationReport): void {
  tally.ops++;
  tally.agree += agree;
  tally.disagree += disagree;
  tally.observables += agree + disagree;
  if (status === 'unsupported') tally.unsupported++;
  if (status === 'failed') tally.failed++;
}

function addTo(sum: Tally, part: Tally): void {
  for (const field of Object.keys(part) as (keyof Tally)[]) sum[field] += part[field];
}

function operationKind(operation: { readonly name: OperationName; readonly advice?: string }): string {
  return operation.advice === undefined ? operation.name : `${operation.name} ${operation.advice}`;
}

/** `S.0@3.17.page.flags` -> `S.page.flags`, `vals[2]` -> `vals`, `O.1.size` -> `O.size`. */
function observableKind(observable: string): string {
  return observable
    .replace(/^S\.\d+(@\d+\.\d+)?/, 'S')
    .replace(/^O\.\d+/, 'O')
    .replace(/\[\d+\]$/, '');
}
