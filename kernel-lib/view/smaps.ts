import { vmaKernelPagesize } from '../huge/hugetlb.js';
import type { Machine } from '../machine/machine.js';
import type { Process } from '../sys/process.js';
import { FILE_DISK, FILE_HUGETLB, FILE_SHMEM, FILE_ZERO, File } from '../vma/file.js';
import { VM_LOCKONFAULT, showPermissions, showSmapVmaFlags } from '../vma/vm-flags.js';
import { vmasOf } from '../vma/vma-list.js';
import type { Vma } from '../vma/vma.js';
import { showSmap } from '../walk/smaps.js';
import { checkPlace, checkProcess } from './process-argument.js';
import { Preformatted } from './preformatted.js';

/** The figures of one mapping in the order of their lines. */
const lines = [
  'Rss',
  'Pss',
  'Pss_Dirty',
  'Shared_Clean',
  'Shared_Dirty',
  'Private_Clean',
  'Private_Dirty',
  'Referenced',
  'Anonymous',
  'KSM',
  'LazyFree',
  'AnonHugePages',
  'ShmemPmdMapped',
  'FilePmdMapped',
  'Shared_Hugetlb',
  'Private_Hugetlb',
  'Swap',
  'SwapPss',
  'Locked',
] as const;

/** Where the figures begin, and how wide they are. */
const LABEL_WIDTH = 16;
const FIGURE_WIDTH = 8;

/**
 * /proc/PID/smaps of a process, as its kernel prints it; without the lines THPeligible and ProtectionKey.
 *
 * @param address of any byte of the one mapping that is wanted; absent: all mappings
 * @throws InputError when the process has exited
 */
export function smaps(process: Process, address?: number): Preformatted {
  if (address === undefined) checkProcess('view.smaps', process);
  else checkPlace('view.smaps', process, address);
  const { mm } = process;
  const vmas = address === undefined ? vmasOf(mm.k, mm) : vmasOf(mm.k, mm, address, address + 1);
  return new Preformatted(vmas.map((vma) => smap(mm.k, vma)).join('\n'));
}

function smap(k: Machine, vma: Vma): string {
  const figures = showSmap(k, vma);
  const shown = lines.filter((name) => name !== 'KSM' || k.patched.smapsKsm);
  const hidden = k.patched.smapsLockonfault ? 0 : VM_LOCKONFAULT;
  return [
    mapLine(k, vma),
    line('Size', (vma.vmEnd - vma.vmStart) / 1024),
    line('KernelPageSize', vmaKernelPagesize(k, vma) / 1024),
    line('MMUPageSize', vmaKernelPagesize(k, vma) / 1024),
    ...shown.map((name) => line(name, figures[name] ?? 0)),
    `VmFlags: ${showSmapVmaFlags(vma.vmFlags & ~hidden).join(' ')} `,
  ].join('\n');
}

function line(name: string, kib: number): string {
  const label = `${name}:`.padEnd(LABEL_WIDTH);
  return `${label}${String(kib).padStart(LABEL_WIDTH + FIGURE_WIDTH - label.length)} kB`;
}

const fileNames: ReadonlyMap<number, string> = new Map([
  [FILE_SHMEM, '/memfd:object (deleted)'],
  [FILE_ZERO, '/dev/zero'],
  [FILE_DISK, '/mnt/file'],
  [FILE_HUGETLB, '/anon_hugepage (deleted)'],
]);

/**
 * The line of a mapping as in /proc/PID/maps.
 *
 * MODEL: an object's inode number is its address in the model's memory, and its name says no more.
 */
function mapLine(k: Machine, vma: Vma): string {
  const hex = (value: number): string => value.toString(16).padStart(8, '0');
  const range = `${hex(vma.vmStart)}-${hex(vma.vmEnd)} ${showPermissions(vma.vmFlags)}`;
  if (vma.vmFile === 0) return `${range} 00000000 00:00 0 `;
  const file = File.at(k, vma.vmFile);
  const prefix = `${range} ${hex(vma.vmPgoff * k.pageSize)} 00:01 ${file.fMapping} `;
  // As wide as the kernel's longs make it.
  const column = 25 + (k.pte.arch.longBits / 8) * 6 - 1;
  return `${prefix.padEnd(column)} ${fileNames.get(file.fOp) ?? ''}`;
}
