import { openHugetlb } from '../acts.js';
import type { Course } from '../course.js';

/** hugetlb. */
export const hugetlbCourses: readonly Course[] = [
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
      ...['exit 1', 'mprotect 0 0 0 H r', 'mprotect 0 0 0 H w', 'write 0 0 0 3', 'mremap 0 0 0 H 1 0'],
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
    name: 'a page of hugetlb that is moving',
    hugetlb: true,
    steps: [
      ...[openHugetlb, 'mmap 0 0 H w p o0', 'write 0 0 0 1', 'movebegin 0 0 0', 'fork 0 1', 'moveend'],
      ...['movebegin 0 0 0', 'mprotect 0 0 0 H r', 'moveend'],
    ],
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
