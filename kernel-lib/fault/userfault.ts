import type { Machine } from '../machine/machine.js';
import type { Step } from '../step/step.js';
import { VM_FAULT_SIGBUS } from './flags.js';
import type { VmFault } from './vm-fault.js';

/**
 * Shows a fault to the userfaultfd context of its VMA.
 *
 * @kernel fs/userfaultfd.c handle_userfault v6.2
 * @param _reason VM_UFFD_MISSING or VM_UFFD_WP
 * @returns VM_FAULT_SIGBUS without a context
 */
export function* handleUserfault(_k: Machine, _vmf: VmFault, _reason: number): Step<number> {
  return VM_FAULT_SIGBUS;
}
