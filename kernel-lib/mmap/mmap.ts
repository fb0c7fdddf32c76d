import { EACCES, EEXIST, EINVAL, ENODEV, ENOMEM, EOPNOTSUPP, EOVERFLOW } from '../base/errno.js';
import { mmPopulate } from '../gup/populate.js';
import { hugetlbReservePages } from '../huge/hugetlb.js';
import type { Machine } from '../machine/machine.js';
import { kmemCacheZalloc } from '../machine/slab.js';
import { shmemZeroSetup } from '../pagecache/shmem-file.js';
import { hpagePmdSize } from '../pgtable/pmd.js';
import { taskSize } from '../pgtable/table.js';
import type { Step } from '../step/step.js';
import { type PendingEvent, userfaultfdUnmapComplete } from '../uffd/events.js';
import {
  AddressSpace,
  FILE_DAX,
  FILE_DISK,
  FILE_HUGETLB,
  FILE_REMAP,
  FILE_SHMEM,
  FILE_ZERO,
  FMODE_READ,
  FMODE_WRITE,
  getFile,
  vmaLinkFile,
  vmaMapping,
  type File,
} from '../vma/file.js';
import { mmapRegionMerge, vmaMergeNewRange, type VmaMerge } from '../vma/merge.js';
import type { Mm } from '../vma/mm.js';
import { mmapWriteLock, mmapWriteUnlock } from '../vma/mmap-lock.js';
import { vmaSetPageProt } from '../vma/page-prot.js';
import { findVma, findVmaIntersection, insertVma, vmaBefore, vmasOf } from '../vma/vma-list.js';
import {
  VM_OPS_DAX,
  VM_OPS_FILE,
  VM_OPS_HUGETLB,
  VM_OPS_REMAP,
  VM_OPS_SHMEM,
  Vma,
  vmAreaFree,
} from '../vma/vma.js';
import {
  VM_ACCOUNT,
  VM_DONTEXPAND,
  VM_EXEC,
  VM_HUGETLB,
  VM_LOCKED,
  VM_MAYEXEC,
  VM_MAYREAD,
  VM_MAYSHARE,
  VM_MAYWRITE,
  VM_NORESERVE,
  VM_READ,
  VM_SHARED,
  VM_SOFTDIRTY,
  VM_WRITE,
} from '../vma/vm-flags.js';
import { flushDelayedFput } from '../zap/delayed-fput.js';
import {
  LEGACY_MAP_MASK,
  MAP_FIXED,
  MAP_FIXED_NOREPLACE,
  MAP_LOCKED,
  MAP_NONBLOCK,
  MAP_NORESERVE,
  MAP_POPULATE,
  MAP_PRIVATE,
  MAP_SHARED,
  MAP_SHARED_VALIDATE,
  MAP_TYPE,
  PROT_EXEC,
  PROT_READ,
  PROT_WRITE,
} from './flags.js';
import { remapPfnRange } from './remap-pfn-range.js';
import { doMunmap } from './munmap.js';

/** Where mappings go for which no address is asked. MODEL: upwards from here, the first gap that is wide enough. */
const MMAP_BASE = 0x2000_0000;

/** What mmap is asked for. */
export interface MmapRequest {
  /** The file, NULL for anonymous memory. */
  readonly file: File | null;
  /** Wish for an address; the address itself with MAP_FIXED. */
  readonly addr: number;
  /** In bytes. */
  readonly len: number;
  /** PROT_… */
  readonly prot: number;
  /** MAP_… */
  readonly flags: number;
  /** Offset in the file, in pages. */
  readonly pgoff: number;
}

/**
 * The mmap system call.
 *
 * @kernel mm/util.c vm_mmap_pgoff v6.2
 * @returns the address, or -EINVAL, -ENOMEM, -EOVERFLOW, -EEXIST, -EACCES, -ENODEV, -EOPNOTSUPP
 */
export function* vmMmapPgoff(k: Machine, mm: Mm, request: MmapRequest): Step<number> {
  const unmaps: PendingEvent[] = [];
  yield* mmapWriteLock(k, mm);
  const addr = yield* doMmap(k, mm, request, unmaps);
  const locked = addr >= 0 && (findVma(k, mm, addr)!.vmFlags & VM_LOCKED) !== 0;
  mmapWriteUnlock(k, mm);
  yield* userfaultfdUnmapComplete(k, unmaps);
  yield* flushDelayedFput(k);
  const populate = (request.flags & (MAP_POPULATE | MAP_NONBLOCK)) === MAP_POPULATE;
  if (addr >= 0 && (locked || populate)) yield* mmPopulate(k, mm, addr, pageAlign(k, request.len));
  return addr;
}

