import { pteTable } from '../pgtable/table.js';
import { pteVal, type LeafLevel } from '../arch/codec.js';
import { errnoNames } from '../base/errno.js';
import {
  badArgument,
  checkAddress,
  checkByte,
  checkName,
  checkOneOf,
  checkOptions,
  checkWhole,
} from '../base/argument.js';
import { InputError } from '../base/error.js';
import { migrateToDevice } from '../device/private.js';
import { folioPut } from '../folio/alloc.js';
import { NO_PAGE } from '../folio/frame.js';
import { folioUnlock } from '../folio/lock.js';
import { makeDeviceExclusiveRange } from '../gup/device-exclusive.js';
import type { Machine } from '../machine/machine.js';
import type { Task } from '../machine/task.js';
import {
  MAP_ANONYMOUS,
  MAP_HUGETLB,
  MAP_PRIVATE,
  MAP_SHARED,
  MS_SYNC,
  PROT_EXEC,
  PROT_READ,
  PROT_WRITE,
} from '../mmap/flags.js';
import { type Advice, advices, doMadvise } from '../mmap/madvise.js';
import { ksysMmapPgoff } from '../mmap/mmap-hugetlb.js';
import { doMprotectPkey } from '../mmap/mprotect.js';
import { msync } from '../mmap/msync.js';
import { __vmMunmap } from '../mmap/munmap.js';
import { entryAt } from '../pgtable/pmd.js';
import { pudAt, pudLeaf } from '../pgtable/pud.js';
import type { Mm } from '../vma/mm.js';
import { mincore } from '../walk/mincore.js';
import { type Signal, access } from './access.js';
import { iomapDioRw } from './direct-file-io.js';
import type { DaxDevice } from './dax-device.js';
import type { DiskFile } from './disk-file.js';
import { DevicePin, PagePipe } from './held-pages.js';
import { vaddrGetPfns } from './pins.js';
import { allocPipeInfo, freePipeInfo, vmspliceToPipe } from './pipe.js';
import { type Userfaultfd, type UserfaultfdOptions, openUserfaultfd } from './userfaultfd.js';
import { runOperation } from './operation.js';
import { exitTask, forkTask, mmOfTask, newTask } from './task.js';

/** Faults of a process since it started. */
export interface Faults {
  readonly min: number;
  readonly maj: number;
}

/** What mmap is asked for beside a length. */
export interface MmapOptions {
  readonly prot?: string;
  readonly flags?: string;
  readonly file?: DiskFile | DaxDevice;
  readonly from?: number;
}

/** An access that a signal stopped. */
export class AccessError extends Error {
  override readonly name = 'AccessError';
  readonly signal: Signal;

  constructor(process: string, what: string, address: number, signal: Signal) {
    const { sig, code } = signal;
    super(`${process}: ${what} at 0x${address.toString(16)} gets SIG${sig} (si_code ${code})`);
    this.signal = signal;
  }
}

/** A system call that failed. */
export class SystemCallError extends Error {
  override readonly name = 'SystemCallError';
  readonly errno: number;

  constructor(process: string, what: string, errno: number) {
    super(`${process}: ${what} fails with ${errnoNames.get(errno) ?? errno}`);
    this.errno = errno;
  }
}

/** A process, as a notebook drives it. Addresses are plain numbers, in bytes. */
export class Process {
  readonly name: string;
  readonly task: Task;
  readonly #k: Machine;
  readonly #mm: Mm;

  constructor(k: Machine, name: string, task: Task) {
    this.#k = k;
    this.name = name;
    this.task = task;
    this.#mm = mmOfTask(k, task);
  }

  get pid(): number {
    return this.task.pid;
  }

  get alive(): boolean {
    return this.task.mm !== 0;
  }

  get faults(): Faults {
    return { min: this.task.minFlt, maj: this.task.majFlt };
  }

  /**
   * Maps `nrPages` pages of fresh memory, or of a file, where there is room.
   *
   * @param options.prot letters of `rwx`, absent: `rw`
   * @param options.flags `private anon` or `shared anon`; with `hugetlb` behind it in huge pages, of which
   *     `boot({ hugepages })` has put some aside; of a file `shared` or `private`. Absent: the first of these
   * @param options.file a file on the disk or a DAX device; absent: memory
   * @param options.from first page in the file, absent: 0
   * @throws SystemCallError when too few huge pages are free
   * @returns the address of the first byte
   */
  mmap(nrPages: number, options: MmapOptions = {}): number {
    checkOptions('mmap', options, ['prot', 'flags', 'file', 'from']);
    const { prot = 'rw', file, from = 0 } = options;
    const visibilities = file === undefined ? mapFlags : fileMapFlags;
    const flags = options.flags ?? Object.keys(visibilities)[0]!;
    checkWhole('mmap', 'nrPages', nrPages, 1);
    checkWhole('mmap', 'from', from, 0);
    const bits = protBits('mmap', prot);
    const visibility = checkOneOf('mmap', 'flags', flags, visibilities);
    const k = this.#enter();
    const len = nrPages * k.pageSize;
    const request = {
      ...{ file: file?.file ?? null, addr: 0, len, prot: bits, flags: visibility },
      pgoff: from,
    };
    return this.#result('mmap', runOperation(this.#k, ksysMmapPgoff(k, this.mm, request)));
  }

