import { type Pgprot, type PteCodec, pteVal, setPteVal } from '../arch/codec.js';
import { type Change } from '../arch/operation.js';
import { type Predicate, type PteWords } from '../arch/predicate.js';

/** The names of a codec's questions and operations. */
type Named<T> = { [K in keyof PteCodec]: PteCodec[K] extends T ? K : never }[keyof PteCodec];
export type Question = Extract<Named<Predicate>, `pte${string}`>;
export type Step = Extract<Named<Change>, `pte${string}`>;

/** Frame numbers and swap entries are asked in this form: any size, no allocation worth saving. */
export interface SwapSample {
  readonly type: number;
  readonly offset: bigint;
}
export interface PresentSample {
  readonly pfn: number;
  readonly prot: Pgprot;
}

/** Something that mm relies on, asked of one PTE. */
export interface SanityCheck<Sample> {
  readonly name: string;
  /** What ought to hold, as one clause. */
  readonly promises: string;
  readonly holds: (codec: PteCodec, sample: Sample) => boolean;
}

/** A PTE to ask and to change, for checks and tests; `value` is its bits. */
export class TrialPte {
  readonly codec: PteCodec;
  readonly w: PteWords = new Int32Array(4);

  constructor(codec: PteCodec) {
    this.codec = codec;
  }

  static present(codec: PteCodec, { pfn, prot }: PresentSample): TrialPte {
    const pte = new TrialPte(codec);
    codec.pfnPte(pte.w, 0, pfn, prot);
    return pte;
  }

  static swap(codec: PteCodec, { type, offset }: SwapSample): TrialPte {
    const pte = new TrialPte(codec);
    setPteVal(pte.w, 2, offset);
    codec.swpEntryToPteWords(pte.w, 0, type, pte.w[2]!, pte.w[3]!);
    return pte;
  }

  get value(): bigint {
    return pteVal(this.w, 0);
  }

  is(question: Question): boolean {
    return this.codec[question](this.w, 0);
  }

  /** Does these operations, left to right. */
  do(...steps: readonly Step[]): this {
    for (const step of steps) this.codec[step](this.w, 0);
    return this;
  }

  modify(prot: Pgprot): this {
    this.codec.pteModify(this.w, 0, prot);
    return this;
  }

  get pfn(): number {
    return this.codec.ptePfn(this.w, 0);
  }
}
