import { InputError } from '../base/error.js';
import type { Task } from '../machine/task.js';
import { run } from '../step/step.js';
import { access } from '../sys/access.js';
import type { Linux } from '../sys/boot.js';
import type { Process } from '../sys/process.js';
import type { Mm } from '../vma/mm.js';
import { ACCESS_EXIT, ACCESS_FORK, ACCESS_READ, ACCESS_WRITE, type AccessTrace } from './access-trace.js';

/** Where a trace is replayed. */
export interface AccessTarget {
  readonly linux: Linux;
  /** Process 0 of the trace. */
  readonly process: Process;
  /** First byte of the mapping whose pages the trace numbers. */
  readonly base: number;
}

/** What came of a replay. */
export interface AccessOutcome {
  readonly operations: number;
  /** Accesses that a signal stopped. */
  readonly stopped: number;
  /** Faults, by the machine's counter. */
  readonly faults: number;
}

/**
 * Replays a trace. What is stored is the number of the operation, modulo 256, so that later loads can tell.
 *
 * @throws InputError for a process that the trace uses before its fork or after its exit, or starts twice
 */
export function replayAccesses(trace: AccessTrace, { linux, process, base }: AccessTarget): AccessOutcome {
  const k = linux.machine;
  const { words, length } = trace;
  const processes: (Process | undefined)[] = [process];
  const before = linux.vmstat['pgfault']!;
  let stopped = 0;
  let running: Running | undefined;
  for (let i = 0; i < length; i++) {
    const word = words[2 * i]!;
    const page = words[2 * i + 1]!;
    const kind = word & 0xff;
    if (running?.number !== word >>> 8) running = runningOf(processes, word >>> 8, i);
    const address = base + page * k.pageSize;
    if (kind === ACCESS_READ || kind === ACCESS_WRITE) {
      k.current = running.task;
      const result = run(access(k, running.mm, address, kind === ACCESS_WRITE ? i & 0xff : undefined));
      if (typeof result !== 'number') stopped++;
    } else if (kind === ACCESS_FORK) {
      if (processes[page] !== undefined) {
        throw new InputError(`access trace, operation ${i}: process ${page} is there already`);
      }
      processes[page] = running.process.fork(`process ${page}`);
    } else if (kind === ACCESS_EXIT) {
      running.process.exit();
      running = undefined;
    } else {
      running.process.madvise(address, 'MADV_DONTNEED');
    }
  }
  return { operations: length, stopped, faults: linux.vmstat['pgfault']! - before };
}

/** The process whose operations come one after another. */
interface Running {
  readonly number: number;
  readonly process: Process;
  readonly task: Task;
  readonly mm: Mm;
}

function runningOf(processes: readonly (Process | undefined)[], number: number, i: number): Running {
  const process = processes[number];
  if (process === undefined || !process.alive) {
    throw new InputError(`access trace, operation ${i}: there is no process ${number}`);
  }
  return { number, process, task: process.task, mm: process.mm };
}
