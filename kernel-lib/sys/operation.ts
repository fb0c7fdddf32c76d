import type { Machine } from '../machine/machine.js';
import { type Step, run } from '../step/step.js';
import { checkInvariants } from '../walk/invariants.js';

/**
 * Runs one operation to its end. On a machine that checks, every numbered invariant must hold then.
 *
 * @throws VmBug naming the invariant that does not
 */
export function runOperation<T>(k: Machine, operation: Step<T>): T {
  const result = run(operation);
  if (k.checking) checkInvariants(k);
  return result;
}
