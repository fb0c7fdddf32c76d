/**
 * VMA flags, 32 bits of them. Bit 31 makes the word negative: compare flag words with `===` or mask them, never
 * with `<`.
 *
 * @kernel include/linux/mm.h VM_NONE v6.2
 * @differs flags above bit 31 (protection keys, shadow stacks, minor userfaults) are left out
 */
export const VM_READ = 0x1;
export const VM_WRITE = 0x2;
export const VM_EXEC = 0x4;
export const VM_SHARED = 0x8;
export const VM_MAYREAD = 0x10;
export const VM_MAYWRITE = 0x20;
export const VM_MAYEXEC = 0x40;
export const VM_MAYSHARE = 0x80;
export const VM_GROWSDOWN = 0x100;
export const VM_UFFD_MISSING = 0x200;
export const VM_PFNMAP = 0x400;
/** The VMA may hold guard regions (v6.18). */
export const VM_MAYBE_GUARD = 0x800;
export const VM_UFFD_WP = 0x1000;
export const VM_LOCKED = 0x2000;
export const VM_IO = 0x4000;
export const VM_SEQ_READ = 0x8000;
export const VM_RAND_READ = 0x1_0000;
export const VM_DONTCOPY = 0x2_0000;
export const VM_DONTEXPAND = 0x4_0000;
export const VM_LOCKONFAULT = 0x8_0000;
export const VM_ACCOUNT = 0x10_0000;
export const VM_NORESERVE = 0x20_0000;
export const VM_HUGETLB = 0x40_0000;
export const VM_SYNC = 0x80_0000;
/** MODEL: stands where an architecture's own flag would; Linux has it above bit 31. */
export const VM_UFFD_MINOR = 0x100_0000;
export const VM_WIPEONFORK = 0x200_0000;
export const VM_DONTDUMP = 0x400_0000;
/** Set means that soft-dirty tracking is off: the whole VMA counts as dirty. */
export const VM_SOFTDIRTY = 0x800_0000;
export const VM_MIXEDMAP = 0x1000_0000;
export const VM_HUGEPAGE = 0x2000_0000;
export const VM_NOHUGEPAGE = 0x4000_0000;
export const VM_MERGEABLE = 1 << 31;

/** What mprotect changes. */
export const VM_ACCESS_FLAGS = VM_READ | VM_WRITE | VM_EXEC;
/** Kinds of mapping that are neither locked, merged nor expanded. */
export const VM_SPECIAL = VM_IO | VM_DONTEXPAND | VM_PFNMAP | VM_MIXEDMAP;
export const VM_LOCKED_MASK = VM_LOCKED | VM_LOCKONFAULT;
/** The userfaultfd modes that a VMA can be registered with. */
export const __VM_UFFD_FLAGS = VM_UFFD_MISSING | VM_UFFD_WP | VM_UFFD_MINOR;

/** Two-letter names as /proc/PID/smaps prints them, in its order: that of the bits. */
const mnemonics: readonly (readonly [flag: number, name: string])[] = [
  [VM_READ, 'rd'],
  [VM_WRITE, 'wr'],
  [VM_EXEC, 'ex'],
  [VM_SHARED, 'sh'],
  [VM_MAYREAD, 'mr'],
  [VM_MAYWRITE, 'mw'],
  [VM_MAYEXEC, 'me'],
  [VM_MAYSHARE, 'ms'],
  [VM_GROWSDOWN, 'gd'],
  [VM_UFFD_MISSING, 'um'],
  [VM_PFNMAP, 'pf'],
  [VM_MAYBE_GUARD, 'gu'],
  [VM_UFFD_WP, 'uw'],
  [VM_LOCKED, 'lo'],
  [VM_IO, 'io'],
  [VM_SEQ_READ, 'sr'],
  [VM_RAND_READ, 'rr'],
  [VM_DONTCOPY, 'dc'],
  [VM_DONTEXPAND, 'de'],
  [VM_LOCKONFAULT, 'lf'],
  [VM_ACCOUNT, 'ac'],
  [VM_NORESERVE, 'nr'],
  [VM_HUGETLB, 'ht'],
  [VM_SYNC, 'sf'],
  [VM_WIPEONFORK, 'wf'],
  [VM_DONTDUMP, 'dd'],
  [VM_SOFTDIRTY, 'sd'],
  [VM_MIXEDMAP, 'mm'],
  [VM_HUGEPAGE, 'hg'],
  [VM_NOHUGEPAGE, 'nh'],
  [VM_MERGEABLE, 'mg'],
  [VM_UFFD_MINOR, 'ui'],
];

/**
 * The names in a `VmFlags:` line, in the order of their bits.
 *
 * @kernel fs/proc/task_mmu.c show_smap_vma_flags v6.2
 */
export function showSmapVmaFlags(vmFlags: number): string[] {
  return mnemonics.filter(([flag]) => (vmFlags & flag) !== 0).map(([, name]) => name);
}

/** The permissions in a line of /proc/PID/maps: `rw-p`. */
export function showPermissions(vmFlags: number): string {
  return (
    (vmFlags & VM_READ ? 'r' : '-') +
    (vmFlags & VM_WRITE ? 'w' : '-') +
    (vmFlags & VM_EXEC ? 'x' : '-') +
    (vmFlags & VM_MAYSHARE ? 's' : 'p')
  );
}

/**
 * Whether pages written through a mapping with these flags become anonymous.
 *
 * @kernel include/linux/mm.h is_cow_mapping v6.2
 */
export function isCowMapping(vmFlags: number): boolean {
  return (vmFlags & (VM_SHARED | VM_MAYWRITE)) === VM_MAYWRITE;
}
