import type { RecordedKernel } from './kernel.js';
import type { OperationName } from './operation.js';
import type { RecordedProgram } from './recording.js';

/** The faults that one operation of a recorded program was charged with. */
export interface FaultRow extends RecordedKernel {
  readonly program: string;
  /** The mix that the program was drawn from, or `hand-written`. */
  readonly profile: string;
  /** Index of the operation in its program. */
  readonly index: number;
  readonly operation: OperationName;
  /** The operation's line. */
  readonly line: string;
  /** Its result, -1 when it failed. */
  readonly ret: number;
  /** Minor faults: answered without reading a device. */
  readonly min: number;
  /** Major faults. */
  readonly maj: number;
}

/** One row per operation that has fault counts: none for fork, exit and what no process of the program does. */
export function faultRows(from: RecordedKernel, program: RecordedProgram): FaultRow[] {
  const { kernel, release, arch } = from;
  const rows: FaultRow[] = [];
  for (const { i, op, operation, ret, min, maj } of program.operations) {
    if (min === undefined || maj === undefined) continue;
    rows.push({
      ...{ kernel, release, arch, program: program.id, profile: program.header.profile },
      ...{ index: i, operation: operation.name, line: op, ret, min, maj },
    });
  }
  return rows;
}
