import { expect, test } from 'vitest';
import { callSites, siteName } from '../../kernel-lib/matrix/call-sites.js';
import { type BadCell, dirtyMatrix } from '../../kernel-lib/matrix/dirty-matrix.js';
import { archById } from '../../kernel-lib/arch/variants.js';
import { InputError } from '../../kernel-lib/base/error.js';

/** The paths that are bad, and with which findings, whatever the kernel. */
function badPaths(cells: readonly BadCell[]): Record<string, string> {
  return Object.fromEntries(cells.map(({ site, findings }) => [site, findings.join(' ')]));
}

/** Where an entry of read-only memory is made dirty, whatever pte_mkdirty() does besides; the split is one more. */
const openOnce = {
  'fault/file:doSetPte': 'corrupts open unrefused',
  'fault/huge-wp:reuseHugePage': 'open',
  'fault/swapin:installSwapin': 'corrupts open unrefused',
  'fault/wp:replacePage': 'corrupts open unrefused',
  'fault/wp:wpPageReuse': 'corrupts open unrefused',
  'fork/copy-page-range:copyPresentPage': 'open unrefused',
  'gup/follow:touchPmd': 'open',
  'huge/map-anon-folio:mapAnonFolioPmd': 'open',
  'huge/migration-ptes:removeMigrationPte': 'corrupts open unrefused',
};
const split = 'huge/split-pmd:fillWithPages';
/** Where huge pages move whole. */
const moveOpens = { 'huge/migration-pmd:removeMigrationPmd': 'corrupts open' };

test('the courses lead over every path that stores an entry, and no kernel of x86-64 breaks an invariant on any', () => {
  // Where a load of an old entry faults, Hexagon for one, a copy from it makes it young first.
  const { unreached, sites, rows } = dirtyMatrix({ arches: ['x86_64', 'hexagon'] });
  expect(sites.length).toBeGreaterThan(60);
  expect(sites.map(siteName)).toContain(split);
  expect(unreached).toEqual([]);
  // Six orders of the split, three states of migration, and the newest release.
  expect(rows[0]!.kernels).toBe(6 * 3 + 1);
  expect(rows[0]!.bad).toEqual([]);
});

test('sparc64 before fa2e71a6fcee: splits, moved pages, fork and a tracer’s stores leave entries open; none after', () => {
  const { bad } = dirtyMatrix({ arches: ['sparc64'] }).rows[0]!;
  expect(badPaths(bad)).toEqual({ ...openOnce, [split]: 'corrupts open unrefused' });
  expect(new Set(bad.map(({ state }) => state.operators))).toEqual(new Set(['as they were']));
  const splits = bad.filter(({ site }) => site === split);
  expect(new Set(splits.map(({ state }) => state.split))).toEqual(
    new Set(['dirty last', 'dirty last again', 'writable if written']),
  );
  const moves = bad.filter(({ site }) => site === 'huge/migration-ptes:removeMigrationPte');
  expect(new Set(moves.map(({ state }) => state.migration))).toEqual(
    new Set(['as it was', 'since 3c811f7883c4']),
  );
});

test.each([
  ['v6.1', ['gup/follow:touchPmd', 'fault/wp:replacePage', 'huge/migration-ptes:removeMigrationPte']],
  ['v6.2', ['gup/follow:touchPmd', 'fault/wp:replacePage']],
  ['6.5', []],
])('on sparc64, %s has of these %j', (release, paths) => {
  const [row] = dirtyMatrix({ arches: ['sparc64'], release }).rows;
  const bad = row!.bad.map(({ site }) => site);
  expect(bad).toEqual(expect.arrayContaining(paths));
  expect(bad.length === 0).toBe(paths.length === 0);
  expect(bad).not.toContain(split);
});

