import type { Machine } from '../machine/machine.js';
import { FAULT_FLAG_TRIED, VM_FAULT_ERROR, VM_FAULT_MAJOR, VM_FAULT_RETRY } from './flags.js';
import type { FaultWay } from './way.js';

/**
 * Charges a completed fault to whoever runs, which for GUP is not the owner of the memory. A retried fault counts
 * as major even if it read nothing.
 *
 * @kernel mm/memory.c mm_account_fault v6.2
 */
export function mmAccountFault(
  k: Machine,
  address: number,
  flags: number,
  result: number,
  way: FaultWay | undefined,
): void {
  const failed = (result & (VM_FAULT_ERROR | VM_FAULT_RETRY)) !== 0;
  const major = (result & VM_FAULT_MAJOR) !== 0 || (flags & FAULT_FLAG_TRIED) !== 0;
  const task = k.current;
  if (!failed && task !== undefined && k.countsEvents) {
    if (major) task.majFlt++;
    else task.minFlt++;
  }
  k.onFault?.({ pid: task?.pid ?? 0, address, flags, result, major, way: way?.functions ?? [] });
}
