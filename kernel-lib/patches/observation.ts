import type { Patch } from './patch.js';

/** What /proc says of memory. */
export const observationPatches = {
  smapsKsm: {
    id: '8b47933544a6',
    title: 'proc/ksm: add ksm stats to /proc/pid/smaps',
    changes: 'smaps counts merged pages',
    since: 'v6.6',
  },
  hwpoisonIsPfnEntry: {
    id: '07a57a338adb',
    title: 'mm,swapops: update check in is_pfn_swap_entry for hwpoison entries',
    changes: 'smaps counts a page behind a hwpoison entry as resident',
    since: 'v6.9',
  },
  smapsNonpresentShared: {
    id: '3689c3ebdd54',
    title: 'fs/proc/task_mmu: account non-present entries as "maybe shared, but no idea how often"',
    changes: 'smaps counts a page behind a hwpoison or migration entry as shared',
    since: 'v6.11',
  },
  pagemapExclusiveIsPresent: {
    id: 'da7f31ed0f4d',
    title: "fs/proc/task_mmu: don't indicate PM_MMAP_EXCLUSIVE without PM_PRESENT",
    changes: 'pagemap says "mapped once" of present entries only',
    since: 'v6.11',
  },
  smapsLockonfault: {
    id: '8614d6c5eda0',
    title: 'mm: do not show fs mm pc for VM_LOCKONFAULT pages',
    changes: 'smaps names memory that is locked on fault',
    since: 'v6.2',
  },
  kpageflagsOfFolio: {
    id: 'dee3d0bef2b0',
    title: 'proc: rewrite stable_page_flags()',
    changes: 'kpageflags shows the flags of the head for every page of a huge page',
    since: 'v6.10',
  },
  pagemapPagePrecise: {
    id: '2c1f057e5be6',
    title: 'fs/proc/task_mmu: properly detect PM_MMAP_EXCLUSIVE per page of PMD-mapped THPs',
    changes: 'pagemap says of each page of a huge page whether it is mapped once',
    since: 'v6.11',
  },
  pagemapPageOfHead: {
    id: 'eb16876971ea',
    title:
      'fs/proc/task_mmu: remove per-page mapcount dependency for PM_MMAP_EXCLUSIVE (CONFIG_NO_PAGE_MAPCOUNT)',
    changes: 'pagemap says of every page of a huge page what it says of the first',
    since: 'v6.15',
  },
  smapsProtnonePmd: {
    id: '8b9c1cc0418a',
    title: 'smaps: use vm_normal_page_pmd() instead of follow_trans_huge_pmd()',
    changes: 'smaps counts huge pages that nobody may access',
    since: 'v6.5',
  },
} as const satisfies Record<string, Patch>;
