import {
  cleanObject,
  clearYoung,
  markIdle,
  openDisk,
  openHugetlb,
  protectObject,
  whileMoving,
  writeBack,
} from './acts.js';
import { forkGiants, openDax, openDaxPages, shareGiants } from './device-acts.js';
import type { Course } from './course.js';

const anon = 'mmap 0 0 4 w p anon';
const written = [anon, 'write 0 0 0 1', 'write 0 0 1 2'];
/** A huge page with two pages that were written. */
const hugePage = ['mmap 0 0 2H w p anon', 'write 0 0 0 1', 'write 0 0 1 2'];
const memfd = ['obj 0 memfd 4'];
/** As userfaultfd is asked to write-protect a page, empty places of files included. */
const watched = ['uffd 0 0x1000', 'ureg 0 0 0 2 mw'];

/** Anonymous memory, page by page. */
const anonymous: readonly Course[] = [
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
  {
    name: 'a tracer writes to what is read-only',
    steps: ['mmap 0 0 2 r p anon', 'read 0 0 0', 'memwrite 0 0 0 0 1', 'memwrite 0 0 0 1 1', 'fork 0 1'],
  },
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

/** Away from memory and back. */
const swapping: readonly Course[] = [
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

/** To another frame. */
const migration: readonly Course[] = [
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

/** Objects. */
const files: readonly Course[] = [
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

/** userfaultfd. */
const userfaults: readonly Course[] = [
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

/** Transparent huge pages. */
const huge: readonly Course[] = [
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

/** hugetlb. */
const hugetlb: readonly Course[] = [
  {
    name: 'private mapping of hugetlb',
    hugetlb: true,
    steps: [
      ...[
        openHugetlb,
        'mmap 0 0 H w p o0',
        'read 0 0 0',
        'write 0 0 0 1',
        'fault 0 0 0 read',
        'fork 0 1',
        'write 1 0 0 2',
      ],
      ...['exit 1', 'mprotect 0 0 0 H r', 'mprotect 0 0 0 H w', 'write 0 0 0 3'],
    ],
  },
  {
    name: 'hugetlb at fork',
    hugetlb: true,
    steps: [openHugetlb, 'mmap 0 0 H w p o0', 'write 0 0 0 1', 'fork 0 1'],
  },
  {
    name: 'a pinned page of hugetlb',
    hugetlb: true,
    steps: [openHugetlb, 'mmap 0 0 H w p o0', 'write 0 0 0 1', 'lpin 0 0 0 1 0', 'fork 0 1'],
  },
  {
    name: 'hugetlb that is filled',
    hugetlb: true,
    steps: [openHugetlb, 'mmap 0 0 2H w s o0', 'uffd 0 0x10', 'ureg 0 0 0 2H m', 'ucopy 0 0 0 7', 'fork 0 1'],
  },
  {
    name: 'hugetlb that is watched',
    hugetlb: true,
    steps: [
      ...[
        openHugetlb,
        'mmap 0 0 2H w s o0',
        'write 0 0 0 1',
        'uffd 0 0x1000',
        'ureg 0 0 0 2H w',
        'uwp 0 0 0 2H 1',
      ],
      ...['madvise 0 0 0 H DONTNEED', 'fork 0 1', 'uwp 0 0 0 2H 0'],
    ],
  },
];

/** Pages that a device has. */
const devices: readonly Course[] = [
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

/** Every course of the matrix. */
export const courses: readonly Course[] = [
  ...anonymous,
  ...swapping,
  ...migration,
  ...files,
  ...userfaults,
  ...huge,
  ...hugetlb,
  ...devices,
];
