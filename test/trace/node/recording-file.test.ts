import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { InputError } from '../../../kernel-lib/base/error.js';
import { openRecordingFile } from '../../../kernel-lib/trace/node/recording-file.js';

const whole = readFileSync('datasets/recordings/amd64-6.1-extra.jsonl.gz');
let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'faultbook-'))));
afterAll(() => rm(folder, { recursive: true }));

async function ids(path: string): Promise<string[]> {
  const found: string[] = [];
  for await (const program of (await openRecordingFile(path)).programs) found.push(program.id);
  return found;
}

function file(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

test('a recording is read alike from gzip and from plain text', async () => {
  const packed = await ids(file('a.jsonl.gz', whole));
  expect(packed).toHaveLength(9);
  expect(await ids(file('a.jsonl', gunzipSync(whole)))).toEqual(packed);
});

test('a reader may leave before the end', async () => {
  for await (const program of (await openRecordingFile('datasets/recordings/amd64-6.1.jsonl.gz')).programs) {
    expect(program.id).toBe('a-vmsplice-swap-dm');
    break;
  }
});

const damaged = Uint8Array.from(whole);
damaged.fill(0x55, 1500, 1600);
test.each([
  ['truncated', whole.subarray(0, 3000), /truncated.gz: the gzip data ends too early: the file is truncated/],
  ['damaged', damaged, /damaged.gz(: the gzip data is damaged|:\d+: )/],
  ['empty', new Uint8Array(), /empty.gz:1: the file is empty/],
  ['binary', new Uint8Array([0, 1, 2, 3]), /binary.gz:1: not JSON/],
])('a %s file is refused in one line', async (name, bytes, message) => {
  const reading = ids(file(`${name}.gz`, bytes));
  await expect(reading).rejects.toThrow(InputError);
  await expect(reading).rejects.toThrow(message);
});

test('a file that is not there, or is a folder, is refused by name', async () => {
  await expect(ids(join(folder, 'none.gz'))).rejects.toThrow(/none.gz: no such file/);
  await expect(ids(folder)).rejects.toThrow(/is a folder, not a recording/);
});
