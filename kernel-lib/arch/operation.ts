import { evaluated } from '../base/evaluated.js';
import { type Clause, type Operation } from './arch.js';
import { type MaskReader } from './mask.js';
import { type PteWords, testText } from './predicate.js';

/** Changes the PTE whose low word is `w[i]`, in place. */
export type Change = (w: PteWords, i: number) => void;

/** Compiles the statements of an operation to one function. */
export function compileOperation(operation: Operation | undefined, masks: MaskReader): Change {
  const statements = operationText(operation, masks);
  return evaluated(`(w, i) => { let lo = w[i], hi = w[i + 1]; ${statements} w[i] = lo; w[i + 1] = hi; }`);
}

/** An operation as JavaScript statements over the words `lo` and `hi`. */
export function operationText(operation: Operation | undefined, masks: MaskReader): string {
  const clauses = operation === undefined ? [] : 'length' in operation ? operation : [operation];
  return clauses.map((clause) => clauseText(clause, masks)).join(' ');
}

/** A clause as JavaScript statements over the words `lo` and `hi`. */
function clauseText({ when, clear = '0', set = '0' }: Clause, masks: MaskReader): string {
  const off = masks.words(clear);
  const on = masks.words(set);
  const change = `lo = (lo & ${~off.lo}) | ${on.lo}; hi = (hi & ${~off.hi}) | ${on.hi};`;
  return when === undefined ? change : `if (${testText(when, masks)}) { ${change} }`;
}
