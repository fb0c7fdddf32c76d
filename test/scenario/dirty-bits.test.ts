import { describe, expect, test } from 'vitest';
import { arches } from '../../kernel-lib/arch/variants.js';
import { hpagePmdNr } from '../../kernel-lib/folio/compound.js';
import { type BootOptions, boot } from '../../kernel-lib/sys/boot.js';
import type { Process } from '../../kernel-lib/sys/process.js';
import { type RunOptions, runScenario } from '../../kernel-lib/scenario/run.js';

/** The six cases of the kernel's mkdirty test. */
const cases = ['K1', 'K2', 'K3', 'K4', 'K5', 'K6'];

/** Its protection_map makes private memory writable from the start. */
const WRITABLE_PRIVATE = 'm68k_coldfire';
const sound = arches.filter(({ id, kconfig }) => id !== WRITABLE_PRIVATE && kconfig.MIGRATION);
/** Before 0a9ad8273ff4 its migration entries may look empty. */
const losesEntries = (id: string, release: string) => id === 'nios2' && release === 'v6.1';

describe.each(cases)('%s of the mkdirty test', (name) => {
  test.each(['v6.1', '6.12'])(
    'gives on every architecture of %s what its operators let expect',
    (release) => {
      const wrong = sound
        .filter(({ id }) => !losesEntries(id, release))
        .map(({ id }) => runScenario(name, { release, arch: id }))
        .filter(({ verdict, expected }) => verdict !== expected);
      expect(wrong.map(({ arch, verdict, expected }) => `${arch}: ${verdict}, not ${expected}`)).toEqual([]);
    },
  );
});

const rc4 = ['624a2c94f5b7'];
const oldLoongarch = ['bf2f34a506e6', '54e6cd42a183'];

/** The kernels of v6.1-rc1 to rc4, v6.1, v6.2 and later ones, by what they have of the patches. */
const columns = (arch: string, without: readonly string[] = []): RunOptions[] => [
  { release: 'v6.1', arch, without: [...rc4, ...without] },
  { release: 'v6.1', arch, without },
  { release: 'v6.2', arch, without },
  { release: '6.5', arch },
];

const ok = 'the child reads 0x1';
const corrupt = 'the child reads 0x3';

test.each([
  ['D1', 'x86_64', [], [ok, ok, ok, ok]],
  ['D2', 'loongarch64_16k', oldLoongarch, [corrupt, ok, ok, ok]],
  ['D3', 'loongarch64_16k', [], [ok, ok, ok, ok]],
  ['D4', 'sparc64', [], [corrupt, ok, ok, ok]],
  ['D4', 'sparc64_sun4v', [], [corrupt, ok, ok, ok]],
])(
  '%s: on %s without %j a split huge page keeps its secrets in rc1 to rc4, v6.1, v6.2 and later: %j',
  (_, arch, without, verdicts) => {
    expect(columns(arch, without).map((kernel) => runScenario('dirty-thp-split', kernel).verdict)).toEqual(
      verdicts,
    );
  },
);

/** A parent and a child that share a huge page of which every page was written, on a kernel of v6.1-rc1 to rc4 or later. */
function sharing(options: BootOptions) {
  const linux = boot({ arch: 'sparc64', thp: 'always', ...options });
  const { pageSize } = linux.machine;
  const nr = hpagePmdNr(linux.machine);
  const parent = linux.spawn('parent');
  const start = parent.mmap(nr);
  const page = (n: number) => start + n * pageSize;
  for (let n = 0; n < nr; n++) parent.write(page(n), 0);
  return { parent, child: parent.fork('child'), page, nr };
}

const early: BootOptions = { release: 'v6.1', without: rc4 };

test.each([
  [early, 1023],
  [{ release: 'v6.1' }, 0],
  [{ release: 'v6.2' }, 0],
  [{ release: '6.5' }, 0],
])('sparc64 with %j: of 1024 stores by the parent the child sees %i', (options, seen) => {
  const { parent, child, page, nr } = sharing(options);
  expect(nr).toBe(1024);
  for (let n = 0; n < nr; n++) parent.write(page(n), 1);
  // The first store split the huge page, and was handled well.
  expect(child.read(page(0))).toBe(0);
  let sum = 0;
  for (let n = 0; n < nr; n++) sum += child.read(page(n));
  expect(sum).toBe(seen);
});

