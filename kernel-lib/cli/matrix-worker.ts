import { parentPort } from 'node:worker_threads';
import { archById } from '../arch/variants.js';
import { machineRow } from '../matrix/dirty-matrix.js';
import type { RowOrder } from './matrix-workers.js';

/** A thread that fills rows of a matrix: an order comes in, its row goes out. */
parentPort!.on('message', ({ arch, cpu, release }: RowOrder) => {
  const kind = { arch: archById(arch), ...(cpu !== undefined && { cpu }) };
  parentPort!.postMessage(machineRow(kind, release));
});
