import { pteNoneMostly } from '../swap/special-pte.js';
import { hugePteNoneMostly, hugePteOffset, hugePtepGet } from '../huge/hugetlb-pte.js';
import type { Machine } from '../machine/machine.js';
import { ptePresent, pteWrite } from '../pgtable/pte.js';
import { pteOffset, pteTable, ptepGet } from '../pgtable/table.js';
import type { Step } from '../step/step.js';
import {
  UFFD_FEATURE_EXACT_ADDRESS,
  UFFD_FEATURE_SIGBUS,
  UFFD_FEATURE_THREAD_ID,
  type UserfaultfdCtx,
  ctxOf,
  userfaultfdCtxGet,
  userfaultfdCtxPut,
} from '../uffd/ctx.js';
import {
  FAULT_PENDING_WQH,
  UFFD_EVENT_PAGEFAULT,
  UFFD_PAGEFAULT_FLAG_MINOR,
  UFFD_PAGEFAULT_FLAG_WP,
  UFFD_PAGEFAULT_FLAG_WRITE,
  type UffdMsg,
  enqueue,
  forget,
  sleepOn,
  wakeUpPoll,
} from '../uffd/message.js';
import { Mm } from '../vma/mm.js';
import { type Vma, isVmHugetlbPage } from '../vma/vma.js';
import { mmapReadUnlock } from '../vma/mmap-lock.js';
import { VM_UFFD_MINOR, VM_UFFD_WP } from '../vma/vm-flags.js';
import {
  FAULT_FLAG_ALLOW_RETRY,
  FAULT_FLAG_RETRY_NOWAIT,
  FAULT_FLAG_WRITE,
  VM_FAULT_NOPAGE,
  VM_FAULT_RETRY,
  VM_FAULT_SIGBUS,
} from './flags.js';
import { type VmFault } from './vm-fault.js';

/**
 * Shows a fault to the monitor of its VMA and sleeps until that has woken it. The mmap lock is dropped then.
 *
 * @kernel fs/userfaultfd.c handle_userfault v6.2
 * @differs no signals; a userfaultfd for faults of user mode alone is not told from others
 * @param reason VM_UFFD_MISSING, VM_UFFD_WP or VM_UFFD_MINOR
 * @returns VM_FAULT_RETRY; VM_FAULT_SIGBUS where nobody may wait; VM_FAULT_NOPAGE when the monitor has just gone
 */
export function* handleUserfault(k: Machine, vmf: VmFault, reason: number): Step<number> {
  const ctx = ctxOf(k, vmf.vma);
  if (ctx === null || (ctx.features & UFFD_FEATURE_SIGBUS) !== 0) return VM_FAULT_SIGBUS;
  if (ctx.released !== 0) return VM_FAULT_NOPAGE;
  if ((vmf.flags & FAULT_FLAG_ALLOW_RETRY) === 0) return VM_FAULT_SIGBUS;
  if ((vmf.flags & FAULT_FLAG_RETRY_NOWAIT) !== 0) return VM_FAULT_RETRY;
  vmf.way?.push('handle_userfault');
  userfaultfdCtxGet(ctx);
  const uwq = enqueue(k, ctx, FAULT_PENDING_WQH, userfaultMsg(k, ctx, vmf, reason));
  // Only behind that: who resolved the fault just before could not wake what was not queued yet.
  const mustWait = yield* userfaultfdMustWait(k, ctx, vmf, reason);
  mmapReadUnlock(k, vmf.mm);
  if (mustWait && ctx.released === 0) {
    wakeUpPoll(k, ctx);
    yield* sleepOn(k, uwq);
  }
  forget(k, ctx, uwq);
  userfaultfdCtxPut(k, ctx);
  return VM_FAULT_RETRY;
}

/** @kernel fs/userfaultfd.c userfault_msg v6.2 */
function userfaultMsg(
  k: Machine,
  { features }: UserfaultfdCtx,
  { address, realAddress, flags }: VmFault,
  reason: number,
): UffdMsg {
  const write = (flags & FAULT_FLAG_WRITE) !== 0 ? UFFD_PAGEFAULT_FLAG_WRITE : 0;
  const wp = reason === VM_UFFD_WP ? UFFD_PAGEFAULT_FLAG_WP : 0;
  const minor = reason === VM_UFFD_MINOR ? UFFD_PAGEFAULT_FLAG_MINOR : 0;
  const at = (features & UFFD_FEATURE_EXACT_ADDRESS) !== 0 ? realAddress : address;
  const ptid = (features & UFFD_FEATURE_THREAD_ID) !== 0 ? (k.current?.pid ?? 0) : 0;
  return { event: UFFD_EVENT_PAGEFAULT, flags: write | wp | minor, start: at, end: at, to: 0, ptid };
}

/**
 * Whether the fault is still there. Read without lock.
 *
 * @kernel fs/userfaultfd.c userfaultfd_must_wait v6.2
 * @differs waits also where a huge page has come meanwhile
 */
function* userfaultfdMustWait(
  k: Machine,
  ctx: UserfaultfdCtx,
  { vma, address }: VmFault,
  reason: number,
): Step<boolean> {
  if (isVmHugetlbPage(vma)) return yield* userfaultfdHugeMustWait(k, vma, address, reason);
  const table = pteTable(k, Mm.at(k, ctx.mm).pgd, address);
  if (table === 0) return true;
  const pte = yield* ptepGet(k, pteOffset(k, table, address));
  if (pteNoneMostly(k, pte)) return true;
  return reason === VM_UFFD_WP && ptePresent(k, pte) && !pteWrite(k, pte);
}

/** @kernel fs/userfaultfd.c userfaultfd_huge_must_wait v6.2 */
function* userfaultfdHugeMustWait(k: Machine, vma: Vma, address: number, reason: number): Step<boolean> {
  const at = hugePteOffset(k, vma, address);
  if (at === null) return true;
  const pte = yield* hugePtepGet(k, at.ptep);
  return hugePteNoneMostly(k, pte) || (reason === VM_UFFD_WP && !pteWrite(k, pte));
}