/** What splits a child's leaf, all but its second page left mapped. */
const splits: Readonly<Record<string, (child: Process, page: number) => void>> = {
  'a store': (child, page) => child.write(page, 2),
  mprotect: (child, page) => child.mprotect(page, 1, 'r'),
  munmap: (child, page) => child.munmap(page, 1),
  MADV_DONTNEED: (child, page) => child.madvise(page, 'MADV_DONTNEED'),
};

test.each(Object.entries(splits))(
  'a child whose huge page %s splits changes of its parent’s memory what it has read',
  (_, split) => {
    const read = (options: BootOptions) => {
      const { parent, child, page } = sharing(options);
      split(child, page(0));
      // Fork leaves a child's entries old: only one that was used lets a store through.
      child.read(page(1));
      child.write(page(1), 3);
      return parent.read(page(1));
    };
    expect([read(early), read({ release: 'v6.1' }), read({ release: '6.5' })]).toEqual([3, 0, 0]);
  },
);

test('pages that were small before fork are safe in every kernel: fork write-protects, and nobody makes dirty', () => {
  const { parent, child, page } = sharing({ ...early, thp: 'never' });
  parent.write(page(0), 2);
  parent.write(page(1), 3);
  expect([child.read(page(0)), child.read(page(1))]).toEqual([0, 0]);
});

test('D5: on sparc64 a store to read-only memory that was moved goes through, until 96a9c287e25d or fa2e71a6fcee', () => {
  const verdict = (options: RunOptions) =>
    runScenario('mkdirty-migration', { arch: 'sparc64', ...options }).verdict;
  expect(verdict({ release: 'v6.1' })).toMatch(/goes through/);
  expect(verdict({ release: 'v6.1', with: ['96a9c287e25d'] })).toMatch(/is refused/);
  expect(verdict({ release: '6.5' })).toMatch(/is refused/);
  expect(verdict({ release: '6.5', without: ['fa2e71a6fcee'] })).toMatch(/goes through/);
});

const walkers = arches.filter(({ cpus = {} }) => 'ptw' in cpus).map(({ id }) => id);

test.each(['dirty-clean-store', 'dirty-lazyfree-store', 'dirty-lazyfree-fork'])(
  '%s: what a walker in hardware notes is lost on LoongArch as long as history has it',
  (name) => {
    const runs = walkers.flatMap((arch) =>
      ['v6.1', '6.5', '7.2'].map((release) => runScenario(name, { release, arch, cpu: 'ptw' })),
    );
    expect(runs.length).toBeGreaterThanOrEqual(9);
    expect(runs.filter(({ verdict, expected }) => verdict !== expected).map(({ kernel }) => kernel)).toEqual(
      [],
    );
  },
);

test('6.5 throws away on LoongArch with a walker what a process wrote before it forked, 7.2 no longer', () => {
  const verdict = (options: RunOptions) =>
    runScenario('dirty-lazyfree-fork', { arch: 'loongarch64_4k', ...options }).verdict;
  expect(verdict({ release: '6.5', cpu: 'ptw' })).toBe('the process reads 0x0');
  expect(verdict({ release: '6.5' })).toBe('the process reads 0x2');
  expect(verdict({ release: '7.2', cpu: 'ptw' })).toBe('the process reads 0x2');
});

test('a CPU that an architecture has not is refused, and one that it has is named with the kernel', () => {
  expect(() => runScenario('D8', { arch: 'x86_64', cpu: 'ptw' })).toThrow("x86_64 has no CPU 'ptw'");
  expect(runScenario('D8', { arch: 'riscv64', cpu: 'no-svadu' }).kernel).toMatch(/riscv64 \(no-svadu\)$/);
});

test('D8 and D10: LoongArch’s exception handler and arm64’s DBM note a store without a fault; others take one', () => {
  const verdict = (arch: string) => runScenario('dirty-clean-store', { arch }).verdict;
  const noted = 'the store takes 0 faults (0 major), 0 reuses; the entry is dirty';
  for (const arch of ['loongarch64_16k', 'arm64_4k', 'x86_64', 'riscv64', 'mips64_4k']) {
    expect(verdict(arch), arch).toBe(noted);
  }
  for (const arch of ['sparc64', 's390', 'arm_lpae', 'alpha', 'ppc_book3s64_64k']) {
    expect(verdict(arch), arch).toBe(noted.replace('0 faults', '1 fault'));
  }
});
