import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { MachineRow } from '../matrix/dirty-matrix.js';
import type { MachineKind } from '../matrix/run-course.js';

const ENTRY = new URL('matrix-worker.js', import.meta.url);

/** What a worker is asked for: one row. */
export interface RowOrder {
  readonly arch: string;
  readonly cpu: string | undefined;
  /** Absent: all kernels. */
  readonly release: string | undefined;
}

/** Threads that fill the rows of a matrix: as many as the machine runs at a time. */
export class MatrixWorkers {
  readonly #release: string | undefined;
  readonly #workers = new Set<Worker>();

  constructor(release: string | undefined) {
    this.#release = release;
  }

  /**
   * The rows of `kinds`, in their order; those that were done, once stopped.
   *
   * @param onRow called after each row, in the order in which they are done
   */
  async rows(kinds: readonly MachineKind[], onRow: (row: MachineRow) => void): Promise<MachineRow[]> {
    const rows: (MachineRow | undefined)[] = kinds.map(() => undefined);
    const waiting = kinds.entries();
    const threads = Math.min(availableParallelism(), kinds.length);
    try {
      await Promise.all(Array.from({ length: threads }, () => this.#fill(rows, waiting, onRow)));
    } finally {
      this.stop();
    }
    return rows.filter((row) => row !== undefined);
  }

  /** Ends all threads: rows that are not done stay away. */
  stop(): void {
    for (const worker of this.#workers) void worker.terminate();
  }

  /** One thread takes row after row, until there are none or it is ended. */
  #fill(
    rows: (MachineRow | undefined)[],
    waiting: Iterator<[number, MachineKind]>,
    onRow: (row: MachineRow) => void,
  ): Promise<void> {
    const worker = new Worker(ENTRY);
    this.#workers.add(worker);
    let at: number;
    const orderNext = () => {
      const next = waiting.next();
      if (next.done) return void worker.terminate();
      const [place, { arch, cpu }] = next.value;
      at = place;
      worker.postMessage({ arch: arch.id, cpu, release: this.#release } satisfies RowOrder);
    };
    worker.on('message', (row: MachineRow) => {
      rows[at] = row;
      onRow(row);
      orderNext();
    });
    orderNext();
    return new Promise((done, fail) => worker.on('error', fail).on('exit', () => done()));
  }
}
