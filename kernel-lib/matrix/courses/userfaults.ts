import type { Course } from '../course.js';
import { memfd, watched, written } from './beginnings.js';

/** userfaultfd. */
export const userfaultsCourses: readonly Course[] = [
  {
    name: 'filled',
    steps: [
      'mmap 0 0 4 w p anon',
      'uffd 0 0x0',
      'ureg 0 0 0 4 m',
      'ucopy 0 0 0 7',
      'uzero 0 0 1',
      'upoison 0 0 2',
      'fork 0 1',
    ],
  },
  {
    name: 'filled where nothing may be written',
    steps: ['mmap 0 0 2 r p anon', 'uffd 0 0x0', 'ureg 0 0 0 2 m', 'ucopy 0 0 0 7'],
  },
  {
    name: 'filled and write-protected',
    steps: ['mmap 0 0 2 w p anon', 'uffd 0 0x1', 'ureg 0 0 0 2 mw', 'ucopy 0 0 0 7 wp', 'fork 0 1'],
  },
  {
    name: 'write-protected',
    steps: [
      ...written,
      'uffd 0 0x1',
      'ureg 0 0 0 2 w',
      'uwp 0 0 0 2 1',
      'fork 0 1',
      'uwp 0 0 0 1 0',
      'write 0 0 1 3',
    ],
  },
  {
    name: 'write-protected without a message',
    steps: [...written, 'uffd 0 0x8000', 'ureg 0 0 0 2 w', 'uwp 0 0 0 2 1', 'write 0 0 0 3'],
  },
  {
    name: 'write-protected, swapped',
    steps: [
      ...written,
      'uffd 0 0x1',
      'ureg 0 0 0 2 w',
      'uwp 0 0 0 2 1',
      'madvise 0 0 0 2 PAGEOUT',
      'fork 0 1',
      'read 0 0 0',
    ],
  },
  {
    name: 'markers',
    objects: memfd,
    steps: [
      ...['mmap 0 0 4 w s o0', 'write 0 0 0 1', ...watched, 'uwp 0 0 0 2 1', 'madvise 0 0 0 1 DONTNEED'],
      ...['uwp 0 0 0 1 0', 'uwp 0 0 0 2 1', 'uunreg 0 0 0 2', 'read 0 0 1', 'madvise 0 0 0 2 PAGEOUT'],
    ],
  },
  {
    name: 'markers that nobody watches',
    objects: memfd,
    steps: [
      'mmap 0 0 4 w s o0',
      ...watched,
      'uwp 0 0 0 2 1',
      'fork 0 1',
      'uclose 0',
      'write 0 0 0 1',
      'write 1 0 1 1',
    ],
  },
  {
    name: 'markers of a private file',
    objects: memfd,
    steps: [
      'mmap 0 0 4 w p o0',
      ...watched,
      'uwp 0 0 0 2 1',
      'madvise 0 0 0 2 DONTNEED',
      'mremap 0 0 0 4 1 0',
      'fork 0 1',
    ],
  },
  {
    name: 'moved by the monitor',
    steps: [
      ...['mmap 0 0 4 w p anon', 'mmap 0 1 4 w p anon', 'write 0 1 0 7', 'write 0 1 1 8', 'read 0 1 2'],
      ...[
        'madvise 0 1 1 1 PAGEOUT',
        'uffd 0 0x10000',
        'ureg 0 0 0 4 m',
        'pmove 0 1 0 1 0 0',
        'pmove 0 1 1 1 0 1',
        'pmove 0 1 2 1 0 2',
        'fork 0 1',
      ],
    ],
  },
];
