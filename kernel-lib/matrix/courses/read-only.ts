import type { Course } from '../course.js';
import { hugePage, memfd, written } from './beginnings.js';

/** Pages of memory that their process may only read become dirty all the same, most of them by a tracer's store. */
export const readOnlyCourses: readonly Course[] = [
  {
    name: 'a tracer writes to what is read-only',
    steps: ['mmap 0 0 2 r p anon', 'read 0 0 0', 'memwrite 0 0 0 0 1', 'memwrite 0 0 0 1 1', 'fork 0 1'],
  },
  {
    name: 'a tracer writes to what a child has shared',
    steps: [...written, 'fork 0 1', 'mprotect 0 0 0 4 r', 'exit 1', 'memwrite 0 0 0 0 3', 'fork 0 1'],
  },
  {
    name: 'a tracer writes to what is in swap',
    steps: [
      ...[...written, 'mprotect 0 0 0 4 r', 'madvise 0 0 0 2 PAGEOUT'],
      ...['memwrite 0 0 0 0 3', 'fork 0 1'],
    ],
  },
  {
    name: 'a tracer writes to a private mapping of a file',
    objects: memfd,
    steps: ['mmap 0 0 4 r p o0', 'memwrite 0 0 0 0 1', 'fork 0 1'],
  },
  {
    name: 'a tracer writes to a huge page that a child has shared',
    thp: true,
    steps: [...hugePage, 'fork 0 1', 'mprotect 0 0 0 2H r', 'exit 1', 'memwrite 0 0 0 0 3', 'fork 0 1'],
  },
  {
    name: 'a pinned page that is read-only at fork',
    steps: [...written, 'lpin 0 0 0 1 0', 'mprotect 0 0 0 4 r', 'fork 0 1'],
  },
];
