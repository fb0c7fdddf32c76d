import type { Patch } from './patch.js';

/** What "dirty" and "writable" mean in entries of two architectures, and what generic code did about it. */
export const dirtyPatches = {
  loongarchMkwriteAsks: {
    id: '54e6cd42a183',
    title: 'LoongArch: Set _PAGE_DIRTY only if _PAGE_MODIFIED is set in {pmd,pte}_mkwrite()',
    changes: 'making an entry writable lets the MMU write only if the entry is dirty already',
    since: 'v6.1-rc7',
    arches: ['loongarch64_4k', 'loongarch64_16k', 'loongarch64_64k'],
  },
  loongarchMkdirtyAsks: {
    id: 'bf2f34a506e6',
    title: 'LoongArch: Set _PAGE_DIRTY only if _PAGE_WRITE is set in {pmd,pte}_mkdirty()',
    changes: 'making an entry dirty lets the MMU write only if the entry is writable',
    since: 'v6.1-rc7',
    arches: ['loongarch64_4k', 'loongarch64_16k', 'loongarch64_64k'],
  },
  loongarchDirtyIsHardware: {
    id: '01158487af60',
    title: 'LoongArch: Introduce hardware page table walker',
    changes: 'an entry that the MMU may write is dirty, since a walker in hardware notes no more than that',
    since: 'v6.5',
    arches: ['loongarch64_4k', 'loongarch64_16k', 'loongarch64_64k'],
  },
  loongarchWrprotectKeepsDirty: {
    id: '018e9828eb52',
    title: 'LoongArch: Fix missing dirty page tracking in {pte,pmd}_wrprotect()',
    changes: 'write-protecting remembers in software that the MMU was let write',
    since: 'v7.2',
    arches: ['loongarch64_4k', 'loongarch64_16k', 'loongarch64_64k'],
  },
  arm64MkwriteAsks: {
    id: '143937ca51cc',
    title: 'arm64, mm: avoid always making PTE dirty in pte_mkwrite()',
    changes: 'making a clean entry writable leaves it clean: the first store is noted',
    since: 'v6.18-rc3',
    arches: ['arm64_4k', 'arm64_16k', 'arm64_64k'],
  },
  sparcMkdirtyAsks: {
    id: 'fa2e71a6fcee',
    title: "sparc/mm: don't unconditionally set HW writable bit when setting PTE dirty on 64bit",
    changes: 'the MMU is let write only through entries that are both writable and dirty',
    since: 'v6.4',
    arches: ['sparc64'],
  },
  migrationProtects: {
    id: '96a9c287e25d',
    title: 'mm/migrate: fix wrongly apply write bit after mkdirty on sparc64',
    changes: 'a page that was moved is write-protected last, where it was not writable',
    since: 'v6.2',
  },
  migrationProtectsNot: {
    id: '3c811f7883c4',
    title: 'mm/migrate: revert "mm/migrate: fix wrongly apply write bit after mkdirty on sparc64"',
    changes: 'a page that was moved is no longer write-protected',
    since: 'v6.4',
    requires: [['96a9c287e25d', 'it undoes that']],
  },
} as const satisfies Record<string, Patch>;
