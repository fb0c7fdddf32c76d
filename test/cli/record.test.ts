import { existsSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { installed } from '../../kernel-lib/bench/measure.js';
import { faultbook, startFaultbook } from './faultbook.js';

const folder = mkdtempSync(join(tmpdir(), 'faultbook-record-test-'));
const programs = join(folder, 'programs');
writeFileSync(
  programs,
  'prog id=mine swap=none\nmmap 0 0 2 w p anon\nwrite 0 0 0 17\nfork 0 1\nwrite 0 0 0 18\nend\n',
);
const pinning = join(folder, 'pinning');
writeFileSync(pinning, 'prog id=pins swap=none\nlpin 0 0 0 1 0\nend\n');
const kernel = join(folder, 'bzImage');
writeFileSync(kernel, 'no kernel');
const out = join(folder, 'out.jsonl.gz');

test.each([
  ['no programs', ['--kernel', kernel], /which programs\? --programs FILE or --program NAME is missing/],
  [
    'no kernel file',
    ['--kernel', '/none', '--programs', programs],
    /--kernel \/none: no such file; .*linux-image-\*/,
  ],
  ['no program file', ['--kernel', kernel, '--programs', '/none'], /--programs: ENOENT/],
  [
    'no such program',
    ['--kernel', kernel, '--program', 'none'],
    /--program none: amd64-6.1 has no such program/,
  ],
  [
    'an unknown operation',
    ['--kernel', kernel, '--programs', pinning],
    /pinning:1: the recorder does not know 'lpin' yet: program pins, "lpin 0 0 0 1 0"; known: mmap, /,
  ],
])('record refuses %s in one line and writes nothing', async (_what, args, message) => {
  const { code, stdout, stderr } = await faultbook(['record', ...args, '--out', out], '.');
  expect(code).toBe(2);
  expect(stdout).toBe('');
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(stderr).toMatch(message);
  expect(readdirSync(folder).sort()).toEqual(['bzImage', 'pinning', 'programs']);
});

test('record names the Debian packages of a compiler that is missing', async () => {
  const args = ['record', '--kernel', kernel, '--programs', programs, '--out', out];
  const { code, stderr } = await startFaultbook(args, '.', { PATH: folder }).outcome;
  expect(code).toBe(2);
  expect(stderr).toMatch(/no C compiler \(cc\) is installed.*packages gcc and libc6-dev/);
});

/** The newest kernel of this machine that can be read. */
const booted = existsSync('/boot')
  ? readdirSync('/boot')
      .filter((name) => name.startsWith('vmlinuz-'))
      .at(-1)
  : undefined;
const recorded = process.env.FAULTBOOK_KERNEL ?? (booted === undefined ? undefined : `/boot/${booted}`);
const why = !process.env.FAULTBOOK_SLOW
  ? 'FAULTBOOK_SLOW is not set'
  : !installed('qemu-system-x86_64')
    ? 'qemu-system-x86_64 is not installed'
    : recorded === undefined
      ? 'no kernel: neither FAULTBOOK_KERNEL nor /boot/vmlinuz-*'
      : undefined;

test(
  'a real kernel copies on a write after fork, in both boots, and conform reads it',
  { timeout: 300_000 },
  async (context) => {
    if (why !== undefined) context.skip(why);
    const args = ['record', '--kernel', recorded!, '--programs', programs, '--out', out, '--json'];
    const { code, stdout, stderr } = await faultbook(args, '.');
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ programs: 1, operations: 4, cut: 0, bad: 0, dropped: [] });
    const judged = await faultbook(['conform', out, '--release', '6.1.187', '--json'], '.');
    expect(JSON.parse(judged.stdout)).toMatchObject({ programs: 1, ops: 4, disagree: 0 });
  },
);