test('LoongArch as it was until November 2022: in v6.1 a split leaves no entry open, and ten other paths do', () => {
  const { rows } = dirtyMatrix({ arches: ['loongarch64_16k_dirty_prefix'], release: 'v6.1' });
  expect(rows.map(({ cpu, bad }) => [cpu, badPaths(bad)])).toEqual([
    [undefined, { ...openOnce, ...moveOpens }],
    ['ptw', { ...openOnce, ...moveOpens }],
  ]);
});

test('a walker in LoongArch’s hardware notes stores in a bit that pte_wrprotect() forgets, until 018e9828eb52', () => {
  const lossy = (release: string) => {
    const { rows } = dirtyMatrix({ arches: ['loongarch64_4k'], release });
    return rows.map(({ cpu, bad }) => [cpu ?? 'none', [...new Set(bad.flatMap(({ findings }) => findings))]]);
  };
  expect(lossy('6.5')).toEqual([
    ['none', []],
    ['ptw', ['lossy']],
  ]);
  expect(lossy('7.2')).toEqual([
    ['none', []],
    ['ptw', []],
  ]);
});

test('a path is named by the file and the function that the sources call it', () => {
  for (const { file, name } of callSites) expect(`${file}:${name}`).toMatch(/^[a-z]+\/[\w-]+:\w+$/);
});

test('an unknown architecture or release is refused with those that there are', () => {
  expect(() => dirtyMatrix({ arches: ['pdp11'] })).toThrow(InputError);
  expect(() => dirtyMatrix({ arches: ['sparc64'], release: '5.0' })).toThrow(InputError);
});

test('pte_modify() of three families does not take the right to write from dirty entries, in every release', () => {
  const arches = ['csky_abiv2', 'sh_x2tlb', 'mips32_phys64_alchemy'];
  const { rows } = dirtyMatrix({ arches, release: '7.2' });
  expect(rows.map(({ bad }) => badPaths(bad))).toEqual([
    // Fork write-protects only what mm may write, so that a child shares what the MMU still lets its parent write.
    { 'mmap/change-protection:changePteRange': 'corrupts open unrefused' },
    { 'mmap/change-protection:changePteRange': 'unrefused' },
    { 'mmap/change-protection:changePteRange': 'unrefused' },
  ]);
});

/** Families whose own pte_modify() is wrong in every release, and a LoongArch that never gets its mends. */
const always = [
  'csky_abiv1',
  'csky_abiv2',
  'loongarch64_16k_dirty_prefix',
  'm68k_coldfire',
  'mips32_phys64_alchemy',
  'sh_x2tlb',
  'sh_x2tlb_off_32bit',
];

test.runIf(process.env.FAULTBOOK_SLOW)(
  'everywhere else only LoongArch and sparc64 are ever bad, each before its fix',
  () => {
    const bad = dirtyMatrix().rows.flatMap((row) => row.bad);
    const families = (cells: readonly BadCell[]) => [...new Set(cells.map(({ arch }) => arch))].sort();
    expect(families(bad.filter(({ state }) => state.release === '7.2'))).toEqual(always);
    const once = bad.filter(({ arch }) => !always.includes(arch));
    expect(families(once).filter((arch) => !/^(loongarch64|sparc64)/.test(arch))).toEqual([]);
    for (const arch of ['loongarch64_4k', 'loongarch64_16k', 'loongarch64_64k', 'sparc64']) {
      const early = once.filter((cell) => cell.arch === arch && cell.state.operators === 'as they were');
      const whole = archById(arch).huge!.migration === undefined ? {} : moveOpens;
      expect(badPaths(early)).toEqual({ ...openOnce, ...whole, [split]: 'corrupts open unrefused' });
    }
    const late = once.filter(({ state }) => state.operators !== 'as they were');
    expect(new Set(late.map(({ arch, cpu }) => `${arch.replace(/_\d+k$/, '')} ${cpu}`))).toEqual(
      new Set(['loongarch64 ptw']),
    );
    expect(new Set(late.map(({ state }) => state.operators))).toEqual(new Set(['since 01158487af60']));
    expect(new Set(late.flatMap(({ findings }) => findings))).toEqual(new Set(['lossy']));
  },
  900_000,
);
