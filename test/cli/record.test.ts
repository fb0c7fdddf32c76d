import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { installed } from '../../kernel-lib/bench/measure.js';
import { faultbook, startFaultbook, type Running } from './faultbook.js';

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
  ['no program file', ['--kernel', kernel, '--programs', '/none'], /--programs \/none: no such file/],
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

const fake = mkdtempSync(join(tmpdir(), 'faultbook-record-path-'));

/** Makes a command that only this test's PATH has. */
function command(name: string, script: string): void {
  writeFileSync(join(fake, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

const recording = (...more: string[]): string[] => ['record', '--kernel', kernel, '--out', out, ...more];
const onFakes = (...args: string[]): Running => startFaultbook(recording(...args), '.', { PATH: fake });

/** The tests below follow one upon the other: first nothing is installed, then a compiler, then QEMU. */
test('record names the Debian packages of a compiler and of a QEMU that are missing', async () => {
  const noCompiler = await onFakes('--programs', programs).outcome;
  expect(noCompiler.code).toBe(2);
  expect(noCompiler.stderr).toMatch(
    /^faultbook: no C compiler \(cc\) is installed.*packages gcc and libc6-dev\n$/,
  );
  command('cc', 'while [ "$1" != -o ]; do shift; done; echo init > "$2"');
  const noQemu = await onFakes('--programs', programs).outcome;
  expect(noQemu.code).toBe(2);
  expect(noQemu.stderr).toMatch(
    /^faultbook: qemu-system-x86_64 is not installed.*package qemu-system-x86\n$/,
  );
  expect(existsSync(out)).toBe(false);
});

test('what a guest answers in both boots becomes a recording of its kernel', async () => {
  const short = join(folder, 'short');
  writeFileSync(short, 'prog id=short swap=none\nmmap 0 0 1 w p anon\nend\n');
  const mapping =
    '{"start":"20000000","end":"20001000","pr":"rw-p","off":"0","sm":{},"fl":"rd wr mr mw me ac sd","pg":[[1,"80000000000000"]]}';
  const answers = [
    '{"release":"6.1.0-mine","machine":"x86_64"}\n{"prog":"short"}',
    `{"i":0,"ret":0,"err":0,"min":0,"maj":0,"vm":{},"S":{"0":[${mapping}]}}`,
    '{"endprog":"short","bad":0}\n{"done":true}',
  ];
  writeFileSync(join(fake, 'answers'), `${answers.join('\n')}\n`);
  command('qemu-system-x86_64', `exec /bin/cat ${fake}/answers`);
  const { code, stdout, stderr } = await onFakes('--programs', short, '--json').outcome;
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    release: '6.1.0-mine',
    programs: 1,
    operations: 1,
    masked: 0,
    cut: 0,
  });
  const judged = await faultbook(['conform', out, '--release', '6.1.187', '--json'], '.');
  expect(JSON.parse(judged.stdout)).toMatchObject({ programs: 1, ops: 1, disagree: 0 });
});

test('a guest that never comes up is named with the last line of its console', async () => {
  command('qemu-system-x86_64', 'exit 0');
  const { code, stderr } = await onFakes('--programs', programs).outcome;
  expect(code).toBe(2);
  expect(stderr).toMatch(
    /bzImage: the guest ended outside its programs; the last line on its console: none\n$/,
  );
});

test('Ctrl-C ends QEMU, and nothing is written', async () => {
  const before = readFileSync(out);
  command(
    'qemu-system-x86_64',
    `echo $$ > ${fake}/pid; echo '{"release":"r","machine":"x86_64"}'; exec /bin/sleep 600`,
  );
  const { child, outcome } = onFakes('--programs', programs);
  await vi.waitUntil(() => existsSync(join(fake, 'pid')), { timeout: 20_000 });
  child.kill('SIGINT');
  const { code, stderr } = await outcome;
  expect(code).toBe(130);
  expect(stderr).toBe('faultbook: stopped by SIGINT: nothing was written\n');
  const pid = Number(readFileSync(join(fake, 'pid'), 'utf8'));
  expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
  expect(readFileSync(out)).toEqual(before);
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
