import type { HardwareRules } from '../arch/arch.js';
import { pteCodec } from '../arch/codec.js';
import { compileMmu } from '../arch/mmu.js';
import { archById } from '../arch/variants.js';
import { TrialPte } from '../pgtable/trial-pte.js';
import { reads } from './facts.js';
import type { Kernel, Scenario } from './scenario.js';

/** A page whose content may be thrown away unless it is written again, and then is. */
const writtenAgain = ['mmap 0 0 1 w p anon', 'write 0 0 0 1', 'madvise 0 0 0 1 FREE', 'write 0 0 0 2'];
const reclaimed = ['madvise 0 0 0 1 PAGEOUT', 'read 0 0 0'];

/** The handlers of three architectures let a store through any writable entry, and note nothing. */
export function notesNoStore({ arch }: Kernel): boolean {
  return ['hexagon', 'nios2', 'openrisc'].includes(arch);
}

function hardwareOf({ arch, cpu }: Kernel): HardwareRules {
  const { hardware, cpus = {} } = archById(arch);
  return cpu === undefined ? hardware : cpus[cpu]!;
}

/** Whether a store through a clean entry that is writable is left to a fault. */
export function cleanStoreFaults(kernel: Kernel): boolean {
  return hardwareOf(kernel).dirty === 'fault' && !notesNoStore(kernel);
}

/** Whether stores go through a read-only entry, dirty or clean, that pte_mkwrite() makes writable. */
export function mkwriteOpens(kernel: Kernel, dirty: boolean): boolean {
  const codec = pteCodec(archById(kernel.arch), 'before', kernel.patched);
  const prot = codec.protectionMap[1]!;
  const pte = TrialPte.present(codec, { pfn: 1, prot }).do(dirty ? 'pteMkdirty' : 'pteMkclean');
  const { w } = pte.modify(prot).do('pteMkyoung', 'pteMkwrite');
  const { noted, allows } = compileMmu(codec, hardwareOf(kernel));
  return allows(noted({ lo: w[0]!, hi: w[1]! }, true), true);
}

/** Whether a new protection makes a written entry clean, which Hexagon's pte_modify() does. */
export function modifyForgetsDirty({ arch }: Kernel): boolean {
  const codec = pteCodec(archById(arch), 'before');
  const prot = codec.protectionMap[3]!;
  return !TrialPte.present(codec, { pfn: 1, prot }).do('pteMkdirty').modify(prot).is('pteDirty');
}

/** Whether an entry counts as clean although a store went through it. */
export function missesStores(kernel: Kernel): boolean {
  if (notesNoStore(kernel)) return true;
  return kernel.cpu === 'ptw' && !(hasEras(kernel) && kernel.patched.loongarchDirtyIsHardware);
}

/** Whether write-protecting an entry takes away all that was noted of a store. */
function protectsAway(kernel: Kernel): boolean {
  if (notesNoStore(kernel)) return true;
  return kernel.cpu === 'ptw' && !(hasEras(kernel) && kernel.patched.loongarchWrprotectKeepsDirty);
}

/** Whether patches change the architecture's operators: a variant that stands for one state of them has none. */
function hasEras({ arch }: Kernel): boolean {
  return (archById(arch).eras ?? []).length > 0;
}

const common: Pick<Scenario, 'kind' | 'swap' | 'verdict'> = {
  kind: 'sequential',
  swap: 'dm',
  verdict: reads('the process', 'read'),
};

/** What reclaim knows of a store that raised no exception and that only the page-table walker has noted. */
export const hardwareStoreScenarios: readonly Scenario[] = [
  {
    ...common,
    name: 'dirty-lazyfree-store',
    number: 'D14',
    title: 'A page that MADV_FREE gave up is written again and reclaimed: is the store lost?',
    steps: [...writtenAgain, ...reclaimed],
    expected: (kernel) => `the process reads ${missesStores(kernel) ? '0x0' : '0x2'}`,
    source: '01158487af60; try_to_unmap_one() of v6.1',
    why: 'Reclaim throws the page away unless its entry is dirty: what the walker notes has to count as dirty.',
  },
  {
    ...common,
    name: 'dirty-lazyfree-fork',
    number: 'D15',
    title: 'The same, where the process forks between its store and reclaim',
    steps: [...writtenAgain, 'fork 0 1', 'exit 1', ...reclaimed],
    expected: (kernel) => `the process reads ${protectsAway(kernel) ? '0x0' : '0x2'}`,
    source: '018e9828eb52; __copy_present_pte() of v6.1',
    why: 'fork() takes the bit by which the MMU lets stores through: if that was all that told of the store, reclaim hears of none.',
  },
];
