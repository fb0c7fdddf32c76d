import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type PteCodec, pteCodec } from '../../kernel-lib/arch/codec.js';
import { arches } from '../../kernel-lib/arch/variants.js';
import { parseSlices, widthOf } from '../../kernel-lib/base/bitfield.js';
import {
  type Finding,
  findingApplies,
  findings,
  presentFindings,
  swapFindings,
} from '../../kernel-lib/pgtable/findings.js';
import { presentChecks } from '../../kernel-lib/pgtable/sanity-present.js';
import { swapChecks } from '../../kernel-lib/pgtable/sanity-swap.js';
import { genericMaxSwapfileSize } from '../../kernel-lib/pgtable/swapops.js';
import { type PresentSample, type SwapSample } from '../../kernel-lib/pgtable/trial-pte.js';

const codecs = arches.flatMap((arch) => Object.keys(arch.states).map((state) => pteCodec(arch, state)));
const nameOf = (codec: PteCodec): string => `${codec.arch.id}, ${codec.stateName}`;

function expected(all: readonly Finding[], check: string, codec: PteCodec): Finding[] {
  return all.filter((f) => f.check === check && findingApplies(f, codec.arch.id, codec.stateName));
}

/** The same on every run. */
const runs = { numRuns: 40, seed: 216808 };

const anyType = fc.integer({ min: 0, max: 31 });

/** Every type with the offsets at the borders of what fits. */
function borderEntries(pages: bigint): SwapSample[] {
  const offsets = [0n, 1n, 15n, 16n, 1n << 19n, pages / 2n - 1n, pages / 2n, pages - 2n, pages - 1n];
  return [...Array(32).keys()].flatMap((type) =>
    offsets.filter((offset) => offset < pages).map((offset) => ({ type, offset })),
  );
}

/** The highest frame number that the architecture's memory can have. */
function lastFrame({ arch }: PteCodec): number {
  const width = widthOf(parseSlices(arch.pfn.at));
  return 2 ** Math.min(arch.physBits - arch.pageShift, width, 52) - 1;
}

function borderMappings(codec: PteCodec): PresentSample[] {
  const last = lastFrame(codec);
  return [1, 2, 0x12345 % last, last].flatMap((pfn) => codec.protectionMap.map((prot) => ({ pfn, prot })));
}

function anyMapping(codec: PteCodec): fc.Arbitrary<PresentSample> {
  const pfn = fc.integer({ min: 1, max: lastFrame(codec) });
  return fc.record({ pfn, prot: fc.constantFrom(...codec.protectionMap) });
}

describe.each(codecs.map((codec) => [nameOf(codec), codec] as const))('%s', (_, codec) => {
  const pages = genericMaxSwapfileSize(codec);

  test('every swap PTE keeps what mm relies on, but for the findings', () => {
    const anyEntry = fc.record({ type: anyType, offset: fc.bigInt(0n, pages - 1n) });
    for (const { name, holds } of swapChecks) {
      const known = expected(swapFindings, name, codec);
      const asFound = (sample: SwapSample): boolean => {
        const breaks = known.some(({ entries }) => entries?.(sample.type, sample.offset, pages) ?? true);
        return holds(codec, sample) !== breaks;
      };
      expect(
        borderEntries(pages).filter((sample) => !asFound(sample)),
        name,
      ).toEqual([]);
      fc.assert(fc.property(anyEntry, asFound), runs);
    }
  });

  test('every present PTE keeps what mm relies on, but for the findings', () => {
    for (const { name, holds } of presentChecks) {
      const known = expected(presentFindings, name, codec);
      if (known.some((finding) => finding.onlySomeFrames)) continue;
      const asFound = (sample: PresentSample): boolean => {
        const index = codec.protectionMap.indexOf(sample.prot);
        const breaks = known.some(({ prots }) => prots?.includes(index) ?? true);
        return holds(codec, sample) !== breaks;
      };
      expect(
        borderMappings(codec).filter((sample) => !asFound(sample)),
        name,
      ).toEqual([]);
      fc.assert(fc.property(anyMapping(codec), asFound), runs);
    }
  });
});

test('findings that only some frames show are shown by one', () => {
  for (const finding of findings.filter(({ onlySomeFrames }) => onlySomeFrames)) {
    const check = presentChecks.find(({ name }) => name === finding.check)!;
    const codec = codecs.find(({ arch, stateName }) => findingApplies(finding, arch.id, stateName))!;
    const failed = fc.check(
      fc.property(anyMapping(codec), (sample) => check.holds(codec, sample)),
      { ...runs, numRuns: 500 },
    );
    expect(failed.failed, finding.id).toBe(true);
  }
});

test('every finding names a check, and has a name of its own', () => {
  const checks = [...swapChecks, ...presentChecks].map(({ name }) => name);
  expect(findings.map(({ check }) => check).filter((check) => !checks.includes(check))).toEqual([]);
  expect(new Set(findings.map(({ id }) => id)).size).toBe(findings.length);
});

test('every finding speaks of states that its architectures have', () => {
  for (const { id, arches: where, states = [] } of findings) {
    if ('allBut' in where) continue;
    for (const name of where) {
      const arch = arches.find((one) => one.id === name);
      expect(arch, id).toBeDefined();
      expect(
        states.filter((state) => !(state in arch!.states)),
        id,
      ).toEqual([]);
    }
  }
});