  /** Returns once what `nrPages` pages of shared file mappings hold is on the disk: msync with MS_SYNC. */
  msync(address: number, nrPages = 1): void {
    checkPages('msync', address, nrPages);
    const k = this.#enter();
    this.#result('msync', runOperation(k, msync(k, this.mm, address, nrPages * k.pageSize, MS_SYNC)));
  }

  /** Whether each of `nrPages` pages is in memory, mapped here or not. */
  mincore(address: number, nrPages = 1): boolean[] {
    checkPages('mincore', address, nrPages);
    const k = this.#enter();
    const vec = runOperation(k, mincore(k, this.mm, address, nrPages * k.pageSize));
    if (typeof vec === 'number') return this.#result('mincore', vec) as never;
    return vec.map((there) => there === 1);
  }

  /** O_DIRECT: the disk fills the page at `address` with a page of the file, past the page cache. */
  readDirect(file: DiskFile, page: number, address: number): void {
    checkWhole('readDirect', 'page', page, 0);
    checkAddress('readDirect', address);
    const k = this.#enter();
    this.#result('read', runOperation(k, iomapDioRw(k, this.mm, file.file, page, address, false)));
  }

  /** O_DIRECT: the disk takes a page of the file from the page at `address`, past the page cache. */
  writeDirect(file: DiskFile, page: number, address: number): void {
    checkWhole('writeDirect', 'page', page, 0);
    checkAddress('writeDirect', address);
    const k = this.#enter();
    this.#result('write', runOperation(k, iomapDioRw(k, this.mm, file.file, page, address, true)));
  }

  /** Unmaps `nrPages` pages from `address` on. */
  munmap(address: number, nrPages: number): void {
    checkPages('munmap', address, nrPages);
    const k = this.#enter();
    this.#result('munmap', runOperation(this.#k, __vmMunmap(k, this.mm, address, nrPages * k.pageSize)));
  }

  /** Changes the protection of `nrPages` pages; `prot` as for mmap. */
  mprotect(address: number, nrPages: number, prot: string): void {
    checkPages('mprotect', address, nrPages);
    const bits = protBits('mprotect', prot);
    const k = this.#enter();
    this.#result(
      'mprotect',
      runOperation(this.#k, doMprotectPkey(k, this.mm, address, nrPages * k.pageSize, bits)),
    );
  }

  /** Gives advice about `nrPages` pages: `madvise(page, 'MADV_PAGEOUT')`. */
  madvise(address: number, advice: Advice, nrPages = 1): void {
    checkPages('madvise', address, nrPages);
    if (!advices.includes(advice)) throw badArgument('madvise', 'advice', advice, advices.join(', '));
    const k = this.#enter();
    this.#result(
      'madvise',
      runOperation(this.#k, doMadvise(k, this.mm, address, nrPages * k.pageSize, advice)),
    );
  }

