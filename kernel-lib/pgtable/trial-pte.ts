import { type PteCodec, pteVal, setPteVal } from '../arch/codec.js';
import { type Pgprot } from '../arch/entry.js';
import { type Change } from '../arch/operation.js';
import { type Predicate, type PteWords } from '../arch/predicate.js';
import { InputError } from '../base/error.js';

/** The names of a codec's questions and operations. */
type Named<T> = { [K in keyof PteCodec]: PteCodec[K] extends T ? K : never }[keyof PteCodec];
export type Question = Extract<Named<Predicate>, `pte${string}`>;
export type Step = Extract<Named<Change>, `pte${string}`>;

/** What goes into a swap PTE. */
export interface SwapSample {
  readonly type: number;
  readonly offset: bigint;
}

/** What goes into a present PTE. */
export interface PresentSample {
  readonly pfn: number;
  readonly prot: Pgprot;
}

/** The operations on present entries under their names without `pte_`. */
const operations: Readonly<Record<string, Step>> = {
  mkwrite: 'pteMkwrite',
  wrprotect: 'pteWrprotect',
  mkdirty: 'pteMkdirty',
  mkclean: 'pteMkclean',
  mkyoung: 'pteMkyoung',
  mkold: 'pteMkold',
  mkspecial: 'pteMkspecial',
  mksoft_dirty: 'pteMksoftDirty',
  clear_soft_dirty: 'pteClearSoftDirty',
  mkuffd_wp: 'pteMkuffdWp',
  clear_uffd_wp: 'pteClearUffdWp',
};

/** One PTE to ask and to change, where clarity counts and speed does not. */
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

  /**
   * Does an operation by its name in text: `mkdirty`, `wrprotect`, `modify:PAGE_NONE`.
   *
   * @param pgprot what a protection's name means
   * @throws InputError naming the operations that there are
   */
  operation(op: string, pgprot: (name: string) => Pgprot = this.codec.pgprot): this {
    const [name, prot] = op.split(':') as [string, string?];
    const step = operations[name];
    if (name === 'modify' && prot !== undefined) return this.modify(pgprot(prot));
    if (step !== undefined && prot === undefined) return this.do(step);
    const known = [...Object.keys(operations), 'modify:PROTECTION'];
    throw new InputError(`no operation '${op}'; there are ${known.join(', ')}`);
  }

  get pfn(): number {
    return this.codec.ptePfn(this.w, 0);
  }
}
