import { whileMoving } from '../acts.js';
import type { Course } from '../course.js';
import { written } from './beginnings.js';

/** To another frame. */
export const migrationCourses: readonly Course[] = [
  { name: 'moved, writable', steps: [...written, 'movepages 0 0 0 2', 'fork 0 1'] },
  {
    name: 'moved, read-only and dirty',
    steps: [...written, 'mprotect 0 0 0 4 r', 'movepages 0 0 0 2'],
  },
  { name: 'moved, shared by fork', steps: [...written, 'fork 0 1', 'movepages 0 0 0 2'] },
  {
    name: 'forked and protected on the move',
    steps: [...written, whileMoving('clearrefs 0', 'fork 0 1', 'mprotect 0 0 0 4 r', 'mremap 1 0 0 4 1 0')],
  },
  { name: 'broken', steps: [...written, 'madvise 0 0 0 1 HWPOISON', 'fork 0 1', 'write 0 0 1 3'] },
];
