import { vmBugOn } from '../base/error.js';
import { isDevicePfn, pageByte, setPageByte } from '../folio/frame.js';
import {
  FAULT_FLAG_ALLOW_RETRY,
  FAULT_FLAG_KILLABLE,
  FAULT_FLAG_TRIED,
  FAULT_FLAG_INTERRUPTIBLE,
  FAULT_FLAG_USER,
  FAULT_FLAG_VMA_LOCK,
  FAULT_FLAG_WRITE,
  VM_FAULT_COMPLETED,
  VM_FAULT_ERROR,
  VM_FAULT_HWPOISON,
  VM_FAULT_HWPOISON_LARGE,
  VM_FAULT_MAJOR,
  VM_FAULT_RETRY,
  VM_FAULT_SIGSEGV,
} from '../fault/flags.js';
import { handleMmFault } from '../fault/handle.js';
import type { Machine } from '../machine/machine.js';
import { BUS_MCEERR_AR } from '../migrate/memory-failure.js';
import { deviceContent, setDeviceContent } from '../pagecache/dax-device.js';
import { type Step, resultOf } from '../step/step.js';
import { NO_FRAME, WALKED, hasTlbs, translate, walkTables } from '../tlb/tlb.js';
import type { Mm } from '../vma/mm.js';
import { mmapReadLock, mmapReadUnlock } from '../vma/mmap-lock.js';
import { vmaLookup } from '../vma/vma-list.js';
import { VM_EXEC, VM_READ, VM_WRITE } from '../vma/vm-flags.js';

/** Why an access was stopped: the signal and its si_code. */
export interface Signal {
  readonly sig: 'SEGV' | 'BUS';
  readonly code: number;
}

/** si_code, as in asm-generic/siginfo.h. */
export const SEGV_MAPERR = 1;
export const SEGV_ACCERR = 2;
export const BUS_ADRERR = 2;

/** MODEL: so often a real access would go on faulting, too, but people want to know. */
const MANY_FAULTS = 1000;

/**
 * One byte load or store by the process itself.
 *
 * @param address any byte; the first of its page is touched
 * @param value to store; undefined loads
 * @returns the byte, or the signal that stopped the access
 */
export function* access(k: Machine, mm: Mm, address: number, value?: number): Step<number | Signal> {
  for (let faults = 0; ; faults++) {
    const byte = yield* resultOf(tryAccess(k, mm, address, value));
    if (byte !== undefined) return byte;
    vmBugOn(faults > MANY_FAULTS, 'an access faults for ever: every fault is answered, and none helps');
    const signal = yield* doUserAddrFault(k, mm, address, value !== undefined);
    if (signal !== undefined) return signal;
  }
}

/** One try of an access and, where it faults, that one fault; whether the access was done. */
export function* accessOnce(k: Machine, mm: Mm, address: number, value?: number): Step<boolean> {
  if ((yield* resultOf(tryAccess(k, mm, address, value))) !== undefined) return true;
  yield* doUserAddrFault(k, mm, address, value !== undefined);
  return false;
}

/** What the CPU does by itself; undefined where it raises a fault. */
function* tryAccess(k: Machine, mm: Mm, address: number, value?: number): Step<number | undefined> {
  if (!hasTlbs(k)) {
    const pfn = yield* walkTables(k, mm, address, value !== undefined);
    return pfn === NO_FRAME ? undefined : touch(k, pfn, value);
  }
  for (;;) {
    const pfn = yield* translate(k, mm, address, value !== undefined);
    if (pfn === NO_FRAME) return undefined;
    // What was walked for goes through the TLB, in a step of its own: the entry may be stale by then.
    if (pfn !== WALKED) return touch(k, pfn, value);
  }
}

function touch(k: Machine, page: number, value?: number): number {
  if (isDevicePfn(k, page)) return touchDevice(k, page, value);
  if (value === undefined) return pageByte(k, page);
  setPageByte(k, page, value);
  return value;
}

function touchDevice(k: Machine, pfn: number, value?: number): number {
  const content = deviceContent(k, pfn);
  if (value === undefined) return content & 0xff;
  setDeviceContent(k, pfn, (content & ~0xff) | value);
  return value;
}

/**
 * The fault that an access raised.
 *
 * @kernel arch/x86/mm/fault.c do_user_addr_fault v6.2
 * @returns the signal that it ends in, undefined when the access is to be tried again
 */
function* doUserAddrFault(k: Machine, mm: Mm, address: number, write: boolean): Step<Signal | undefined> {
  let flags = FAULT_FLAG_ALLOW_RETRY | FAULT_FLAG_KILLABLE | FAULT_FLAG_INTERRUPTIBLE | FAULT_FLAG_USER;
  if (write) flags |= FAULT_FLAG_WRITE;
  // MODEL: the VMA's own lock, which is tried first, is the mmap lock, too.
  for (let vmaLock = k.patched.uffdUnderVmaLock; ; vmaLock = false) {
    yield* mmapReadLock(k, mm);
    const fault = yield* faultAt(k, mm, address, vmaLock ? flags | FAULT_FLAG_VMA_LOCK : flags);
    // A fault that is to be retried, or that did more than it had to, has dropped the lock itself.
    const dropped = typeof fault === 'number' && (fault & (VM_FAULT_RETRY | VM_FAULT_COMPLETED)) !== 0;
    if (!dropped) mmapReadUnlock(k, mm);
    if (typeof fault !== 'number') return fault;
    if ((fault & VM_FAULT_ERROR) !== 0) return signalOf(fault);
    if ((fault & VM_FAULT_RETRY) === 0) return undefined;
    // Going from the one lock to the other is no retry in itself.
    if (!vmaLock || (fault & VM_FAULT_MAJOR) !== 0) flags |= FAULT_FLAG_TRIED;
  }
}

/** What the VMA must allow for a load, by what the architecture's handler of faults asks for. */
const loadNeeds = {
  any: VM_READ | VM_EXEC | VM_WRITE,
  VM_READ,
  'VM_READ or VM_WRITE': VM_READ | VM_WRITE,
};

/** VM_FAULT_*, or the signal where no fault may be tried. */
function* faultAt(k: Machine, mm: Mm, address: number, flags: number): Step<number | Signal> {
  const vma = vmaLookup(k, mm, address);
  if (vma === null) return { sig: 'SEGV', code: SEGV_MAPERR };
  const write = (flags & FAULT_FLAG_WRITE) !== 0;
  const needed = write ? VM_WRITE : loadNeeds[k.pte.arch.loadNeeds ?? 'any'];
  if ((vma.vmFlags & needed) === 0) return { sig: 'SEGV', code: SEGV_ACCERR };
  return yield* resultOf(handleMmFault(k, vma, address, flags));
}

/** What x86 makes of a fault that failed. */
function signalOf(fault: number): Signal {
  if ((fault & VM_FAULT_SIGSEGV) !== 0) return { sig: 'SEGV', code: SEGV_MAPERR };
  const poisoned = (fault & (VM_FAULT_HWPOISON | VM_FAULT_HWPOISON_LARGE)) !== 0;
  return { sig: 'BUS', code: poisoned ? BUS_MCEERR_AR : BUS_ADRERR };
}
