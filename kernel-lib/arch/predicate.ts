import { type Test } from './arch.js';
import { type MaskReader } from './mask.js';

/** PTEs in memory: each two words, low then high; index `i` is that of the low word. */
export type PteWords = Int32Array;

/** A question about the PTE whose low word is `w[i]`. */
export type Predicate = (w: PteWords, i: number) => boolean;

/** Compiles a test to a closure over two words. */
export function compileTest(test: Test, masks: MaskReader): Predicate {
  if (typeof test === 'string') return anySet(test, masks);
  if ('none' in test) return maskedEqual(test.none, '0', masks);
  if ('all' in test) return maskedEqual(test.all, test.all, masks);
  if ('of' in test) return maskedEqual(test.of, test.is, masks);
  if ('not' in test) {
    const inner = compileTest(test.not, masks);
    return (w, i) => !inner(w, i);
  }
  if ('and' in test) return test.and.map((part) => compileTest(part, masks)).reduce(both);
  return test.or.map((part) => compileTest(part, masks)).reduce(either);
}

function both(a: Predicate, b: Predicate): Predicate {
  return (w, i) => a(w, i) && b(w, i);
}

function either(a: Predicate, b: Predicate): Predicate {
  return (w, i) => a(w, i) || b(w, i);
}

function anySet(mask: string, masks: MaskReader): Predicate {
  const { lo, hi } = masks.words(mask);
  return (w, i) => ((w[i]! & lo) | (w[i + 1]! & hi)) !== 0;
}

function maskedEqual(of: string, is: string, masks: MaskReader): Predicate {
  const { lo, hi } = masks.words(of);
  const want = masks.words(is);
  return (w, i) => (w[i]! & lo) === want.lo && (w[i + 1]! & hi) === want.hi;
}
