import type { Machine } from '../machine/machine.js';
import { waitForZero } from '../step/lock.js';
import { st } from '../step/memory.js';
import type { Step } from '../step/step.js';

/**
 * A CPU that has its interrupts off takes no request of another to flush its TLB, and who asked waits for it. So it
 * may walk page tables without a lock: nothing that a flush must come before happens under its eyes.
 *
 * MODEL: a word for each CPU.
 */

/** The running CPU turns its interrupts off: `local_irq_save()` of include/linux/irqflags.h. */
export function* localIrqSave(k: Machine): Step<void> {
  yield;
  st(k.slab, k.irqs + k.cpu, 1);
}

/** And on again: `local_irq_restore()`. */
export function localIrqRestore(k: Machine): void {
  st(k.slab, k.irqs + k.cpu, 0);
}

/** Waits until a CPU takes interrupts. */
export function* untilInterruptible(k: Machine, cpu: number): Step<void> {
  yield* waitForZero(k.slab, k.irqs + cpu, 'a CPU that has its interrupts off');
}
