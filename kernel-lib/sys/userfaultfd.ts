import {
  badArgument,
  checkAddress,
  checkByte,
  checkOneOf,
  checkOptions,
  checkWhole,
} from '../base/argument.js';
import { vmaKernelPagesize } from '../huge/hugetlb.js';
import type { Machine } from '../machine/machine.js';
import type { Step } from '../step/step.js';
import { runOperation } from './operation.js';
import {
  UFFD_FEATURE_EVENT_FORK,
  UFFD_FEATURE_EVENT_REMAP,
  UFFD_FEATURE_EVENT_REMOVE,
  UFFD_FEATURE_EVENT_UNMAP,
  UFFD_FEATURE_EXACT_ADDRESS,
  UFFD_FEATURE_SIGBUS,
  UFFD_FEATURE_THREAD_ID,
  UFFD_FEATURE_WP_ASYNC,
  UFFD_FEATURE_WP_HUGETLBFS_SHMEM,
  UFFD_FEATURE_WP_UNPOPULATED,
  UserfaultfdCtx,
} from '../uffd/ctx.js';
import {
  UFFD_EVENT_FORK,
  UFFD_EVENT_PAGEFAULT,
  UFFD_EVENT_REMAP,
  UFFD_EVENT_REMOVE,
  UFFD_EVENT_UNMAP,
  UFFD_PAGEFAULT_FLAG_MINOR,
  UFFD_PAGEFAULT_FLAG_WP,
  UFFD_PAGEFAULT_FLAG_WRITE,
  type UffdMsg,
  userfaultfdCtxRead,
  wakeUserfault,
} from '../uffd/message.js';
import { newUserfaultfd } from '../uffdio/api.js';
import { type Fill, userfaultfdFill } from '../uffdio/fill.js';
import {
  UFFDIO_REGISTER_MODE_MINOR,
  UFFDIO_REGISTER_MODE_MISSING,
  UFFDIO_REGISTER_MODE_WP,
  userfaultfdRegister,
  userfaultfdRelease,
  userfaultfdUnregister,
} from '../uffdio/register.js';
import { userfaultfdWriteprotect } from '../uffdio/writeprotect.js';
import { Mm } from '../vma/mm.js';
import { vmaLookup } from '../vma/vma-list.js';

/** What a userfaultfd can be asked for, by its name without UFFD_FEATURE_. */
const features = {
  EVENT_FORK: UFFD_FEATURE_EVENT_FORK,
  EVENT_REMAP: UFFD_FEATURE_EVENT_REMAP,
  EVENT_REMOVE: UFFD_FEATURE_EVENT_REMOVE,
  EVENT_UNMAP: UFFD_FEATURE_EVENT_UNMAP,
  SIGBUS: UFFD_FEATURE_SIGBUS,
  THREAD_ID: UFFD_FEATURE_THREAD_ID,
  EXACT_ADDRESS: UFFD_FEATURE_EXACT_ADDRESS,
  WP_HUGETLBFS_SHMEM: UFFD_FEATURE_WP_HUGETLBFS_SHMEM,
  WP_UNPOPULATED: UFFD_FEATURE_WP_UNPOPULATED,
  WP_ASYNC: UFFD_FEATURE_WP_ASYNC,
} as const;

export type UffdFeature = keyof typeof features;

const modes: Readonly<Record<string, number>> = {
  missing: UFFDIO_REGISTER_MODE_MISSING,
  wp: UFFDIO_REGISTER_MODE_WP,
  'missing wp': UFFDIO_REGISTER_MODE_MISSING | UFFDIO_REGISTER_MODE_WP,
  minor: UFFDIO_REGISTER_MODE_MINOR,
};

const eventNames = new Map([
  [UFFD_EVENT_PAGEFAULT, 'pagefault'],
  [UFFD_EVENT_FORK, 'fork'],
  [UFFD_EVENT_REMAP, 'remap'],
  [UFFD_EVENT_REMOVE, 'remove'],
  [UFFD_EVENT_UNMAP, 'unmap'],
] as const);

