import { InputError } from '../base/error.js';
import { dupMm } from '../fork/dup-mmap.js';
import type { Machine } from '../machine/machine.js';
import { kmemCacheFree, kmemCacheZalloc } from '../machine/slab.js';
import { Task } from '../machine/task.js';
import { allocTable, freeTable } from '../pgtable/table.js';
import { run } from '../step/step.js';
import { unlinkAnonVmas } from '../vma/anon-vma.js';
import { Mm } from '../vma/mm.js';
import { vmaSetPageProt } from '../vma/page-prot.js';
import {
  VM_ACCOUNT,
  VM_EXEC,
  VM_MAYEXEC,
  VM_MAYREAD,
  VM_MAYWRITE,
  VM_READ,
  VM_SOFTDIRTY,
  VM_WRITE,
} from '../vma/vm-flags.js';
import { freeVmaList, insertVma, removeVma, vmasOf } from '../vma/vma-list.js';
import { Vma, vmAreaFree } from '../vma/vma.js';
import { freePgtables, unmapVmas } from '../zap/unmap-vmas.js';
import { type Signal, access } from './access.js';

/** Faults of a process since it started. */
export interface Faults {
  readonly min: number;
  readonly maj: number;
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

/** A process, as a notebook drives it. Addresses are plain numbers, in bytes. */
export class Process {
  readonly name: string;
  readonly task: Task;
  readonly #k: Machine;

  constructor(k: Machine, name: string, task: Task) {
    this.#k = k;
    this.name = name;
    this.task = task;
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
   * Maps fresh private memory of `nrPages` pages.
   *
   * @param options.prot any of `r`, `w`, `x`; @param options.flags `private anon`
   * @returns the address of the first byte
   */
  mmap(nrPages: number, options: { readonly prot?: string; readonly flags?: string } = {}): number {
    const { prot = 'rw', flags = 'private anon' } = options;
    if (!Number.isInteger(nrPages) || nrPages <= 0) {
      throw new InputError(`mmap: nrPages is ${nrPages}; allowed: a whole number from 1`);
    }
    if (!/^[rwx]*$/.test(prot)) throw new InputError(`mmap: prot is '${prot}'; allowed: letters of rwx`);
    if (flags !== 'private anon') throw new InputError(`mmap: flags are '${flags}'; allowed: private anon`);
    return mapAnonymous(this.#k, this.mm, nrPages, prot);
  }

  /** Forks. The child has a copy of the address space, sharing its pages until somebody writes. */
  fork(name: string): Process {
    const k = this.#k;
    k.current = this.task;
    return newTask(k, name, run(dupMm(k, this.mm)));
  }

  /** Ends the process: its memory goes. */
  exit(): void {
    const k = this.#k;
    const { mm } = this;
    const vmas = vmasOf(k, mm);
    run(unmapVmas(k, mm, vmas));
    freePgtables(k, mm, 0, Infinity);
    for (const vma of vmas) {
      removeVma(k, mm, vma);
      unlinkAnonVmas(k, vma);
      vmAreaFree(k, vma);
    }
    freeVmaList(k, mm);
    freeTable(k, mm.pgd, 0);
    kmemCacheFree(k, Mm, mm.at);
    this.task.mm = 0;
  }

  /** Loads the byte at `address`. @throws AccessError when a signal stops the access */
  read(address: number): number {
    return this.#access(address, undefined, 'read');
  }

  /** Stores a byte at `address`. @throws AccessError when a signal stops the access */
  write(address: number, value: number): void {
    if (!Number.isInteger(value) || value < 0 || value > 255) {
      throw new InputError(`write: value is ${value}; allowed: a byte, 0 to 255`);
    }
    this.#access(address, value, 'write');
  }

  #access(address: number, value: number | undefined, what: string): number {
    const k = this.#k;
    k.current = this.task;
    const result = run(access(k, this.mm, address, value));
    if (typeof result !== 'number') throw new AccessError(this.name, what, address, result);
    return result;
  }

  get mm(): Mm {
    if (!this.alive) throw new InputError(`${this.name} has exited`);
    return Mm.at(this.#k, this.task.mm);
  }

  toString(): string {
    const { min, maj } = this.faults;
    return `${this.name} (pid ${this.pid}): ${min} minor and ${maj} major faults${this.alive ? '' : ', exited'}`;
  }
}

/** A process with an empty address space. */
export function newProcess(k: Machine, name: string): Process {
  const mm = kmemCacheZalloc(k, Mm);
  mm.pgd = allocTable(k, 0);
  return newTask(k, name, mm);
}

function newTask(k: Machine, name: string, mm: Mm): Process {
  const task = kmemCacheZalloc(k, Task);
  task.mm = mm.at;
  task.pid = k.globals.nextPid + 1;
  k.globals.nextPid = task.pid;
  return new Process(k, name, task);
}

/** Where mappings go. MODEL: upwards from here, behind the last one, with a page between. */
const MMAP_BASE = 0x2000_0000;

function mapAnonymous(k: Machine, mm: Mm, nrPages: number, prot: string): number {
  const last = vmasOf(k, mm).at(-1);
  const vma = kmemCacheZalloc(k, Vma);
  vma.vmMm = mm.at;
  vma.vmStart = last === undefined ? MMAP_BASE : last.vmEnd + k.pageSize;
  vma.vmEnd = vma.vmStart + nrPages * k.pageSize;
  vma.vmPgoff = vma.vmStart / k.pageSize;
  const allowed = (prot.includes('r') ? VM_READ : 0) | (prot.includes('x') ? VM_EXEC : 0);
  vma.vmFlags =
    allowed | (prot.includes('w') ? VM_WRITE | VM_ACCOUNT : 0) | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC;
  if (k.softDirty) vma.vmFlags |= VM_SOFTDIRTY;
  vmaSetPageProt(k, vma);
  insertVma(k, mm, vma);
  return vma.vmStart;
}
