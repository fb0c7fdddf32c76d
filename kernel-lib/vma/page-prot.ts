import type { Machine } from '../machine/machine.js';
import type { Vma } from './vma.js';
import { VM_OPS_FILE } from './vma.js';
import { VM_ACCESS_FLAGS, VM_SHARED, VM_SOFTDIRTY, VM_UFFD_WP, VM_WRITE } from './vm-flags.js';

/** The flags that choose a page protection: the index of protection_map[]. */
export const VM_PROT_FLAGS = VM_ACCESS_FLAGS | VM_SHARED;

/**
 * Chooses the protection of PTEs to come. Where a first store has to be seen, a shared mapping gets that of a
 * private one, which is read-only.
 *
 * MODEL: vmPageProt is the index into protection_map[], not the protection itself.
 *
 * @kernel mm/mmap.c vma_set_page_prot v6.2
 */
export function vmaSetPageProt(k: Machine, vma: Vma): void {
  const prot = vma.vmFlags & VM_PROT_FLAGS;
  vma.vmPageProt = vmaWantsWritenotify(k, vma, prot) ? prot & ~VM_SHARED : prot;
}

/**
 * Whether the file has to be told of stores to the VMA's pages.
 *
 * @kernel mm/vma.c vma_needs_dirty_tracking 6.12
 * @differs every file on a disk has a page_mkwrite and can be written back, and no other file has
 */
export function vmaNeedsDirtyTracking(vma: Vma): boolean {
  const sharedWritable = (vma.vmFlags & (VM_WRITE | VM_SHARED)) === (VM_WRITE | VM_SHARED);
  return sharedWritable && vma.vmOps === VM_OPS_FILE;
}

/**
 * Whether the first store to a clean page of a shared mapping has to fault.
 *
 * @kernel mm/mmap.c vma_wants_writenotify v6.2
 * @param vmPageProt asked for a protection that is already read-only the answer is no
 */
export function vmaWantsWritenotify(k: Machine, vma: Vma, vmPageProt: number): boolean {
  if ((vma.vmFlags & (VM_WRITE | VM_SHARED)) !== (VM_WRITE | VM_SHARED)) return false;
  if (vmaNeedsDirtyTracking(vma)) return true;
  if (vmPageProt !== (vma.vmFlags & VM_PROT_FLAGS)) return false;
  if (vmaSoftDirtyEnabled(k, vma)) return true;
  return k.patched.uffdWpWritenotify && (vma.vmFlags & VM_UFFD_WP) !== 0;
}

/**
 * Whether stores to the VMA's pages are recorded one by one; a VMA with VM_SOFTDIRTY counts as dirty throughout.
 *
 * @kernel mm/internal.h vma_soft_dirty_enabled v6.2
 */
export function vmaSoftDirtyEnabled(k: Machine, vma: Vma): boolean {
  return k.softDirty && (vma.vmFlags & VM_SOFTDIRTY) === 0;
}

/**
 * Whether PTEs have to be made writable one by one, because the page protection does not do it.
 *
 * @kernel mm/vma.h vma_wants_manual_pte_write_upgrade 6.12
 */
export function vmaWantsManualPteWriteUpgrade(k: Machine, vma: Vma): boolean {
  if (vma.vmFlags & VM_SHARED) return vmaWantsWritenotify(k, vma, vma.vmPageProt);
  return (vma.vmFlags & VM_WRITE) !== 0;
}
