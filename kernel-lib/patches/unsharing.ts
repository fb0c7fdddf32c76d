import type { Patch } from './patch.js';

/** What a fault may do to a private mapping, and what GUP takes from it: sharing, unsharing, pins. */
export const unsharingPatches = {
  gupFastSeesFork: {
    id: '57efa1fe5957',
    title: 'mm/gup: prevent gup_fast from racing with COW during fork',
    changes: 'a lockless pin is given back if its process forked meanwhile',
    since: 'v5.11',
  },
  sanitizeUnshare: {
    id: 'cdc5021cda19',
    title: 'mm: add early FAULT_FLAG_UNSHARE consistency checks',
    changes: 'UNSHARE outside COW mappings is an ordinary read fault; UNSHARE with WRITE is refused',
    since: 'v6.2-rc1',
  },
  sanitizeWrite: {
    id: '79881fed6052',
    title: 'mm: add early FAULT_FLAG_WRITE consistency checks',
    changes: 'write faults that no mapping allows are refused at the entry',
    since: 'v6.2-rc1',
  },
  wpSharedFirst: {
    id: 'b9086fde6d44',
    title: 'mm: rework handling in do_wp_page() based on private vs. shared mappings',
    changes: 'shared mappings are decided first, private ones last; no visible change',
    since: 'v6.2-rc1',
    requires: [
      ['cdc5021cda19', 'the order relies on faults that were checked at the entry'],
      ['79881fed6052', 'the order relies on faults that were checked at the entry'],
    ],
  },
  unshareAnyCow: {
    id: '8d6a0ac09a16',
    title: 'mm: extend FAULT_FLAG_UNSHARE support to anything in a COW mapping',
    changes: 'UNSHARE also replaces the zero page, page-cache pages and pages without struct page',
    since: 'v6.2-rc1',
    requires: [['b9086fde6d44', 'the private half of do_wp_page() must come last']],
  },
  hugeFaultSharedOnly: {
    id: 'aea06577a900',
    title: "mm: don't call vm_ops->huge_fault() in wp_huge_pmd()/wp_huge_pud() for private mappings",
    changes:
      'a write to a read-only huge entry of a private file mapping splits it without asking the file first',
    since: 'v6.2-rc1',
  },
  longtermUnshare: {
    id: '84209e87c696',
    title: 'mm/gup: reliable R/O long-term pinning in COW mappings',
    changes: 'a read-only long-term pin first replaces whatever is not exclusive anonymous memory',
    since: 'v6.2-rc1',
    requires: [['8d6a0ac09a16', 'without it the unshare fault changes nothing and GUP loops for ever']],
  },
  breakKsmUnshare: {
    id: '6cce3314b928',
    title: 'mm/ksm: fix KSM COW breaking with userfaultfd-wp via FAULT_FLAG_UNSHARE',
    changes: 'unmerging copies read-only and clean, also behind userfaultfd write-protection',
    since: 'v6.2-rc1',
  },
  breakKsmWalks: {
    id: 'd7c0e68dab98',
    title: 'mm/ksm: convert break_ksm() to use walk_page_range_vma()',
    changes: 'unmerging also finds pages that nobody may access',
    since: 'v6.2-rc1',
  },
  followPageProtnone: {
    id: 'd74943a2f3cd',
    title: 'mm/gup: reintroduce FOLL_NUMA as FOLL_HONOR_NUMA_FAULT',
    changes: 'KSM and move_pages also find pages that nobody may access',
    since: 'v6.5',
  },
  noFaultWriteResult: {
    id: 'cb8d86331343',
    title: 'mm: remove VM_FAULT_WRITE',
    changes: 'write-protect faults no longer report 0x8; no visible change',
    since: 'v6.2-rc1',
    requires: [['6cce3314b928', 'break_ksm() would wait for the bit for ever']],
  },
  odirectPins: {
    id: 'a7e689dd1c06',
    title: 'block: convert bio_map_user_iov to use iov_iter_extract_pages',
    changes: 'O_DIRECT takes FOLL_PIN, so that its source is unshared',
    since: 'v6.3',
  },
  populateByGup: {
    id: '631426ba1d45',
    title: 'mm/madvise: make MADV_POPULATE_(READ|WRITE) handle VM_FAULT_RETRY properly',
    changes: 'MADV_POPULATE stops at the first hole and retries as GUP does',
    since: 'v6.9',
  },
  gupChecksFiles: {
    id: '34ed8d0dcd69',
    title: 'io_uring: rsrc: delegate VMA file-backed check to GUP',
    changes: 'private mappings of /dev/zero can be registered as io_uring buffers',
    since: 'v6.5',
  },
  gupKeepsFilesClean: {
    id: '8ac268436e6d',
    title: 'mm/gup: disallow FOLL_LONGTERM GUP-nonfast writing to file-backed mappings',
    changes: 'no long-term pin for writing of a page whose file has to be told of stores',
    since: 'v6.5',
  },
  gupFastKeepsFilesClean: {
    id: 'a6e79df92e4a',
    title: 'mm/gup: disallow FOLL_LONGTERM GUP-fast writing to file-backed mappings',
    changes: 'GUP-fast leaves such pages to GUP, which knows the mapping',
    since: 'v6.5',
  },
  ioPinsFast: {
    id: '1943f96b3816',
    title: 'io_uring: unify io_pin_pages()',
    changes:
      'io_uring pins buffers with pin_user_pages_fast(): pages that are ready are not marked accessed or dirty',
    since: 'v6.10',
  },
  procMemForcePtrace: {
    id: '599bbba5a36f',
    title: 'proc: make PROC_MEM_FORCE_PTRACE the Kconfig default',
    changes: '/proc/PID/mem overrides protection for tracers only',
    since: 'v7.0',
  },
  ksmSmartScan: {
    id: '5e924ff54d08',
    title: 'mm/ksm: add "smart" page scanning mode',
    changes: 'KSM looks less often at pages that it could not merge for long',
    since: 'v6.7',
  },
} as const satisfies Record<string, Patch>;
