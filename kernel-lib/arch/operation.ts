import { type Clause, type Operation } from './arch.js';
import { type MaskReader } from './mask.js';
import { type PteWords, compileTest } from './predicate.js';

/** Changes the PTE whose low word is `w[i]`, in place. */
export type Change = (w: PteWords, i: number) => void;

/** Compiles the statements of an operation to one closure. */
export function compileOperation(operation: Operation | undefined, masks: MaskReader): Change {
  const clauses = operation === undefined ? [] : 'length' in operation ? operation : [operation];
  const changes = clauses.map((clause) => compileClause(clause, masks));
  const [first, second] = changes;
  if (!first) return () => {};
  if (!second) return first;
  return (w, i) => {
    for (let n = 0; n < changes.length; n++) changes[n]!(w, i);
  };
}

function compileClause({ when, clear = '0', set = '0' }: Clause, masks: MaskReader): Change {
  const off = masks.words(clear);
  const on = masks.words(set);
  const change: Change = (w, i) => {
    w[i] = (w[i]! & ~off.lo) | on.lo;
    w[i + 1] = (w[i + 1]! & ~off.hi) | on.hi;
  };
  if (when === undefined) return change;
  const holds = compileTest(when, masks);
  return (w, i) => {
    if (holds(w, i)) change(w, i);
  };
}
