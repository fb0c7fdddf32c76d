import { expect, test } from 'vitest';
import { kernelSource, ownPatch, patchSource } from '../../kernel-lib/own/own-patch.js';
import type { FoundViolation } from '../../kernel-lib/scenario/explored.js';
import { explore, replay } from '../../kernel-lib/scenario/exploration.js';
import { runScenario } from '../../kernel-lib/scenario/run.js';
import { boot } from '../../kernel-lib/sys/boot.js';

const race = { bound: { pages: 1, stores: 1 }, release: 'v6.2' };

const flush = 'yield* tlbFlushMmuTlbonly(k, tlb);';
const rmaps = 'tlbFlushRmaps(k, tlb, zap.vma);';
/** The flush behind the map counts, as one statement moved by a line. */
const rmapFirst = [
  { file: 'zap/zap.ts', old: flush, new: '' },
  { file: 'zap/zap.ts', old: rmaps, new: `${rmaps} ${flush}` },
];

test('a zap whose flush is moved behind the map counts loses a store that v6.2 keeps', async () => {
  const own = await ownPatch({ edits: rmapFirst });
  expect(explore('delayed-rmap', race).verdict).toBe('absent');
  const broken = explore('delayed-rmap', { ...race, own });
  expect(broken.kernel).toBe('Linux v6.2 ~zap/zap.ts, x86_64');
  expect(broken.violations[0]?.invariant).toBe('no lost dirty data: page 0 lost a store');
  const again = replay('delayed-rmap', broken.violations[0]!.schedule, { ...race, own });
  expect(again.steps).toEqual(broken.violations[0]!.steps);
  const early = again.steps.find(({ changes }) => changes.includes('page A is mapped: once => never'));
  expect(early?.function).toMatch(/^page_remove_rmap in tlb_flush_rmap/);
  expect(early?.source).toMatchObject({
    file: 'zap/zap.ts',
    text: expect.stringContaining('tlbFlushRmaps(k'),
  });
});

test('the sources as they are, evaluated anew, are explored to the same numbers', async () => {
  const own = await patchSource('zap/zap.ts', flush, flush);
  for (const release of ['v6.1', 'v6.2']) {
    const [anew, usual] = [
      { ...race, release, own },
      { ...race, release },
    ].map((kernel) => {
      const { executions, states, violations } = explore('delayed-rmap', kernel);
      return { executions, states, violations: violations.map(withoutSources) };
    });
    expect(anew).toEqual(usual);
  }
});

/** Lines of sources are cited only where a patch of one's own changes them. */
function withoutSources({ steps, ...violation }: FoundViolation) {
  return { ...violation, steps: steps.map(({ source: _, ...step }) => step) };
}

test('a whole function in the place of the kernel’s, which it may call', async () => {
  const calls: string[] = [];
  const own = await ownPatch({
    replace: (kernel) => ({
      *tlbFlushRmaps(k, tlb, vma) {
        calls.push('mine');
        yield* kernel['tlbFlushRmaps']!(k, tlb, vma);
      },
    }),
  });
  expect(explore('delayed-rmap', { ...race, own }).verdict).toBe('absent');
  expect(calls.length).toBeGreaterThan(0);
  const none = await ownPatch({ replace: () => ({ tlbFlushMmuTlbonly: () => undefined }) });
  expect(explore('delayed-rmap', { ...race, own: none }).verdict).toBe('found');
});

test('two machines, one with a patch of one’s own, live side by side', async () => {
  const own = await patchSource(
    'zap/zap.ts',
    'return details.evenCows !== false || !PageAnon(k, page);',
    'return false;',
  );
  const seen = [boot(), boot({ own }), boot()].map((linux) => {
    const process = linux.spawn('a');
    const page = process.mmap(1);
    process.write(page, 0x41);
    process.madvise(page, 'MADV_DONTNEED');
    return process.read(page);
  });
  expect(seen).toEqual([0, 0x41, 0]);
});

test('scenarios are judged on a kernel with a patch of one’s own', async () => {
  const reusable = 'const reusable = PageAnonExclusive(k, vmf.page) ||';
  const own = await patchSource('fault/wp.ts', reusable, 'const reusable = false &&');
  const [before, after] = [{ release: '6.12' }, { release: '6.12', own }].map((kernel) =>
    runScenario('S01', kernel),
  );
  expect(before!.patches).toEqual([]);
  expect(before!.verdict).toBe(before!.expected);
  expect(after!.patches).toEqual(['~fault/wp.ts']);
  expect(after!.verdict).not.toBe(after!.expected);
});

test('a function of the model can be read before it is changed', async () => {
  expect(await kernelSource('shouldZapPage')).toMatch(
    /^\/\*\* .*@kernel mm\/memory\.c should_zap_page v6\.2 \*\/\nfunction shouldZapPage\([^]*\n\}$/,
  );
});

test.each([
  [
    'zap/zap.ts',
    'nothing like it',
    '',
    "zap/zap.ts holds 'nothing like it' 0 times; allowed: text that it holds once",
  ],
  ['zap/zap.ts', 'yield* ptlLock', 'yield* (', 'zap/zap.ts:'],
  [
    'zap/nap.ts',
    'yield*',
    '',
    "no source 'zap/nap.ts'; allowed: a path below kernel-lib/ such as zap/zap.ts",
  ],
])('an edit of %s from %j to %j is refused in one line', async (file, old, text, message) => {
  await expect(patchSource(file, old, text)).rejects.toThrow(message);
});

test('a replacement that does not fit is refused in one line', async () => {
  const refused = (name: string) => {
    const own = { *[name]() {} }[name]!;
    return expect(ownPatch({ replace: () => ({ [name]: own }) })).rejects;
  };
  await refused('zapEverything').toThrow("no function 'zapEverything' in the model");
  await refused('shouldZapPage').toThrow('replace it by a function without *');
});

test('a name that nobody declares is told as such, not as a broken promise', async () => {
  const own = await patchSource('zap/zap.ts', 'yield* ptlLock(k, table);', 'yield* ptlLock(k, tabel);');
  expect(() => explore('delayed-rmap', { ...race, own })).toThrow('tabel is not defined');
});
