import type { Course } from '../course.js';

/** Pages that a device has. */
export const devicesCourses: readonly Course[] = [
  {
    name: 'a page in the memory of a device',
    device: true,
    steps: [
      'mmap 0 0 1 w p anon',
      'write 0 0 0 1',
      'devmigrate 0 0 0 1',
      'fork 0 1',
      'write 1 0 0 2',
      'read 0 0 0',
    ],
  },
  {
    name: 'a page that a device uses alone',
    device: true,
    steps: [
      'mmap 0 0 1 w p anon',
      'write 0 0 0 1',
      'devexclusive 0 0 0',
      'read 0 0 0',
      'devexclusive 0 0 0',
      'fork 0 1',
      'write 1 0 0 3',
    ],
  },
];
