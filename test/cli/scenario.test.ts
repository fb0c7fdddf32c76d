import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { faultbook } from './faultbook.js';

const PASS = 'PASS: page was not replaced during COW';
const FAIL = 'FAIL: page was replaced during COW';

test('the vmsplice test fails on 32-bit x86 6.1 and passes on 6.5', async () => {
  for (const [release, verdict] of [
    ['6.1', FAIL],
    ['6.5', PASS],
  ] as const) {
    const { code, stdout } = await faultbook(
      ['scenario', 'swp-exclusive-vmsplice', '--arch', 'x86_32', '--release', release, '--json'],
      tmpdir(),
    );
    expect(JSON.parse(stdout)).toMatchObject({ name: 'swp-exclusive-vmsplice', verdict, expected: verdict });
    expect(code).toBe(0);
  }
});

test('several scenarios on several architectures give one line each', async () => {
  const { code, stdout } = await faultbook(['scenario', 'X01', 'S01', '--arch', 'x86_64,riscv64'], tmpdir());
  expect(stdout.trimEnd().split('\n')).toHaveLength(4);
  expect(stdout).toMatch(/^swp-exclusive-vmsplice on Linux 6\.1\.187, riscv64 +FAIL: page was replaced/m);
  expect(code).toBe(0);
});

test('a patch that is added in one word turns a verdict', async () => {
  const args = ['scenario', 'X01', '--arch', 'x86_32_pae', '--patch', '+93c0eac40d4e'];
  const { stdout } = await faultbook(args, tmpdir());
  expect(stdout).toMatch(/^swp-exclusive-vmsplice on Linux 6\.1\.187 \+93c0eac40d4e, x86_32_pae\n/);
  expect(stdout).toContain(PASS);
});

test('the split of a dirty huge page is a scenario in one order, and a race in all', async () => {
  const told = await faultbook(['scenario', 'dirty-thp-split', '--json'], '.');
  expect(told).toMatchObject({ code: 0, stderr: '' });
  const explored = await faultbook(['explore', 'dirty-thp-split', '--max-states', '9', '--json'], '.');
  expect(JSON.parse(explored.stdout)).toMatchObject({ name: 'dirty-thp-split', complete: false });
});

test.each([
  [['scenario', 'nonsense'], /no scenario 'nonsense'; there are swp-exclusive-vmsplice/],
  [
    ['scenario', 'ksm-nonsense'],
    /no scenario 'ksm-nonsense'; there are ksm-unmerge, ksm-pin, .* and \d+ others/,
  ],
  [['diff', 'S01', '--from-patch', '1'], /--from-patch: "1" is no change/],
  [['scenario', 'X01', '--arch', 'pdp11'], /no architecture 'pdp11'; there are alpha/],
  [['scenario', 'X01', '--patch', '93c0'], /--patch: "93c0" is no change; allowed: \+COMMIT/],
  [['scenario', 'X01', '--patch', '+123'], /no patch '123'; there are .*cdc5021cda19/],
  [['scenario', 'X01', '--release', 'v5'], /no release 'v5'; there are v6\.1/],
  [['scenario', 'S01', '--patch', '+84209e87c696'], /84209e87c696 needs 8d6a0ac09a16: without it/],
  [['diff', 'S01', '--to', 'v5'], /no release 'v5'/],
  [['diff', 'S01', '--from', 'v5'], /no release 'v5'/],
  [['scenario', '--release', '6.5'], /--release: of which scenario\?/],
  [['scenario', '--arch', 'x86_32'], /--arch: of which scenario\?/],
  [['diff', 'S01', '--from', 'v6.1'], /both kernels are v6\.1: name another one by --to/],
  [['scenario', 'pud-walk'], /'pud-walk' is a race; `faultbook explore pud-walk` follows/],
  [['diff', 'pud-walk', '--to', '6.12'], /'pud-walk' is a race; `faultbook explore pud-walk` follows/],
  [['explore', 'marker-fork'], /'marker-fork' is no race: .*`faultbook scenario marker-fork` runs it/],
])('%s is refused in one line with what is allowed', async (args, message) => {
  const { code, stdout, stderr } = await faultbook(args, tmpdir());
  expect(stderr).toMatch(message);
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  expect([code, stdout]).toEqual([2, '']);
});

test('diff names the commit that turns a verdict, and the functions in which the kernels part', async () => {
  const { stdout } = await faultbook(['diff', 'S01', '--from', 'v6.1', '--to', 'v6.2', '--json'], tmpdir());
  const found = JSON.parse(stdout) as Record<string, unknown>;
  expect(found).toMatchObject({ name: 'longterm-pin-zeropage', release: 'v6.2' });
  expect(found['flips']).toMatchObject([{ id: '84209e87c696', added: true, changes: 'verdict' }]);
  expect(found['divergence']).toMatchObject({
    op: 'lpin 0 0 0 1 0',
    before: { function: null },
    after: { function: 'ptep_get_and_clear', callers: expect.arrayContaining(['do_wp_page']) as unknown },
  });
});

test('diff of one kernel with itself finds nothing', async () => {
  const { code, stdout } = await faultbook(['diff', 'X01', '--from', '6.1', '--to', '6.1'], tmpdir());
  expect(stdout).toMatch(/Nothing differs\.$/m);
  expect(code).toBe(0);
});
