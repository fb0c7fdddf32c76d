import { expect, test } from 'vitest';
import type { Arch } from '../../kernel-lib/arch/arch.js';
import { type PteCodec, pteCodec } from '../../kernel-lib/arch/codec.js';
import { operationsOf, predicatesOf } from '../../kernel-lib/arch/values.js';
import { arches } from '../../kernel-lib/arch/variants.js';

type Names<T> = readonly (keyof T)[];
const { predicates, operations } = arches[0]!;
const tests = Object.keys(predicatesOf(predicates, () => 0)) as Names<ReturnType<typeof predicatesOf>>;
const changes = Object.keys(operationsOf(operations, () => 0)) as Names<ReturnType<typeof operationsOf>>;

/** Entries of all kinds: the same on every run. */
function* entries(codec: PteCodec, pfns: readonly number[]) {
  let random = 1;
  const next = () => (random = (Math.imul(random, 1664525) + 1013904223) | 0);
  for (let i = 0; i < 16; i++) {
    const w = new Int32Array(2);
    codec.pfnPte(w, 0, pfns[i % pfns.length]!, codec.protectionMap[i % 16]!);
    yield i % 2 === 0 ? w : Int32Array.of(next(), codec.arch.pteBits === 32 ? 0 : next());
  }
}

const wordsOf = ({ lo, hi }: { readonly lo: number; readonly hi: number }) => [lo, hi];

function compare(codec: PteCodec, pfns: readonly number[]): void {
  const { values } = codec;
  for (const w of entries(codec, pfns)) {
    const pte = { lo: w[0]!, hi: w[1]! };
    for (const name of tests) expect(values[name](pte), name).toBe(codec[name](w, 0));
    expect(values.ptePfn(pte)).toBe(codec.ptePfn(w, 0));
    for (const name of changes) {
      const changed = w.slice();
      codec[name](changed, 0);
      expect(wordsOf(values[name](pte)), name).toEqual([...changed]);
    }
    for (const prot of codec.protectionMap) {
      const changed = w.slice();
      codec.pteModify(changed, 0, prot);
      expect(wordsOf(values.pteModify(pte, prot))).toEqual([...changed]);
      for (const pfn of pfns) {
        codec.pfnPte(changed, 0, pfn, prot);
        expect(wordsOf(values.pfnPte(pfn, prot))).toEqual([...changed]);
      }
    }
  }
}

/** Of every width that an entry has room for, though not every machine has such memory. */
function pfnsOf({ pteBits }: Arch): number[] {
  return pteBits === 32 ? [0, 1, 0x1234] : [0, 1, 0x1234, 0xf_ffff, 0x80_0000];
}

test.each(arches.map((arch) => [arch.id, arch] as const))(
  'on %s operations on values give what those on words leave',
  (_id, arch) => {
    for (const state of Object.keys(arch.states)) compare(pteCodec(arch, state), pfnsOf(arch));
  },
);
