import { beforeAll, expect, test } from 'vitest';
import { recordings } from '../../kernel-lib/trace/node/recordings.js';
import type { RecordedMapping, RecordedOperation, RecordedPage } from '../../kernel-lib/trace/recording.js';
import { pagesOf } from '../../kernel-lib/trace/runs.js';
import {
  type MappedPage,
  MemSizeStats,
  __showSmap,
  accountSwapEntry,
  smapsAccount,
} from '../../kernel-lib/walk/mem-size-stats.js';

/** A recorded page as smaps sees it, but that dirty and young entries do not show in the recordings. */
function mapped(flags: string, mapcount: number): MappedPage {
  const has = (flag: string): boolean => flags.includes(flag);
  return { anon: has('a'), swapbacked: has('b'), ksm: has('k'), dirty: has('d'), young: false, mapcount };
}

/** What the recorded pages of a mapping add up to; undefined where the sum needs more than they show. */
function summed(
  { fl }: RecordedMapping,
  pages: readonly RecordedPage[],
  references: ReadonlyMap<string, number>,
): Record<string, number> | undefined {
  const mss = new MemSizeStats();
  for (const page of pages) {
    if (page.length === 4) {
      if (/[HT]/.test(page[2])) return undefined;
      if (page[1] !== 'Z') smapsAccount(mss, 4096, mapped(page[2], page[3]));
    } else if (page[1] === 'H') return undefined;
    else if (page[1]?.startsWith('s')) accountSwapEntry(mss, 4096, references.get(page[1])!);
  }
  return __showSmap(mss, fl.split(' ').includes('lo'));
}

function swapReferences({ S }: RecordedOperation): Map<string, number> {
  const references = new Map<string, number>();
  for (const mapping of Object.values(S).flat()) {
    for (const page of pagesOf(mapping)) {
      if (page.length === 2) references.set(page[1], (references.get(page[1]) ?? 0) + 1);
    }
  }
  return references;
}

interface Sums {
  readonly place: string;
  readonly recorded: (field: string) => number;
  readonly sum: Record<string, number>;
}

const sums: Sums[] = [];
beforeAll(async () => {
  const file = recordings
    .manifest()
    .map((entry) => entry.file)
    .filter((name) => !name.includes('-thp'));
  for await (const { from, program } of recordings.programs({ file })) {
    for (const operation of program.operations) {
      const references = swapReferences(operation);
      for (const mapping of Object.values(operation.S).flat()) {
        const sum = summed(mapping, pagesOf(mapping), references);
        const place = `${from.kernel} ${program.id}#${operation.i} ${mapping.r}.${mapping.i}`;
        if (sum) sums.push({ place, recorded: (field) => mapping.sm[field] ?? 0, sum });
      }
    }
  }
});

/** Places where real kernels contradict. */
function contradictions(agree: (sums: Sums) => boolean): string[] {
  return sums.filter((sums) => !agree(sums)).map(({ place }) => place);
}

test('there are hundreds of thousands of recorded mappings to judge by', () => {
  expect(sums.length).toBeGreaterThan(250_000);
});

test.each(['Rss', 'Pss', 'Anonymous', 'SwapPss', 'Locked'])(
  'real kernels add %s up in the same way',
  (field) => {
    expect(contradictions(({ recorded, sum }) => recorded(field) === sum[field])).toEqual([]);
  },
);

test.each(['Shared', 'Private'])(
  'real kernels find the same pages %s, and dirty where the page is',
  (kind) => {
    const clean = `${kind}_Clean`;
    const dirty = `${kind}_Dirty`;
    expect(
      contradictions(
        ({ recorded, sum }) =>
          recorded(clean) + recorded(dirty) === sum[clean]! + sum[dirty]! && recorded(dirty) >= sum[dirty]!,
      ),
    ).toEqual([]);
  },
);

test('real kernels count no more pages as lazily freed, and no less in swap, than the pages show', () => {
  expect(contradictions(({ recorded, sum }) => recorded('LazyFree') <= sum.LazyFree!)).toEqual([]);
  expect(contradictions(({ recorded, sum }) => recorded('Swap') >= sum.Swap!)).toEqual([]);
});
