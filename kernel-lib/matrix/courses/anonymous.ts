import { clearYoung, markIdle } from '../acts.js';
import type { Course } from '../course.js';
import { anon, written } from './beginnings.js';

/** Anonymous memory, page by page. */
export const anonymousCourses: readonly Course[] = [
  { name: 'fork without a store', steps: [...written, 'read 0 0 2', 'fork 0 1'] },
  {
    name: 'fault, fork, copy and reuse',
    steps: [
      ...['mmap 0 0 4 w p anon', 'read 0 0 0', ...written.slice(1), 'fork 0 1'],
      ...['write 1 0 0 3', 'write 0 0 0 4', 'write 1 0 1 5', 'exit 1', 'write 0 0 1 6'],
    ],
  },
  {
    name: 'read-only and back',
    steps: [...written, 'fork 0 1', 'mprotect 0 0 0 4 r', 'mprotect 0 0 0 4 w', 'mprotect 1 0 0 2 r'],
  },
  { name: 'written, then read-only', steps: [...written, 'mprotect 0 0 0 4 r'] },
  { name: 'a pinned page at fork', steps: [...written, 'lpin 0 0 0 1 0', 'fork 0 1', 'write 0 0 0 3'] },
  {
    name: 'unused and used again',
    steps: [
      ...written,
      'madvise 0 0 0 2 COLD',
      'fault 0 0 0 write',
      'fault 0 0 1 read',
      markIdle,
      clearYoung,
      'fault 0 0 1 read',
    ],
  },
  {
    name: 'given up, written again and reclaimed',
    steps: [...written, 'madvise 0 0 0 2 FREE', 'write 0 0 0 3', 'madvise 0 0 0 2 PAGEOUT'],
  },
  {
    name: 'given up and written again',
    steps: [
      ...[...written, 'madvise 0 0 0 2 FREE', 'fault 0 0 1 write', 'fork 0 1'],
      ...['write 0 0 0 3', 'madvise 0 0 0 2 PAGEOUT'],
    ],
  },
  { name: 'mremap', steps: [...written, 'fork 0 1', 'mremap 0 0 0 4 1 0', 'mremap 1 0 0 4 1 0'] },
  {
    name: 'soft-dirty cleared',
    steps: [...written, 'clearrefs 0', 'fork 0 1', 'write 0 0 0 3', 'clearrefs 1'],
  },
  {
    name: 'merged',
    steps: [
      ...['mmap 0 0 2 w p anon', 'write 0 0 0 5', 'write 0 0 1 5', 'madvise 0 0 0 2 MERGEABLE'],
      ...['madvise 0 0 0 1 COLD', 'ksm', 'fork 0 1', 'write 1 0 0 6'],
    ],
  },
  {
    name: 'guarded',
    steps: [anon, 'madvise 0 0 0 2 GUARD_INSTALL', 'madvise 0 0 0 2 GUARD_REMOVE', 'write 0 0 0 1'],
  },
];
