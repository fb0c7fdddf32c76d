import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { InputError } from '../../kernel-lib/base/error.js';
import { conform } from '../../kernel-lib/cli/conform.js';
import type { FirstDifference, Tally } from '../../kernel-lib/trace/conformance.js';

const extra = 'datasets/recordings/amd64-6.1-extra.jsonl.gz';

interface Report extends Tally {
  readonly byKernel: Record<string, Tally>;
  readonly first: FirstDifference[];
}

async function run(...words: string[]): Promise<string> {
  const written: string[] = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0);
  await conform()
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .parseAsync(words, { from: 'user' });
  vi.restoreAllMocks();
  return written.join('');
}

const json = async (...words: string[]): Promise<Report> =>
  JSON.parse(await run('--json', ...words)) as Report;

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'faultbook-'))));
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

test('the report adds up, per kernel and in all, and the exit code follows it', async () => {
  const report = await json(extra, 'datasets/recordings/i386-nopae-6.1.jsonl.gz', '--only', 'hand-written');
  const { programs, ops, observables, agree, disagree, unsupported, byKernel, first } = report;
  expect(Object.keys(byKernel)).toEqual(['amd64-6.1', 'i386-nopae-6.1']);
  const sums = Object.values(byKernel);
  expect(sums.reduce((sum, tally) => sum + tally.observables, 0)).toBe(observables);
  expect(agree + disagree).toBe(observables);
  expect(ops).toBeGreaterThan(programs);
  expect(unsupported).toBeLessThanOrEqual(ops);
  expect(first.length).toBe(programs - report.identical);
  expect(process.exitCode).toBe(disagree > 0 ? 1 : 0);
});

test('a kernel without a patch disagrees with recordings that show it', async () => {
  const pins = ['datasets/recordings/amd64-6.12-extra.jsonl.gz', '--program', 'x-upoison-more'];
  expect((await json(...pins)).disagree).toBe(0);
  const { first } = await json(...pins, '--patch=-7e3ce3f8d2d2');
  expect(first).toMatchObject([{ program: 'x-upoison-more', observable: 'S.0@0.0.page.bits' }]);
  await expect(json(...pins, '--patch=7e3ce3f8d2d2')).rejects.toThrow('+COMMIT to add and -COMMIT to take');
});

test('programs are chosen by profile, by the use of userfaultfd, and by id', async () => {
  const all = await json(extra);
  const uffd = await json(extra, '--only', 'uffd');
  const others = await json(extra, '--skip', 'uffd,thp');
  expect(all.programs).toBe(9);
  expect(uffd.programs).toBeGreaterThan(0);
  expect(uffd.programs + others.programs).toBe(all.programs);
  expect((await json(extra, '--program', 'x-umove-basic,x-thp-split')).programs).toBe(2);
  expect((await json(extra, '--skip', 'hand-written')).programs).toBe(0);
});

test('a folder stands for the recordings in it', async () => {
  await expect(run(folder)).rejects.toThrow(/no recording \(\*.jsonl or \*.jsonl.gz\) lies in this folder/);
  const line = { oracle: 1, kernel: 'amd64-6.1', release: '6.1.0-53-amd64', bits: 64, dm: 1 };
  await writeFile(join(folder, 'none.jsonl'), `${JSON.stringify(line)}\n`);
  expect((await json(folder)).programs).toBe(0);
  expect(await run(folder)).toBe('No program is left to replay.\n');
});

test('--verbose shows every operation of a program', async () => {
  const text = await run(extra, '--program', 'x-umove-basic', '--verbose', '--limit', '2');
  expect(text).toContain('x-umove-basic of amd64-6.1 on 6.1.187 x86_64, swap=');
  expect(text).toMatch(/^ {3}0 {2}mmap 0 0 \d+ w p anon +(agrees|\d+ of \d+ differ)$/m);
});

test.each([
  [['none.jsonl.gz'], /none.jsonl.gz: no such file/],
  [
    [extra, '--only', 'nonsense'],
    /no program is left of these files; --only and --skip take hand-written, uffd/,
  ],
  [[extra, '--program', 'nothing'], /no program is left/],
])('%j is bad input', async (words, message) => {
  await expect(run(...words)).rejects.toThrow(InputError);
  await expect(run(...words)).rejects.toThrow(message);
});
