import { expect, test } from 'vitest';
import { faultbook } from './faultbook.js';

const pte = (...args: string[]) => faultbook(['pte', ...args], '.');

test('pte verify counts the vectors that agree, and exits with 0', async () => {
  const { code, stdout } = await pte('verify', '--json', 'datasets/pte/vectors/alpha.json.gz');
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual({ vectors: 706, agree: 706, disagree: 0, unsupported: 0, first: [] });
});

test('pte verify names the file that holds no vectors', async () => {
  const { code, stderr } = await pte('verify', 'package.json');
  expect(code).toBe(2);
  expect(stderr).toBe("faultbook: package.json: no vectors: 'before.swap' is missing\n");
});

test('pte decode takes a pasted line and answers in words', async () => {
  const line = 'BUG: Bad page map in process cat  pte:8000000012345867 pmd:11223067';
  const { code, stdout } = await pte('decode', '--arch', 'x86_64', ...line.split(' '));
  expect(code).toBe(0);
  expect(stdout).toContain('present: writable, dirty, young, soft-dirty; frame 0x12345 (address 0x12345000)');
  expect(stdout).not.toContain('11223067');
});

test('pte decode prints one object for a value and an array for several', async () => {
  const one = await pte('decode', '--json', '--arch', 'x86_64', '0x17ffffffffdb9608');
  expect(JSON.parse(one.stdout)).toMatchObject({ kind: 'swap', type: 2, offset: '0x1234', exclusive: true });
  const two = await pte('decode', '--json', '0x67', 'pte:0');
  expect(JSON.parse(two.stdout)).toMatchObject({ value: '0x0' });
  const three = await pte('decode', '--json', '0x67', '80000001234567e7');
  expect(JSON.parse(three.stdout)).toHaveLength(2);
});

test('pte decode tells the two generations of a layout apart', async () => {
  const before = await pte('decode', '--json', '--arch', 'arm_2level', '--before', '0x91a08');
  const after = await pte('decode', '--json', '--arch', 'arm_2level', '--after', '0x91a08');
  expect(JSON.parse(before.stdout)).toMatchObject({ type: 2, offset: '0x1234', exclusive: false });
  expect(JSON.parse(after.stdout)).toMatchObject({ type: 2, offset: '0x91a', exclusive: false });
});

test('pte decode reads leaves of s390 above the lowest level by their own bits', async () => {
  const pmd = await pte('decode', '--json', '--arch', 's390', '--level', 'pmd', '0x12307503');
  expect(JSON.parse(pmd.stdout)).toMatchObject({
    kind: 'present',
    pfn: '0x12300',
    writable: true,
    dirty: true,
  });
  const entry = await pte('decode', '--json', '--arch', 's390', '0x12307503');
  expect(JSON.parse(entry.stdout)).toMatchObject({ kind: 'present', pfn: '0x12307', writable: false });
  const unknown = await pte('decode', '--arch', 's390', '--level', 'pgd', '0x1');
  expect(unknown.stderr).toBe("faultbook: no level 'pgd'; there are pte, pmd, pud\n");
  const anywhere = await pte('decode', '--level', 'pmd', '0x1');
  expect(anywhere.stderr).toBe('faultbook: --level needs --arch\n');
});

test('pte decode says what is allowed', async () => {
  const wrong = await pte('decode', 'beef_');
  expect(wrong).toMatchObject({ code: 2, stdout: '' });
  expect(wrong.stderr).toMatch(/'beef_' is no page-table entry; allowed are .*pte:80000001234567e7/);
  const wide = await pte('decode', '--arch', 'x86_32', '123456789');
  expect(wide.stderr).toBe('faultbook: 0x123456789 has more than the 32 bits of an entry of x86_32\n');
  const both = await pte('decode', '--before', '--after', '0');
  expect(both.stderr).toBe('faultbook: give one of --before, --after and --state\n');
});

test('pte encode makes entries of one architecture, or of all that can hold them', async () => {
  const one = await pte(
    'encode',
    '--json',
    '--arch',
    'x86_64',
    '--type',
    '2',
    '--offset',
    '0x1234',
    '--exclusive',
  );
  expect(JSON.parse(one.stdout)).toMatchObject({ value: '0x17ffffffffdb9608', exclusive: true });
  const all = await pte('encode', '--json', '--before', '--type', '2', '--offset', '0x1234', '--exclusive');
  const ids = (JSON.parse(all.stdout) as { arch: string }[]).map(({ arch }) => arch);
  expect(ids).toContain('s390');
  expect(ids).not.toContain('alpha');
});

test('pte encode says what it needs', async () => {
  const { code, stderr } = await pte('encode', '--arch', 'x86_64');
  expect(code).toBe(2);
  expect(stderr).toMatch(/give --type and --offset for a swap entry/);
});

test('pte arches lists every variant, before and after', async () => {
  const { stdout } = await pte('arches', '--json');
  const rows = JSON.parse(stdout) as { id: string; states: Record<string, { exclusive: number | null }> }[];
  expect(rows.length).toBeGreaterThanOrEqual(64);
  const x86 = rows.find(({ id }) => id === 'x86_32')!;
  expect(x86.states.before!.exclusive).toBeNull();
  expect(x86.states.after!.exclusive).toBe(7);
});

test.each([[['decode']], [['verify']], [['encode', 'x']], [['arches', 'x']]])(
  'pte %j, wrong by its words alone, is bad input',
  async (args) => {
    const { code, stdout, stderr } = await pte(...args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  },
);

test('pte encode refuses numbers that the entry cannot hold, and leaves them out where all are asked', async () => {
  const offset = await pte('encode', '--arch', 'x86_64', '--type', '1', '--offset', '0x4000000000000');
  expect(offset).toMatchObject({ code: 2, stdout: '' });
  expect(offset.stderr).toBe(
    'faultbook: x86_64 (after) cannot store swap offset 0x4000000000000: it is too large\n',
  );
  const frame = await pte('encode', '--arch', 'x86_32', '--pfn', '0x100000', '--prot', 'PAGE_SHARED');
  expect(frame.stderr).toBe('faultbook: x86_32 (after) cannot store frame 0x100000: it is too large\n');
  const all = await pte('encode', '--type', '1', '--offset', '0x1000000000');
  expect(all.stdout).toMatch(/^x86_64 /m);
  expect(all.stdout).not.toMatch(/^x86_32 /m);
});

test.each([
  [['--type', '1', '--offset', '5', '--ops', 'mkdirty'], 'a swap entry has no --ops'],
  [['--pfn', '1', '--prot', 'PAGE_SHARED', '--exclusive'], 'a present entry has no --exclusive'],
  [['--marker', 'uffd-wp', '--offset', '1'], 'a marker has no --offset'],
  [['--type', '1', '--offset', '1', '--pfn', '1'], 'give --offset or --pfn, not both'],
])('pte encode %j, which belong to two entries, is bad input', async (args, message) => {
  const { code, stdout, stderr } = await pte('encode', '--arch', 'x86_64', ...args);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain(message);
});
