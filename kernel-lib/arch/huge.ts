import type { Words } from '../base/bitfield.js';
import { type Arch } from './arch.js';
import { type MaskReader } from './mask.js';
import { type Change, compileOperation } from './operation.js';
import { type PfnCodec } from './pfn.js';
import { type Predicate, compileTest } from './predicate.js';

/** What mm code does to PMD entries that map a page themselves; for all else they are as PTEs. */
export interface HugeCodec {
  readonly pmdMkhuge: Change;
  /** The MMU no longer follows the entry; to the kernel it still maps its page. */
  readonly pmdMkinvalid: Change;
  readonly pmdTransHuge: Predicate;
  readonly pmdPresent: Predicate;
  /** What an entry that stands for a huge page on its way has beside a PTE's; undefined where there are none. */
  readonly migration: Words | undefined;
}

/** @returns undefined where transparent huge pages are not supported */
export function compileHuge(
  arch: Arch,
  masks: MaskReader,
  { ptePfn, pfnPte }: PfnCodec,
): HugeCodec | undefined {
  const { huge } = arch;
  if (huge === undefined) return undefined;
  const field = masks.words(`[${arch.pfn.at}]`);
  const mkinvalid = compileOperation(huge.mkinvalid, masks);
  return {
    pmdMkhuge: compileOperation(huge.mkhuge, masks),
    // By way of the frame number: an entry that the MMU must not follow may store it in another form.
    pmdMkinvalid(w, i) {
      const pfn = ptePfn(w, i);
      mkinvalid(w, i);
      pfnPte(w, i, pfn, { lo: w[i]! & ~field.lo, hi: w[i + 1]! & ~field.hi });
    },
    pmdTransHuge: compileTest(huge.transHuge, masks),
    pmdPresent: compileTest(huge.present, masks),
    migration: huge.migration === undefined ? undefined : masks.words(huge.migration),
  };
}
