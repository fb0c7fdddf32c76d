import { expect, test } from 'vitest';
import { lruAddDrain } from '../../kernel-lib/folio/lru.js';
import { diskFileSetup } from '../../kernel-lib/pagecache/disk-file.js';
import { __shmemFileSetup } from '../../kernel-lib/pagecache/shmem-file.js';
import { run } from '../../kernel-lib/step/step.js';
import { File, fput } from '../../kernel-lib/vma/file.js';
import { type Usage, usage } from '../../kernel-lib/walk/usage.js';
import { flushDelayedFput } from '../../kernel-lib/zap/delayed-fput.js';
import { Layout } from '../mmap/layout.js';

/** What is in use once no CPU holds pages back. */
function settled(p: Layout): Usage {
  run(lruAddDrain(p.k));
  return usage(p.k);
}

test('shared anonymous memory goes with the last process that maps it, and with the last piece of its mapping', () => {
  const p = new Layout('6.1');
  p.mmap(0, 1);
  p.write(0, 1);
  const before = settled(p);
  p.mmap(8, 12, 'rw', null, true);
  for (const page of [8, 9, 10, 11]) p.write(page, page);
  const child = p.fork();
  // Three pieces, each of which holds the object.
  p.mprotect(9, 10, 'r');
  p.munmap(8, 9);
  p.munmap(9, 12);
  expect(child.read(11)).toBe(11);
  expect(settled(p).frames).toBeGreaterThan(before.frames);
  child.process.exit();
  expect(settled(p)).toMatchObject({ frames: before.frames, tables: before.tables });
});

test.each(['shmem', 'disk'])('a mapped %s file outlives its descriptor', (kind) => {
  const p = new Layout('6.1');
  p.mmap(8, 9);
  const before = settled(p);
  const file = kind === 'shmem' ? __shmemFileSetup(p.k, 4) : diskFileSetup(p.k, 4);
  p.mmap(0, 4, 'rw', file, true);
  p.write(2, 7);
  fput(p.k, file.at);
  run(flushDelayedFput(p.k));
  expect(p.read(2)).toBe(7);
  p.munmap(0, 4);
  expect(settled(p)).toMatchObject({ frames: before.frames, slabWords: before.slabWords });
});

test('a file is held once by each mapping, however it is split, moved, merged and forked', () => {
  const p = new Layout('6.12');
  const file = __shmemFileSetup(p.k, 8);
  const held = () => File.at(p.k, file.at).fCount - 1;
  p.mmap(0, 8, 'rw', file, true);
  expect(held()).toBe(1);
  p.mprotect(2, 4, 'r');
  expect(held()).toBe(3);
  p.mprotect(2, 4, 'rw');
  expect(held()).toBe(1);
  const child = p.fork();
  expect(held()).toBe(2);
  p.mremap(0, 8, 16, 3);
  expect(held()).toBe(2);
  child.process.exit();
  p.munmap(16, 24);
  expect(held()).toBe(0);
});