/** What a monitor reads. Addresses in bytes. */
export interface UserfaultMessage {
  readonly event: 'pagefault' | 'fork' | 'remap' | 'remove' | 'unmap';
  /** A fault's page, with EXACT_ADDRESS its very byte; or where the range begins that was remapped, removed or unmapped; and where that ends. */
  readonly address: number;
  readonly end: number;
  /** Of a fault: whether it was a store, whether it met write-protection, whether the object has the page. */
  readonly write: boolean;
  readonly wp: boolean;
  readonly minor: boolean;
  /** Of a fault: small pages of the page, one but in hugetlb. */
  readonly nrPages: number;
  /** Of a fault, with THREAD_ID: the pid of the thread that waits. */
  readonly thread?: number;
  /** Where a remapped range is now. */
  readonly to: number;
  /** Of a fork: the child's userfaultfd, answered as the parent's. */
  readonly child?: Userfaultfd;
}

/** How a monitor answers: by the userfaultfd's own calls. Without an answer the fault would sleep for ever. */
export type Monitor = (message: UserfaultMessage, uffd: Userfaultfd) => void;

/** What a process's userfaultfd is asked for. */
export interface UserfaultfdOptions {
  readonly features?: readonly UffdFeature[];
  /** Absent: stores to protected pages are let through, missing pages are zero. */
  readonly monitor?: Monitor;
}

/** Lets every fault go on as if nobody had watched. */
const letThrough: Monitor = ({ event, address: exact, nrPages, wp, minor }, uffd) => {
  if (event !== 'pagefault') return;
  const address = uffd.pageOf(exact);
  if (wp) uffd.writeprotect(address, nrPages, false);
  else if (minor) uffd.continue(address);
  else if (nrPages > 1) uffd.copy(address, 0);
  else uffd.zeropage(address);
};

/** A system call's result; throws when it failed. */
type Check = (what: string, result: number) => number;

/** A userfaultfd with its monitor, a process of its own that answers at once. */
export class Userfaultfd {
  /** Everything that the monitor has read, oldest first. */
  readonly messages: UserfaultMessage[] = [];
  readonly #k: Machine;
  readonly #ctx: UserfaultfdCtx;
  readonly #monitor: Monitor;
  readonly #check: Check;