/** @kernel mm/mmap.c do_mmap v6.2 */
function* doMmap(k: Machine, mm: Mm, request: MmapRequest, unmaps: PendingEvent[]): Step<number> {
  if (request.len === 0) return -EINVAL;
  const len = pageAlign(k, request.len);
  if (len === 0) return -ENOMEM;
  if (!Number.isSafeInteger(request.pgoff + len)) return -EOVERFLOW;
  const addr = getUnmappedArea(k, mm, request, len);
  if (addr < 0) return addr;
  if (request.file?.fOp === FILE_HUGETLB) {
    if (k.pte.huge === undefined) return -ENODEV;
    if (!wholeHugePages(k, addr, len, request.pgoff)) return -EINVAL;
  }
  const noreplace = (request.flags & MAP_FIXED_NOREPLACE) !== 0;
  if (noreplace && findVmaIntersection(k, mm, addr, addr + len) !== null) return -EEXIST;
  const vmFlags = mappingFlags(mm, request);
  if (vmFlags < 0) return vmFlags;
  const pgoff = firstPgoff(k, request, addr);
  return yield* mmapRegion(k, mm, request.file, addr, len, vmFlags, pgoff, unmaps);
}

/** Whether a mapping begins and ends with a huge page. MODEL: the test in hugetlbfs_file_mmap(). */
function wholeHugePages(k: Machine, addr: number, len: number, pgoff: number): boolean {
  return [addr, len, pgoff * k.pageSize].every((bytes) => bytes % hpagePmdSize(k) === 0);
}

/** VM_… flags of the mapping, or a negative error number. None of them is VM_MERGEABLE, whose sign would mislead. */
function mappingFlags(mm: Mm, { file, prot, flags }: MmapRequest): number {
  let vmFlags = calcVmProtBits(prot) | mm.defFlags | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC;
  if (flags & MAP_LOCKED) vmFlags |= VM_LOCKED;
  if (flags & MAP_NORESERVE) vmFlags |= VM_NORESERVE;
  const type = flags & MAP_TYPE;
  const validated = type === MAP_SHARED_VALIDATE && file !== null;
  if (type !== MAP_SHARED && type !== MAP_PRIVATE && !validated) return -EINVAL;
  if (validated && (flags & ~LEGACY_MAP_MASK) !== 0) return -EOPNOTSUPP;
  const writable = file === null || (file.fMode & FMODE_WRITE) !== 0;
  if (type !== MAP_PRIVATE) {
    if ((prot & PROT_WRITE) !== 0 && !writable) return -EACCES;
    vmFlags |= VM_SHARED | VM_MAYSHARE;
    if (!writable) vmFlags &= ~(VM_MAYWRITE | VM_SHARED);
  }
  if (file !== null && (file.fMode & FMODE_READ) === 0) return -EACCES;
  if (file !== null && file.fOp === 0) return -ENODEV;
  return vmFlags;
}

/** Page offset of a mapping's start: for anonymous memory that of its address, so that VMAs can merge. */
function firstPgoff(k: Machine, { file, flags, pgoff }: MmapRequest, addr: number): number {
  if (file !== null) return pgoff;
  return (flags & MAP_TYPE) === MAP_SHARED ? 0 : addr / k.pageSize;
}

/** @kernel include/linux/mman.h calc_vm_prot_bits v6.2 */
export function calcVmProtBits(prot: number): number {
  return (
    (prot & PROT_READ ? VM_READ : 0) | (prot & PROT_WRITE ? VM_WRITE : 0) | (prot & PROT_EXEC ? VM_EXEC : 0)
  );
}

/**
 * Maps [addr, addr + len), in place of whatever is mapped there.
 *
 * @kernel mm/mmap.c mmap_region v6.2
 */
function* mmapRegion(
  k: Machine,
  mm: Mm,
  file: File | null,
  addr: number,
  len: number,
  vmFlags: number,
  pgoff: number,
  unmaps: PendingEvent[],
): Step<number> {
  const end = addr + len;
  if ((yield* doMunmap(k, mm, addr, len, unmaps)) !== 0) return -ENOMEM;
  const flags = accountableMapping(vmFlags) ? vmFlags | VM_ACCOUNT : vmFlags;
  const vma =
    mergeNewMapping(k, {
      mm,
      prev: vmaBefore(k, mm, addr),
      next: findVma(k, mm, addr),
      start: addr,
      end,
      flags,
      pgoff,
      file: file === null ? 0 : file.at,
      anonVma: 0,
      uffdCtx: 0,
    }) ?? (yield* newMapping(k, mm, file, { start: addr, end, flags, pgoff }));
  if (vma === null) return -ENOMEM;
  mm.totalVm += len / k.pageSize;
  if (flags & VM_LOCKED) mm.lockedVm += len / k.pageSize;
  // Also a stretched VMA: who tracks stores must take the new part for changed.
  if (k.softDirty) vma.vmFlags |= VM_SOFTDIRTY;
  vmaSetPageProt(k, vma);
  return addr;
}

function mergeNewMapping(k: Machine, vmg: VmaMerge): Vma | null {
  return k.patched.mergeNewRange ? vmaMergeNewRange(k, vmg) : mmapRegionMerge(k, vmg);
}

