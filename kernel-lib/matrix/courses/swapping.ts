import type { Course } from '../course.js';
import { written } from './beginnings.js';

/** Away from memory and back. */
export const swappingCourses: readonly Course[] = [
  {
    name: 'swapped out and in',
    steps: [
      ...[...written, 'clearrefs 0', 'madvise 0 0 0 2 PAGEOUT', 'clearrefs 0', 'fork 0 1'],
      ...['read 0 0 0', 'write 0 0 1 3', 'write 1 0 0 4'],
    ],
  },
  {
    name: 'read-only meanwhile',
    steps: [...written, 'madvise 0 0 0 2 PAGEOUT', 'mprotect 0 0 0 4 r', 'read 0 0 0'],
  },
  {
    name: 'swap switched off',
    steps: [...written, 'madvise 0 0 0 2 PAGEOUT', 'fork 0 1', 'mprotect 1 0 0 1 r', 'swapoff'],
  },
  {
    name: 'swap switched off, and cannot be read',
    steps: [...written, 'madvise 0 0 0 2 PAGEOUT', 'swaperr 1', 'swapoff', 'fork 0 1'],
  },
  {
    name: 'moved in swap',
    steps: [...written, 'madvise 0 0 0 2 PAGEOUT', 'mremap 0 0 0 4 1 0', 'read 0 1 0'],
  },
  {
    name: 'given up in swap',
    steps: [...written, 'madvise 0 0 0 2 PAGEOUT', 'madvise 0 0 0 2 FREE', 'read 0 0 0'],
  },
  {
    name: 'dropped in swap',
    steps: [...written, 'madvise 0 0 0 2 PAGEOUT', 'madvise 0 0 0 1 DONTNEED', 'read 0 0 0'],
  },
  { name: 'a page that a pipe holds', steps: [...written, 'vmsplice 0 0 0 1 0', 'madvise 0 0 0 2 PAGEOUT'] },
  {
    name: 'a pinned page',
    steps: [...written, 'lpin 0 0 0 1 0', 'madvise 0 0 0 2 PAGEOUT', 'write 0 0 0 3'],
  },
  {
    name: 'the cgroup is reclaimed',
    steps: [...written, 'read 0 0 0', 'reclaim', 'write 0 0 0 3', 'reclaim'],
  },
];
