import { evaluated } from '../base/evaluated.js';
import { type Test } from './arch.js';
import { type MaskReader } from './mask.js';

/** PTEs in memory: each two words, low then high; index `i` is that of the low word. */
export type PteWords = Int32Array;

/** A question about the PTE whose low word is `w[i]`. */
export type Predicate = (w: PteWords, i: number) => boolean;

/** Compiles a test to a function over two words. */
export function compileTest(test: Test, masks: MaskReader): Predicate {
  return evaluated(`(w, i) => { const lo = w[i], hi = w[i + 1]; return ${testText(test, masks)}; }`);
}

/** A test as a JavaScript expression over the words `lo` and `hi`. */
export function testText(test: Test, masks: MaskReader): string {
  if (typeof test === 'string') return anySet(test, masks);
  if ('none' in test) return maskedEqual(test.none, '0', masks);
  if ('all' in test) return maskedEqual(test.all, test.all, masks);
  if ('of' in test) return maskedEqual(test.of, test.is, masks);
  if ('not' in test) return `!(${testText(test.not, masks)})`;
  const [parts, operator] = 'and' in test ? [test.and, ' && '] : [test.or, ' || '];
  return `(${parts.map((part) => testText(part, masks)).join(operator)})`;
}

function anySet(mask: string, masks: MaskReader): string {
  const { lo, hi } = masks.words(mask);
  return `((lo & ${lo}) | (hi & ${hi})) !== 0`;
}

function maskedEqual(of: string, is: string, masks: MaskReader): string {
  const { lo, hi } = masks.words(of);
  const want = masks.words(is);
  return `((lo & ${lo}) === ${want.lo} && (hi & ${hi}) === ${want.hi})`;
}
