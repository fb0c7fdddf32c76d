import { InputError } from '../base/error.js';
import { run } from '../step/step.js';
import { access } from '../sys/access.js';
import type { Linux } from '../sys/boot.js';
import type { Process } from '../sys/process.js';
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
  for (let i = 0; i < length; i++) {
    const kind = words[2 * i]! & 0xff;
    const who = processes[words[2 * i]! >>> 8];
    const page = words[2 * i + 1]!;
    if (who === undefined || !who.alive) {
      throw new InputError(`access trace, operation ${i}: there is no process ${words[2 * i]! >>> 8}`);
    }
    const address = base + page * k.pageSize;
    if (kind === ACCESS_READ || kind === ACCESS_WRITE) {
      k.current = who.task;
      const result = run(access(k, who.mm, address, kind === ACCESS_WRITE ? i & 0xff : undefined));
      if (typeof result !== 'number') stopped++;
    } else if (kind === ACCESS_FORK) {
      if (processes[page] !== undefined) {
        throw new InputError(`access trace, operation ${i}: process ${page} is there already`);
      }
      processes[page] = who.fork(`process ${page}`);
    } else if (kind === ACCESS_EXIT) {
      who.exit();
    } else {
      who.madvise(address, 'MADV_DONTNEED');
    }
  }
  return { operations: length, stopped, faults: linux.vmstat['pgfault']! - before };
}
