import { inlineKernelFunctions } from '../notebook/optimising.js';
import { type BenchPlan, runOperations } from './run-operations.js';

// The process of own-process.ts: it is sent one plan, and sends its rows.
process.once('message', (plan: BenchPlan) => {
  inlineKernelFunctions();
  for (const row of runOperations(plan)) process.send!(row);
  process.disconnect();
});
