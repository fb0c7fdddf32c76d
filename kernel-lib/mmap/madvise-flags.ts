import { vmaAdjustTransHuge } from '../huge/split-pmd.js';
import type { Machine } from '../machine/machine.js';
import type { Step } from '../step/step.js';
import { ksmMadvise } from '../ksm/madvise.js';
import { vmaModify } from '../vma/modify.js';
import type { Vma } from '../vma/vma.js';
import {
  VM_DONTCOPY,
  VM_DONTDUMP,
  VM_HUGEPAGE,
  VM_IO,
  VM_NOHUGEPAGE,
  VM_RAND_READ,
  VM_SEQ_READ,
  VM_SHARED,
  VM_SPECIAL,
  VM_WIPEONFORK,
} from '../vma/vm-flags.js';

/** What an advice does to a VMA's flags, and which VMAs it does not fit: those refuse it with -EINVAL. */
interface FlagChange {
  readonly clear: number;
  readonly set: number;
  readonly refuses?: (vma: Vma) => boolean;
}

const flagChanges = {
  MADV_NORMAL: { clear: VM_RAND_READ | VM_SEQ_READ, set: 0 },
  MADV_SEQUENTIAL: { clear: VM_RAND_READ, set: VM_SEQ_READ },
  MADV_RANDOM: { clear: VM_SEQ_READ, set: VM_RAND_READ },
  MADV_DONTFORK: { clear: 0, set: VM_DONTCOPY },
  MADV_DOFORK: { clear: VM_DONTCOPY, set: 0, refuses: (vma) => (vma.vmFlags & VM_IO) !== 0 },
  MADV_WIPEONFORK: {
    clear: 0,
    set: VM_WIPEONFORK,
    refuses: (vma) => vma.vmFile !== 0 || (vma.vmFlags & VM_SHARED) !== 0,
  },
  MADV_KEEPONFORK: { clear: VM_WIPEONFORK, set: 0 },
  MADV_DONTDUMP: { clear: 0, set: VM_DONTDUMP },
  MADV_DODUMP: { clear: VM_DONTDUMP, set: 0, refuses: (vma) => (vma.vmFlags & VM_SPECIAL) !== 0 },
  MADV_HUGEPAGE: { clear: VM_NOHUGEPAGE, set: VM_HUGEPAGE },
  MADV_NOHUGEPAGE: { clear: VM_HUGEPAGE, set: VM_NOHUGEPAGE },
} as const satisfies Record<string, FlagChange>;

/** The advices that only change flags. */
export type FlagAdvice = keyof typeof flagChanges | 'MADV_MERGEABLE' | 'MADV_UNMERGEABLE';

/** Their names. */
export const flagAdvices: readonly string[] = [
  ...Object.keys(flagChanges),
  'MADV_MERGEABLE',
  'MADV_UNMERGEABLE',
];

export function isFlagAdvice(advice: string): advice is FlagAdvice {
  return flagAdvices.includes(advice);
}

/** The flags that `vma` is to have, NULL when the VMA refuses the advice. */
export function* advisedFlags(
  k: Machine,
  vma: Vma,
  start: number,
  end: number,
  advice: FlagAdvice,
): Step<number | null> {
  if (advice === 'MADV_MERGEABLE' || advice === 'MADV_UNMERGEABLE') {
    return yield* ksmMadvise(k, vma, start, end, advice);
  }
  const change: FlagChange = flagChanges[advice];
  return change.refuses?.(vma) ? null : (vma.vmFlags & ~change.clear) | change.set;
}

/**
 * @kernel mm/madvise.c madvise_update_vma v6.2
 * @returns the VMA that holds the range now
 */
export function* madviseUpdateVma(
  k: Machine,
  prev: Vma | null,
  vma: Vma,
  start: number,
  end: number,
  flags: number,
): Step<Vma> {
  if (flags === vma.vmFlags) return vma;
  yield* vmaAdjustTransHuge(k, vma, start, end);
  const changed = vmaModify(k, prev, vma, start, end, { flags });
  changed.vmFlags = flags;
  return changed;
}
