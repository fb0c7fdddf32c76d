import { clearYoung } from '../acts.js';
import type { Course } from '../course.js';
import { hugePage } from './beginnings.js';

/** Transparent huge pages. */
export const hugeCourses: readonly Course[] = [
  { name: 'a huge page at fork', thp: true, steps: [...hugePage, 'fork 0 1'] },
  {
    name: 'split what fork shares',
    thp: true,
    steps: [...hugePage, 'fork 0 1', 'write 0 0 0 3'],
  },
  {
    name: 'the child splits what fork shares',
    thp: true,
    steps: [...hugePage, 'fork 0 1', 'mprotect 1 0 1 1 r'],
  },
  {
    name: 'split one of its own',
    thp: true,
    steps: [...hugePage, 'mprotect 0 0 1 1 r', 'write 0 0 0 3', 'fork 0 1'],
  },
  {
    name: 'split what is read-only',
    thp: true,
    steps: [...hugePage, 'mprotect 0 0 0 H r', 'mprotect 0 0 H-1 1 w'],
  },
  { name: 'moved, a page of a huge page', thp: true, steps: [...hugePage, 'fork 0 1', 'movepages 0 0 0 1'] },
  {
    name: 'read-only while a huge page moves',
    thp: true,
    steps: [...hugePage, 'movebegin 0 0 0', 'mprotect 0 0 0 H r', 'moveend', 'fork 0 1'],
  },
  {
    name: 'split while a huge page moves',
    thp: true,
    steps: [...hugePage, 'movebegin 0 0 0', 'mprotect 0 0 1 1 r', 'moveend', 'fork 0 1'],
  },
  {
    name: 'split for reclaim',
    thp: true,
    steps: [...hugePage, 'madvise 0 0 0 4 PAGEOUT', 'read 0 0 0', 'read 0 0 2'],
  },
  {
    name: 'split for reclaim, read-only',
    thp: true,
    steps: [...hugePage, 'mprotect 0 0 0 H r', 'vmsplice 0 0 1 1 0', 'madvise 0 0 0 4 PAGEOUT', 'read 0 0 0'],
  },
  {
    name: 'read-only and back, huge',
    thp: true,
    steps: [
      ...hugePage,
      'mprotect 0 0 0 H r',
      'mprotect 0 0 0 H w',
      'write 0 0 0 3',
      'fork 0 1',
      'exit 1',
      'write 0 0 0 4',
    ],
  },
  {
    name: 'a tracer writes to a read-only huge page',
    thp: true,
    steps: ['mmap 0 0 H r p anon', 'memwrite 0 0 0 0 1', 'fork 0 1'],
  },
  {
    name: 'unused and used again, huge',
    thp: true,
    steps: [...hugePage, 'madvise 0 0 0 H COLD', 'fault 0 0 0 write', clearYoung, 'mlock 0 0 0 H', 'reclaim'],
  },
  {
    name: 'given up, huge',
    thp: true,
    steps: [...hugePage, 'madvise 0 0 0 H FREE', 'fork 0 1', 'fault 0 0 0 write'],
  },
  { name: 'reclaimed, huge', thp: true, steps: [...hugePage, 'reclaim', 'fault 0 0 0 read', 'reclaim'] },
  { name: 'mremap, huge', thp: true, steps: [...hugePage, 'fork 0 1', 'mremap 0 0 0 H 1 0'] },
  {
    name: 'soft-dirty cleared, huge',
    thp: true,
    steps: [...hugePage, 'clearrefs 0', 'write 0 0 0 3', 'mprotect 0 0 1 1 r'],
  },
  {
    name: 'the huge zero page',
    thp: true,
    steps: ['mmap 0 0 H w p anon', 'read 0 0 0', 'fork 0 1', 'write 0 0 0 1', 'write 1 0 1 2'],
  },
  {
    name: 'collapsed',
    thp: true,
    steps: [
      ...['mmap 0 0 H w p anon', 'madvise 0 0 0 H NOHUGEPAGE', 'write 0 0 0 1', 'write 0 0 1 2'],
      ...['madvise 0 0 0 H HUGEPAGE', 'madvise 0 0 0 H COLLAPSE', 'fork 0 1', 'write 1 0 0 3'],
    ],
  },
  {
    name: 'write-protected, huge',
    thp: true,
    steps: [...hugePage, 'uffd 0 0x1', 'ureg 0 0 0 H w', 'uwp 0 0 0 H 1', 'uwp 0 0 0 H 0', 'uwp 0 0 1 1 1'],
  },
];