  constructor(k: Machine, ctx: UserfaultfdCtx, monitor: Monitor, check: Check) {
    this.#k = k;
    this.#ctx = ctx;
    this.#monitor = monitor;
    this.#check = check;
    const others = k.onUserfaultfd;
    k.onUserfaultfd = (at) => (at === ctx.at ? this.#readAll() : others?.(at));
  }

  /** UFFDIO_REGISTER. @param mode `missing`, `wp`, `missing wp` or `minor` */
  register(address: number, nrPages: number, mode: string): void {
    checkAddress('register', address);
    const bits = checkOneOf('register', 'mode', mode, modes);
    this.#ioctl(
      'UFFDIO_REGISTER',
      userfaultfdRegister(this.#k, this.#ctx, address, this.#bytes('register', nrPages), bits),
    );
  }

  /** UFFDIO_UNREGISTER. */
  unregister(address: number, nrPages: number): void {
    checkAddress('unregister', address);
    this.#ioctl(
      'UFFDIO_UNREGISTER',
      userfaultfdUnregister(this.#k, this.#ctx, address, this.#bytes('unregister', nrPages)),
    );
  }

  /** UFFDIO_WRITEPROTECT: protects pages from stores, or lifts that. */
  writeprotect(address: number, nrPages: number, protect = true): void {
    checkAddress('writeprotect', address);
    const len = this.#bytes('writeprotect', nrPages);
    this.#ioctl('UFFDIO_WRITEPROTECT', userfaultfdWriteprotect(this.#k, this.#ctx, address, len, protect));
  }

  /** UFFDIO_COPY of one page full of `value`. */
  copy(address: number, value: number, { wp = false }: { readonly wp?: boolean } = {}): void {
    checkByte('copy', value);
    this.#fill('UFFDIO_COPY', address, { mode: 'copy', content: value | (value << 8), wp });
  }

  /** UFFDIO_ZEROPAGE of one page. */
  zeropage(address: number): void {
    this.#fill('UFFDIO_ZEROPAGE', address, { mode: 'zeropage' });
  }

  /** UFFDIO_CONTINUE of one page: maps what the object holds there. */
  continue(address: number): void {
    this.#fill('UFFDIO_CONTINUE', address, { mode: 'continue' });
  }

  /** UFFDIO_POISON of one page (v6.6). */
  poison(address: number): void {
    this.#fill('UFFDIO_POISON', address, { mode: 'poison' });
  }

  /** First byte of the page of an address, which all calls ask for: a huge one in hugetlb. */
  pageOf(address: number): number {
    return address - (address % this.#pageSizeAt(address));
  }

  /** UFFDIO_WAKE: who waits in the range tries again. */
  wake(address: number, nrPages = 1): void {
    checkAddress('wake', address);
    wakeUserfault(this.#k, this.#ctx, address, this.#bytes('wake', nrPages));
  }

  /** Closes it: its memory is as if never registered. */
  close(): void {
    this.#ioctl('close', closed(this.#k, this.#ctx));
  }

  toString(): string {
    return `userfaultfd: ${this.messages.length} messages read`;
  }

  #fill(what: string, address: number, fill: Fill): void {
    checkAddress(fill.mode, address);
    this.#ioctl(what, userfaultfdFill(this.#k, this.#ctx, address, this.#pageSizeAt(address), fill));
  }

  /** A call of the monitor's, not of the process's. */
  #ioctl(what: string, call: Step<number>): void {
    const acting = this.#k.current;
    this.#k.current = undefined;
    const result = runOperation(this.#k, call);
    this.#k.current = acting;
    this.#check(what, result);
  }

  #readAll(): void {
    for (let msg = this.#read(); msg !== undefined; msg = this.#read()) {
      const message = this.#told(msg);
      this.messages.push(message);
      this.#monitor(message, this);
    }
  }

  #read(): UffdMsg | undefined {
    return userfaultfdCtxRead(this.#k, this.#ctx);
  }

  #told({ event, flags, start, end, to, ptid = 0 }: UffdMsg): UserfaultMessage {
    const forked = event === UFFD_EVENT_FORK;
    const message: UserfaultMessage = {
      event: eventNames.get(event as UffdEventNumber)!,
      address: start,
      end,
      write: !forked && (flags & UFFD_PAGEFAULT_FLAG_WRITE) !== 0,
      wp: !forked && (flags & UFFD_PAGEFAULT_FLAG_WP) !== 0,
      minor: !forked && (flags & UFFD_PAGEFAULT_FLAG_MINOR) !== 0,
      nrPages: this.#pageSizeAt(start) / this.#k.pageSize,
      to,
    };
    if (forked) return { ...message, child: this.#childOf(flags) };
    return ptid === 0 ? message : { ...message, thread: ptid };
  }

  #childOf(ctx: number): Userfaultfd {
    return new Userfaultfd(this.#k, UserfaultfdCtx.at(this.#k, ctx), this.#monitor, this.#check);
  }

  /** Bytes of what one entry maps there. */
  #pageSizeAt(address: number): number {
    const vma = vmaLookup(this.#k, Mm.at(this.#k, this.#ctx.mm), address);
    return vma === null ? this.#k.pageSize : vmaKernelPagesize(this.#k, vma);
  }

  #bytes(call: string, nrPages: number): number {
    checkWhole(call, 'nrPages', nrPages, 1);
    return nrPages * this.#k.pageSize;
  }
}

type UffdEventNumber = typeof eventNames extends Map<infer K, unknown> ? K : never;

function* closed(k: Machine, ctx: UserfaultfdCtx): Step<number> {
  yield* userfaultfdRelease(k, ctx);
  return 0;
}

/**
 * Opens a userfaultfd for an address space.
 *
 * @param check gives a system call's result or throws
 */
export function openUserfaultfd(k: Machine, mm: Mm, options: UserfaultfdOptions, check: Check): Userfaultfd {
  checkOptions('userfaultfd', options, ['features', 'monitor']);
  const { monitor = letThrough } = options;
  if (typeof monitor !== 'function') throw badArgument('userfaultfd', 'monitor', monitor, 'a function');
  let bits = 0;
  for (const name of options.features ?? []) bits |= checkOneOf('userfaultfd', 'feature', name, features);
  const ctx = newUserfaultfd(k, mm, bits);
  if (typeof ctx === 'number') check('UFFDIO_API', ctx);
  return new Userfaultfd(k, ctx as UserfaultfdCtx, monitor, check);
}
