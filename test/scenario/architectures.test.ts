import { expect, test } from 'vitest';
import { arches } from '../../kernel-lib/arch/variants.js';
import { ENOSYS } from '../../kernel-lib/base/errno.js';
import { runScenario } from '../../kernel-lib/scenario/run.js';
import { scenarioByName, scenarios } from '../../kernel-lib/scenario/scenarios.js';

/** The marker's own test, a slot on a synchronous device, and an entry that is no slot: what encodings differ in. */
const telling = ['X01', 'X04', 'X17'].map(scenarioByName);
const all = process.env.FAULTBOOK_SLOW !== undefined;
const releases = all ? ['v6.1', 'v6.2', 'v6.3', '6.12'] : ['v6.1', 'v6.3'];
const cases = arches.flatMap(({ id }) => releases.map((release) => ({ arch: id, release })));

/** The whole catalogue fills and reads many huge pages, and those of some architectures are of 512 MiB. */
const timeout = all ? 600_000 : undefined;

test.each(cases)(
  'scenarios on $arch, $release have the verdicts that history gives them',
  (kernel) => {
    const differ = (all ? scenarios : telling)
      .map((scenario) => runScenario(scenario, kernel))
      .filter(({ verdict, expected }) => verdict !== expected);
    expect(differ.map(({ name, verdict, expected }) => ({ name, verdict, expected }))).toEqual([]);
  },
  timeout,
);

test('copy-on-write does not hold on ColdFire, and the run says why', () => {
  const { verdict, expected, why } = runScenario('cow-fork-mprotect', {
    arch: 'm68k_coldfire',
    release: 'v6.3',
  });
  expect(verdict).toBe('FAIL: the write leaked');
  expect(expected).toBe(verdict);
  expect(why).toContain('arch/m68k/mm/mcfmmu.c');
});

test('a page of the first slots is lost on nios2 as long as swap entries have no marker that shows them', () => {
  const { verdict, expected, why } = runScenario('X04', { arch: 'nios2', release: 'v6.1' });
  expect(verdict).toBe('FAIL: page was replaced during COW');
  expect(expected).toBe(verdict);
  expect(why).toContain('pte_none() of nios2');
});

test.each([
  { arch: 'loongarch64_4k', mend: 'bf2f34a506e6' },
  { arch: 'sparc64', mend: 'fa2e71a6fcee' },
])(
  'without $mend a huge page that fork shares on $arch is not copied on write, and the run says why',
  (of) => {
    const { verdict, expected, why } = runScenario('cow-thp-whole-fork', {
      arch: of.arch,
      release: '6.12',
      without: [of.mend],
    });
    expect(verdict).toBe('FAIL: the write leaked');
    expect(expected).toBe(verdict);
    expect(why).toContain('pte_mkdirty()');
  },
);

test('a kernel without CONFIG_MIGRATION moves no page', () => {
  const { steps } = runScenario('X17', { arch: 'm68k_sun3', release: 'v6.1' });
  expect(steps.find(({ op }) => op.endsWith('SOFT_OFFLINE'))?.err).toBe(ENOSYS);
});
