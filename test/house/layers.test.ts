import { posix } from 'node:path';
import { expect, test } from 'vitest';
import { folderOf, sources } from './sources.js';

/** The folders of kernel-lib/, bottom first. A file may import from its own folder and from those before it. */
const layers = [
  'base',
  'patches',
  'arch',
  'step',
  // Kernels with a patch of one's own: text and its evaluation. Whoever boots or explores them stands above.
  'own',
  'machine',
  'folio',
  'pgtable',
  'tlb',
  'vma',
  'swap',
  'rmap',
  'uffd',
  'pagecache',
  'huge',
  'zap',
  'reclaim',
  // Who touches what a device has gets it back: faults and fork call this.
  'device',
  'fault',
  'fork',
  'gup',
  'migrate',
  'ksm',
  // Above faults, by which it brings back what is swapped out; below the system call that asks for it.
  'khugepaged',
  'memcg',
  'mmap',
  // The ioctls of userfaultfd: they fill, protect and split what the system calls of mmap/ made.
  'uffdio',
  'walk',
  'sys',
  'trace',
  // Below what is run: the runs and comparisons that come out of it know how to show themselves.
  'view',
  'explore',
  'scenario',
  // Runs courses of operations on every kernel, and asks of every entry that they store.
  'matrix',
  // Judges what an answer does, with everything that a workbook has.
  'exercise',
  'notebook',
  // A command prints what it measures.
  'bench',
  'cli',
];

/** What the pages and a kernel share must run in both; these folders are only ever on Node's side. */
const onNode = ['notebook/', 'cli/', 'bench/', 'trace/node/', 'build/'];

test('every folder of kernel-lib has its place in the layers', () => {
  const folders = new Set(sources().map((source) => folderOf(source.path)));
  const known = new Set(['', 'build', ...layers]);
  expect([...folders].filter((folder) => !known.has(folder))).toEqual([]);
});

test('imports go only downward', () => {
  const upward: string[] = [];
  for (const { path, imports } of sources()) {
    const from = layers.indexOf(folderOf(path));
    if (from < 0) continue;
    for (const name of imports.filter((name) => name.startsWith('.'))) {
      const target = posix.join(posix.dirname(path), name);
      if (layers.indexOf(folderOf(target)) > from) upward.push(`${path} imports ${target}`);
    }
  }
  expect(upward).toEqual([]);
});

test('only the folders on Node’s side import from Node', () => {
  const strays = sources()
    .filter(({ path }) => !onNode.some((folder) => path.startsWith(folder)))
    .flatMap(({ path, imports }) =>
      imports.filter((name) => name.startsWith('node:')).map((name) => `${path} imports ${name}`),
    );
  expect(strays).toEqual([]);
});