  /** Puts `nrPages` pages into a new pipe: the pages themselves, no copies. */
  vmsplice(address: number, nrPages = 1): PagePipe {
    checkPages('vmsplice', address, nrPages);
    const k = this.#enter();
    const pipe = allocPipeInfo(k);
    const spliced = runOperation(this.#k, vmspliceToPipe(k, this.mm, address, nrPages, pipe));
    if (spliced < 0) runOperation(this.#k, freePipeInfo(k, pipe));
    this.#result('vmsplice', spliced);
    return new PagePipe(k, pipe);
  }

  /**
   * Maps `nrPages` pages for a device, which holds them until it releases them (FOLL_PIN, FOLL_LONGTERM).
   *
   * @param options.write whether the device may write (FOLL_WRITE); absent: it only reads
   */
  pin(address: number, nrPages = 1, { write = false }: { readonly write?: boolean } = {}): DevicePin {
    checkPages('pin', address, nrPages);
    if (typeof write !== 'boolean') throw badArgument('pin', 'write', write, 'true, false');
    const k = this.#enter();
    const pinned = runOperation(this.#k, vaddrGetPfns(k, this.mm, address, nrPages, write));
    return typeof pinned === 'number' ? (this.#result('pin', pinned) as never) : new DevicePin(k, pinned);
  }

  /**
   * A driver moves pages to its device's own memory, of which `boot({ deviceMemory })` has given it some. Who touches
   * them gets them back.
   *
   * @returns how many have moved
   * @throws SystemCallError ENOSYS on a machine without such memory
   */
  moveToDevice(address: number, nrPages = 1): number {
    const k = this.#enter();
    const moving = migrateToDevice(k, this.mm, address, address + nrPages * k.pageSize);
    return this.#result('moveToDevice', runOperation(k, moving));
  }

  /**
   * A driver lets its device use one page alone, until a CPU touches it; this needs `boot({ deviceMemory })`.
   *
   * @throws InputError where the page cannot be had so
   */
  lendToDevice(address: number): void {
    const k = this.#enter();
    const pages = runOperation(this.#k, makeDeviceExclusiveRange(k, this.mm, address, address + k.pageSize));
    if (typeof pages === 'number') this.#result('make_device_exclusive_range', pages);
    const page = typeof pages === 'number' ? NO_PAGE : pages[0]!;
    if (page === NO_PAGE) throw new InputError('lendToDevice: only a private anonymous page can be lent');
    folioUnlock(k, page);
    runOperation(this.#k, folioPut(k, page));
  }

  /** The page-table entry of `address`, as a number of the architecture's width, or what stands in place of its table; 0 without either. */
  pte(address: number): bigint {
    checkAddress('pte', address);
    const k = this.#enter();
    const pud = pudAt(k, this.mm.pgd, address);
    const { lo, hi } = pudLeaf(pud) ? pud : entryAt(k, this.mm.pgd, address);
    return pteVal(Int32Array.of(lo, hi), 0);
  }

  /** Where that entry stands: in a table of PTEs, or above. */
  pteLevel(address: number): LeafLevel {
    checkAddress('pteLevel', address);
    const k = this.#enter();
    if (pudLeaf(pudAt(k, this.mm.pgd, address))) return 'pud';
    return k.pte.huge === undefined || pteTable(k, this.mm.pgd, address) !== 0 ? 'pte' : 'pmd';
  }

  /** The machine on which the process runs, for code that looks inside. */
  get machine(): Machine {
    return this.#k;
  }

  /**
   * Opens a userfaultfd for this process's memory; its monitor is outside of the process.
   *
   * @throws SystemCallError for a feature that the kernel has not
   */
  userfaultfd(options: UserfaultfdOptions = {}): Userfaultfd {
    return openUserfaultfd(this.#enter(), this.mm, options, (what, result) => this.#result(what, result));
  }

  /** Forks. The child has a copy of the address space, sharing its pages until somebody writes. */
  fork(name: string): Process {
    checkName('fork', 'name', name);
    const k = this.#enter();
    const child = runOperation(this.#k, forkTask(k, this.task));
    if (typeof child === 'number') return this.#result('fork', child) as never;
    return new Process(k, name, child);
  }

  /** Ends the process: its memory goes. */
  exit(): void {
    runOperation(this.#k, exitTask(this.#enter(), this.task));
  }

  /** Loads the byte at `address`. @throws AccessError when a signal stops the access */
  read(address: number): number {
    return accessByte(this, 'read', address);
  }

  /** Stores a byte at `address`. @throws AccessError when a signal stops the access */
  write(address: number, value: number): void {
    checkByte('write', value);
    accessByte(this, 'write', address, value);
  }

  /** The machine, on which this process runs from now on. @throws InputError when it has exited */
  #enter(): Machine {
    if (!this.alive) throw exited(this.name);
    this.#k.current = this.task;
    return this.#k;
  }

  /** A system call's result. @throws SystemCallError when it failed */
  #result(what: string, result: number): number {
    if (result < 0) throw new SystemCallError(this.name, what, -result);
    return result;
  }

  /** Its address space. @throws InputError when it has exited */
  get mm(): Mm {
    if (!this.alive) throw exited(this.name);
    return this.#mm;
  }

  toString(): string {
    const { min, maj } = this.faults;
    return `${this.name} (pid ${this.pid}): ${min} minor and ${maj} major faults${this.alive ? '' : ', exited'}`;
  }
}

/** A method of Process would do, but that a private one is asked for its class at every call, which a hit would feel. */
function accessByte(process: Process, what: string, address: number, value?: number): number {
  checkAddress(what, address);
  const { machine: k, task, mm } = process;
  // Most often it has run here before, and a look costs less than a store that the garbage collector hears of.
  if (k.current !== task) k.current = task;
  const result = runOperation(k, access(k, mm, address, value));
  if (typeof result !== 'number') throw new AccessError(process.name, what, address, result);
  return result;
}

function exited(name: string): InputError {
  return new InputError(`${name} has exited`);
}

const mapFlags: Readonly<Record<string, number>> = {
  'private anon': MAP_PRIVATE | MAP_ANONYMOUS,
  'shared anon': MAP_SHARED | MAP_ANONYMOUS,
  'private anon hugetlb': MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB,
  'shared anon hugetlb': MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB,
};

const fileMapFlags: Readonly<Record<string, number>> = { shared: MAP_SHARED, private: MAP_PRIVATE };

/** @throws InputError unless both are whole numbers, and there is a page */
function checkPages(call: string, address: number, nrPages: number): void {
  checkAddress(call, address);
  checkWhole(call, 'nrPages', nrPages, 1);
}

function protBits(call: string, prot: string): number {
  if (typeof prot !== 'string' || !/^[rwx]*$/.test(prot)) {
    throw badArgument(call, 'prot', prot, 'letters of rwx');
  }
  return (
    (prot.includes('r') ? PROT_READ : 0) |
    (prot.includes('w') ? PROT_WRITE : 0) |
    (prot.includes('x') ? PROT_EXEC : 0)
  );
}

/** A process with an empty address space. */
export function newProcess(k: Machine, name: string): Process {
  return new Process(k, name, newTask(k));
}
