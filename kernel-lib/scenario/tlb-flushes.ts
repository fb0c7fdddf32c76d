import { archById } from '../arch/variants.js';
import { counted, lastStep } from './facts.js';
import type { Kernel, Scenario } from './scenario.js';
import type { StepReport } from './step-report.js';

/** More than x86 forgets one by one, and far fewer than one batch of the gather holds. */
const PAGES = 64;

/** How the last step that begins with `words` flushed the TLB: `everything 1 time, 0 single translations`. */
function flushes(words: string): (steps: readonly StepReport[]) => string {
  return (steps) => {
    const { vm } = lastStep(steps, words);
    return flushWords(vm['nr_tlb_local_flush_all'] ?? 0, vm['nr_tlb_local_flush_one'] ?? 0);
  };
}

function flushWords(all: number, one: number): string {
  return `the CPU forgets everything ${counted(all, 'time')}, and ${counted(one, 'single translation')}`;
}

/** Whether a page whose map count waits for the flush keeps the gather from taking another batch. */
function oneBatchAlone({ arch, patched }: Kernel): boolean {
  return patched.delayRmap && !patched.delayRmapTwoBatches && !arch.startsWith('s390');
}

/** Whether page tables are so small that what one of them maps is forgotten one by one. */
function oneByOne({ arch }: Kernel): boolean {
  return 2 ** archById(arch).levels.at(-1)!.bits <= 33;
}

/** What flushes cost, as CONFIG_DEBUG_TLBFLUSH counts them. */
export const tlbFlushScenarios: readonly Scenario[] = [
  {
    name: 'zap-dirty-pages',
    number: 'R59',
    kind: 'sequential',
    title: `${PAGES} dirty pages of a shared file are unmapped: how often is the TLB flushed?`,
    swap: 'none',
    debugTlbflush: true,
    objects: [`obj 0 memfd ${PAGES}`],
    steps: [`mmap 0 0 ${PAGES} w s o0`, `fill 0 0 0 ${PAGES} 1`, `madvise 0 0 0 ${PAGES} DONTNEED`],
    verdict: flushes('madvise'),
    expected: (kernel) =>
      oneBatchAlone(kernel) || oneByOne(kernel) ? flushWords(0, PAGES) : flushWords(1, 0),
    source: '5df397dec7c4, c47454823bd4; mm/mmu_gather.c tlb_next_batch',
    why: 'Without a second batch the gather is full after the eight pages on the stack, flushes them, and begins anew.',
  },
];
