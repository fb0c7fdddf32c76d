import { inlineKernelFunctions } from '../notebook/optimising.js';
import { type BenchPlan, type BenchRow, runOperations } from './run-operations.js';

// The process of own-process.ts: it is sent one plan, and sends its rows.
process.once('message', async (plan: BenchPlan) => {
  inlineKernelFunctions();
  for (const row of runOperations(plan)) await sent(row);
  process.disconnect();
});

/** A channel that is closed forgets what has not left. */
function sent(row: BenchRow): Promise<void> {
  return new Promise((resolve) => process.send!(row, undefined, undefined, () => resolve()));
}