function* newMapping(
  k: Machine,
  mm: Mm,
  file: File | null,
  range: Pick<VmaMerge, 'start' | 'end' | 'flags' | 'pgoff'>,
): Step<Vma | null> {
  const vma = kmemCacheZalloc(k, Vma);
  vma.vmMm = mm.at;
  vma.vmStart = range.start;
  vma.vmEnd = range.end;
  vma.vmFlags = range.flags;
  vma.vmPgoff = range.pgoff;
  if (file !== null && !(yield* callMmap(k, file, vma))) {
    vmAreaFree(k, vma);
    return null;
  }
  if (file === null && (vma.vmFlags & VM_SHARED) !== 0) shmemZeroSetup(k, vma);
  insertVma(k, mm, vma);
  vmaLinkFile(k, vma);
  return vma;
}

/**
 * The file's own part of mmap: who answers the faults. /dev/zero mapped privately is anonymous memory that keeps
 * its file, mapped shared it is shared anonymous memory.
 *
 * @kernel include/linux/fs.h call_mmap v6.2
 * @returns false when the file refuses
 */
function* callMmap(k: Machine, file: File, vma: Vma): Step<boolean> {
  vma.vmFile = file.at;
  if (file.fOp === FILE_HUGETLB && !hugetlbfsFileMmap(k, vma)) return false;
  if (file.fOp === FILE_REMAP && (yield* remapDeviceMmap(k, vma)) !== 0) return false;
  getFile(k, file.at);
  if (file.fOp === FILE_SHMEM) vma.vmOps = VM_OPS_SHMEM;
  else if (file.fOp === FILE_DISK) vma.vmOps = VM_OPS_FILE;
  else if (file.fOp === FILE_DAX) vma.vmOps = VM_OPS_DAX;
  else if (file.fOp === FILE_ZERO && vma.vmFlags & VM_SHARED) shmemZeroSetup(k, vma);
  return true;
}

/** MODEL: what the mmap of such a driver does, as mmap_mem() of drivers/char/mem.c. */
function* remapDeviceMmap(k: Machine, vma: Vma): Step<number> {
  const { daxPfn, daxNrPages } = vmaMapping(k, vma)!;
  const size = vma.vmEnd - vma.vmStart;
  if (vma.vmPgoff + size / k.pageSize > daxNrPages) return -EINVAL;
  vma.vmOps = VM_OPS_REMAP;
  return yield* remapPfnRange(k, vma, vma.vmStart, daxPfn + vma.vmPgoff, size);
}

/** `hugetlbfs_file_mmap` of fs/hugetlbfs/inode.c. @returns false when the pool has not pages enough */
function hugetlbfsFileMmap(k: Machine, vma: Vma): boolean {
  vma.vmFlags |= VM_HUGETLB | VM_DONTEXPAND;
  vma.vmOps = VM_OPS_HUGETLB;
  return hugetlbReservePages(k, vmaMapping(k, vma)!, vma);
}

/**
 * Whether the mapping may come to need memory of its own for every page.
 *
 * @kernel mm/mmap.c accountable_mapping v6.2
 */
function accountableMapping(vmFlags: number): boolean {
  return (vmFlags & (VM_NORESERVE | VM_SHARED | VM_WRITE)) === VM_WRITE;
}

/**
 * @kernel mm/mmap.c get_unmapped_area v6.2
 * @param len whole pages; below 0 stands for the huge number that size_t makes of it
 * @returns an address at which [addr, addr + len) is free or, with MAP_FIXED, may be replaced; -ENOMEM, -EINVAL
 */
export function getUnmappedArea(
  k: Machine,
  mm: Mm,
  { file, addr, flags }: Pick<MmapRequest, 'file' | 'addr' | 'flags'>,
  len: number,
): number {
  const size = taskSize(k);
  const align = alignOf(k, file);
  const fixed = (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) !== 0;
  if (len < 0 || len > size || (fixed && addr > size - len)) return -ENOMEM;
  if (fixed) return addr % k.pageSize === 0 ? addr : -EINVAL;
  const wish = Math.ceil(addr / align) * align;
  if (wish !== 0 && wish <= size - len && findVmaIntersection(k, mm, wish, wish + len) === null) return wish;
  let free = Math.ceil(Math.min(MMAP_BASE, size / 4) / align) * align;
  for (const vma of vmasOf(k, mm, free)) {
    if (free + len <= vma.vmStart) break;
    free = Math.ceil(vma.vmEnd / align) * align;
  }
  return free > size - len ? -ENOMEM : free;
}

/** What addresses of a file's mappings are multiples of, in bytes, so that huge entries fit. */
function alignOf(k: Machine, file: File | null): number {
  if (file?.fOp === FILE_HUGETLB) return hpagePmdSize(k);
  return file?.fOp === FILE_DAX ? AddressSpace.at(k, file.fMapping).daxAlign : k.pageSize;
}

/** A length in bytes rounded up to whole pages. */
export function pageAlign(k: Machine, len: number): number {
  return Math.ceil(len / k.pageSize) * k.pageSize;
}
