import type { Patch } from './patch.js';

/** Userfaultfd, its markers and its write-protection. */
export const userfaultfdPatches = {
  markerForkFollowsChild: {
    id: '49d6d7fb6313',
    title: 'mm/uffd: fix pte marker when fork() without fork event',
    changes: 'fork copies a uffd-wp marker only to a child that tracks it',
    since: 'v6.2',
  },
  errorMarkerSurvivesFork: {
    id: '7e3ce3f8d2d2',
    title: 'mm: fix a few rare cases of using swapin error pte marker',
    changes: 'fork copies error markers; clearing a marker compares the whole entry',
    since: 'v6.2',
    requires: [['15520a3f0469', 'error markers come with it']],
  },
  uffdWpUnpopulated: {
    id: '2bad466cc9d9',
    title: 'mm/uffd: UFFD_FEATURE_WP_UNPOPULATED',
    changes: 'empty places of anonymous memory can be write-protected, by a marker',
    since: 'v6.4',
  },
  uffdWpWritenotify: {
    id: '51d3d5eb74ff',
    title: 'mm/userfaultfd: enable writenotify while userfaultfd-wp is enabled for a VMA',
    changes: 'shared mappings that userfaultfd write-protects map new pages read-only by default',
    since: 'v6.2-rc4',
  },
  uffdWpKeepsPageProt: {
    id: '931298e103c2',
    title: 'mm/userfaultfd: rely on vma->vm_page_prot in uffd_wp_range()',
    changes:
      'lifting write-protection makes exclusive private pages writable at once, and shared ones no longer',
    since: 'v6.3',
    requires: [['51d3d5eb74ff', 'the default protection of shared mappings must be read-only']],
  },
  hugetlbMovingUffdWp: {
    id: '44f86392bdd1',
    title: 'mm/hugetlb: fix uffd-wp handling for migration entries in hugetlb_change_protection()',
    changes: 'userfaultfd write-protects a page of hugetlb that is moving also if it was read-only',
    since: 'v6.2-rc4',
  },
  hugetlbForkUffdWp: {
    id: '5a2f8d22ace4',
    title: 'mm/hugetlb: fix uffd-wp during fork()',
    changes: 'fork keeps write-protection of hugetlb for a child that tracks it, and only for that',
    since: 'v6.4-rc1',
  },
  hugetlbUnshareKeepsWp: {
    id: '0f230bc24b6e',
    title: 'mm/hugetlb: fix uffd-wp bit lost when unsharing happens',
    changes: 'a page of hugetlb that a pin unshares stays write-protected',
    since: 'v6.4-rc1',
  },
  uffdWpManyVmas: {
    id: 'a1b92a3f1498',
    title: 'mm/userfaultfd: support WP on multiple VMAs',
    changes: 'UFFDIO_WRITEPROTECT works on ranges of several VMAs, all of them registered',
    since: 'v6.4',
  },
  uffdMergePgoff: {
    id: '5543d3c43c41',
    title: 'mm/uffd: allow vma to merge as much as possible',
    changes: 'registering part of a VMA merges it with an equal neighbour above',
    since: 'v6.4',
  },
  uffdPoison: {
    id: 'fc71884a5f59',
    title: 'mm: userfaultfd: add new UFFDIO_POISON ioctl',
    changes: 'UFFDIO_POISON makes accesses to a place fail as poisoned memory does',
    since: 'v6.6',
    requires: [['af19487f00f3', 'it installs that marker']],
  },
  uffdFileSize: {
    id: '435cdb41a76f',
    title: 'mm: userfaultfd: extract file size check out into a helper',
    changes: 'UFFDIO_COPY fails behind the end of any file, private mappings of /dev/zero among them',
    since: 'v6.6',
  },
  uffdUnderVmaLock: {
    id: '29a22b9e08d7',
    title: 'mm: handle userfaults under VMA lock',
    changes: 'a fault that userfaultfd stopped once is not counted as major when it is retried',
    since: 'v6.6',
  },
  uffdWpAsync: {
    id: 'd61ea1cb0095',
    title: 'userfaultfd: UFFD_FEATURE_WP_ASYNC',
    changes: 'write-protection can be lifted by the fault itself, without a message',
    since: 'v6.7',
    requires: [['2bad466cc9d9', 'it needs markers for empty anonymous memory']],
  },
  uffdMove: {
    id: 'adef440691ba',
    title: 'userfaultfd: UFFDIO_MOVE uABI',
    changes: 'UFFDIO_MOVE moves exclusive anonymous pages within a process',
    since: 'v6.8',
  },
  uffdPerVmaLocks: {
    id: '867a43a34ff8',
    title: 'userfaultfd: use per-vma locks in userfaultfd operations',
    changes: 'filling gives a private VMA its anon_vma before anything is checked, also if it then fails',
    since: 'v6.9',
  },
  uffdCloseResets: {
    id: 'c88033efe9a3',
    title: 'mm/userfaultfd: reset ptes when close() for wr-protected ones',
    changes: 'closing a userfaultfd lifts the write-protection that it set',
    since: 'v6.9',
  },
  mremapClearsUffdWp: {
    id: '0cef0bb836e3',
    title: 'mm: clear uffd-wp PTE/PMD state on mremap()',
    changes: 'mremap without UFFD_FEATURE_EVENT_REMAP leaves write-protection and markers behind',
    since: 'v6.13',
  },
  specialSwapPtes: {
    id: '?special-swap-ptes',
    title: '[RFC 00/30] userfaultfd-wp: Support shmem and hugetlbfs (January 2021): its special swap PTE',
    changes: 'write-protection of empty file memory is a PTE without a swap entry instead of a marker',
  },
  knowsSpecialSwapPtes: {
    id: '?pte-has-swap-entry',
    title: '[RFC 07/30] mm/swap: Introduce the idea of special swap ptes',
    changes: 'who meets a special swap PTE no longer takes it for slot 0 of swap area 0',
    requires: [['?special-swap-ptes', 'there is no special PTE without it']],
  },
} as const satisfies Record<string, Patch>;
