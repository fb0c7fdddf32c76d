import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openRecordingFile } from '../../../kernel-lib/trace/node/recording-file.js';
import { recordings } from '../../../kernel-lib/trace/node/recordings.js';
import { recordedKernel } from '../../../kernel-lib/trace/kernel.js';

test('the manifest lists every recording', () => {
  const files = readdirSync('datasets/recordings').map((name) => `recordings/${name}`);
  expect(recordings.manifest().map((entry) => entry.file)).toEqual(files.sort());
});

test.each(recordings.manifest())('$file is what the manifest says', async (entry) => {
  const bytes = readFileSync(`datasets/${entry.file}`);
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(entry.sha256);
  const { header, programs } = await openRecordingFile(`datasets/${entry.file}`);
  const found = { programs: 0, operations: 0, profiles: {} as Record<string, number> };
  for await (const program of programs) {
    found.programs++;
    found.operations += program.operations.length;
    found.profiles[program.header.profile] = (found.profiles[program.header.profile] ?? 0) + 1;
  }
  expect({ ...found, ...recordedKernel(header), uname: header.release, bytes: bytes.length }).toEqual({
    ...entry,
    file: undefined,
    sha256: undefined,
  });
});

test('programs are chosen by kernel and mix', async () => {
  const found = new Set<string>();
  for await (const { from, program } of recordings.programs({
    kernel: 'i386-pae-6.5',
    profile: ['shmem', 'ksm'],
  })) {
    found.add(`${from.release} ${from.arch} ${program.header.profile}`);
  }
  expect([...found].sort()).toEqual(['6.5.10 x86_32_pae ksm', '6.5.10 x86_32_pae shmem']);
});

test('a program is found by its id', async () => {
  const program = await recordings.program('amd64-6.12', 'x-umove-basic');
  expect(program.operations[0]!.operation.name).toBe('mmap');
  await expect(recordings.program('amd64-6.12', 'nothing')).rejects.toThrow(
    /amd64-6.12 has no recorded program "nothing"/,
  );
});

test('an unknown kernel is refused with those that are known', async () => {
  await expect(recordings.faults({ kernel: 'amd64-5.0' })).rejects.toThrow(
    /no kernel "amd64-5.0" is recorded; known: amd64-6.1, /,
  );
});

test('the first store to anonymous memory is one minor fault on every kernel', async () => {
  const rows = await recordings.faults({ profile: 'hand-written' });
  const first = rows.filter(({ program, index }) => program === 'a-vmsplice-swap-dm' && index === 1);
  expect(first).toHaveLength(recordings.kernels().length);
  expect(new Set(first.map(({ line, min, maj }) => `${line}: ${min} ${maj}`))).toEqual(
    new Set(['write 0 0 0 17: 1 0']),
  );
});
