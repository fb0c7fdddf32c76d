import { type Words, parseSlices } from '../base/bitfield.js';
import { highOf, highWord, lowOf, numberOf, placement } from '../base/scatter.js';
import { type Arch } from './arch.js';
import { type MaskReader } from './mask.js';
import { compileOperation } from './operation.js';
import { type PteWords, compileTest } from './predicate.js';

/** How frame numbers go into present PTEs. */
export interface PfnCodec {
  /** The frame number of a present PTE, exact up to 2^53. */
  readonly ptePfn: (w: PteWords, i: number) => number;
  /** Makes `w[i]` map frame `pfn` with `prot`. */
  readonly pfnPte: (w: PteWords, i: number, pfn: number, prot: Words) => void;
  /** Makes a present `w[i]` map the frame `nr` behind. */
  readonly pteAdvancePfn: (w: PteWords, i: number, nr: number) => void;
}

export function compilePfn(arch: Pick<Arch, 'pfn' | 'pteBits' | 'longBits'>, masks: MaskReader): PfnCodec {
  const { at, unmasked, fixed = '0', invertedWhen, noneWhen, last } = arch.pfn;
  const reads = placement(parseSlices(at));
  const writes = placement(parseSlices(unmasked ? at.replace(/^\d+/, String(arch.pteBits - 1)) : at));
  const ones = masks.words(fixed);
  const field = masks.words(`[${at}]`);
  const inverted = invertedWhen === undefined ? undefined : compileTest(invertedWhen, masks);
  const none = noneWhen === undefined ? undefined : compileTest(noneWhen, masks);
  const finish = compileOperation(last, masks);
  function ptePfn(w: PteWords, i: number): number {
    if (none?.(w, i)) return 2 ** arch.longBits - 1;
    const flip = inverted?.(w, i) ? -1 : 0;
    const low = reads.gather(w[i]! ^ flip, w[i + 1]! ^ flip);
    return numberOf(low, highWord);
  }
  return {
    ptePfn,
    pteAdvancePfn(w, i, nr) {
      const flips = inverted?.(w, i) ?? false;
      const pfn = ptePfn(w, i) + nr;
      const low = writes.scatter(lowOf(pfn), highOf(pfn));
      w[i] = (w[i]! & ~field.lo) | (flips ? low ^ field.lo : low);
      w[i + 1] = (w[i + 1]! & ~field.hi) | (flips ? highWord ^ field.hi : highWord);
    },
    pfnPte(w, i, pfn, prot) {
      w[i] = prot.lo | ones.lo;
      w[i + 1] = prot.hi | ones.hi;
      const flips = inverted?.(w, i) ?? false;
      const low = writes.scatter(lowOf(pfn), highOf(pfn));
      w[i] = w[i]! | (flips ? low ^ field.lo : low);
      w[i + 1] = w[i + 1]! | (flips ? highWord ^ field.hi : highWord);
      finish(w, i);
    },
  };
}
