import { cleanObject, openDisk, protectObject, writeBack } from '../acts.js';
import type { Course } from '../course.js';
import { forkGiants, openDax, openDaxPages, shareGiants } from '../device-acts.js';
import { memfd } from './beginnings.js';

/** Objects. */
export const filesCourses: readonly Course[] = [
  {
    name: 'private mapping of a memfd',
    objects: memfd,
    steps: ['owrite 0 0 7', 'mmap 0 0 4 w p o0', 'read 0 0 0', 'write 0 0 1 1', 'fork 0 1', 'write 1 0 0 2'],
  },
  {
    name: 'shared mapping of a memfd',
    objects: memfd,
    steps: [
      'mmap 0 0 4 w s o0',
      'write 0 0 0 1',
      'read 0 0 1',
      'fork 0 1',
      'mprotect 0 0 0 2 r',
      'madvise 0 0 0 2 PAGEOUT',
    ],
  },
  {
    name: 'a memfd that a driver watches',
    objects: memfd,
    steps: [
      'mmap 0 0 4 w s o0',
      'write 0 0 0 1',
      'write 0 0 1 1',
      protectObject,
      'write 0 0 0 2',
      cleanObject,
      'write 0 0 0 3',
    ],
  },
  {
    name: 'a file on a disk',
    steps: [
      openDisk,
      'mmap 0 0 4 w s o0',
      'mmap 0 1 4 w p o0',
      'write 0 0 0 1',
      'write 0 1 0 2',
      writeBack,
      'write 0 0 0 3',
    ],
  },
  {
    name: 'frames that a driver maps',
    objects: ['obj 0 pfnmap 4'],
    steps: ['mmap 0 0 4 w p o0', 'fault 0 0 0 unshare', 'fault 0 0 0 unshare', 'write 0 0 1 1', 'fork 0 1'],
  },
  {
    name: 'memory of a device, page by page',
    steps: [openDaxPages, 'mmap 0 0 4 w s o0', 'read 0 0 0', 'write 0 0 1 1', 'mprotect 0 0 0 4 r'],
  },
  {
    name: 'memory of a device by huge pages',
    thp: true,
    steps: [
      ...[openDax, 'mmap 0 0 2H w s o0', 'read 0 0 0', 'write 0 0 0 1', 'fault 0 0 0 write'],
      ...['mprotect 0 0 0 2H r', 'mprotect 0 0 0 2H w', 'write 0 0 0 2', 'mprotect 0 0 0 1 r'],
    ],
  },
  { name: 'memory of a device by entries of a GiB', thp: true, steps: [shareGiants] },
  { name: 'the same at fork', thp: true, steps: [forkGiants] },
  {
    name: 'fault-around',
    objects: memfd,
    steps: ['owrite 0 0 7', 'owrite 0 1 8', 'mmap 0 0 4 r s o0', 'read 0 0 0'],
  },
];
