import { archById } from '../arch/variants.js';
import { variantsOf } from '../patches/variants.js';
import { cost, costs, lastEntry, lastStep, messages, reads } from './facts.js';
import { cleanStoreFaults, missesStores } from './hardware-stores.js';
import type { Kernel, Scenario } from './scenario.js';
import type { StepReport } from './step-report.js';

const hugePage = ['mmap 0 0 H w p anon', 'write 0 0 0 1', 'write 0 0 1 1'];

/** Whether making an entry dirty lets the MMU write through it whether it is writable or not. */
export function straysWhenDirty({ arch, patched }: Kernel): boolean {
  if (arch === 'loongarch64_16k_dirty_prefix') return true;
  if (arch.startsWith('loongarch64')) return !patched.loongarchMkdirtyAsks;
  return arch.startsWith('sparc64') && !patched.sparcMkdirtyAsks;
}

/** Whether the split of a huge page makes entries dirty after it has write-protected them, or without doing so. */
function splitDirtiesLast({ patched }: Kernel): boolean {
  const operators: readonly string[] = variantsOf(patched).thpSplitOrder.operators;
  return operators.at(-1) === 'mkdirty if dirty';
}

/** Whether a store to a huge page that fork shares, which splits it, leaves the other pages open to the next store. */
export function splitLeaksStores(kernel: Kernel): boolean {
  return hasHuge(kernel) && straysWhenDirty(kernel) && splitDirtiesLast(kernel);
}

/** Whether a page that was moved becomes dirty and is not write-protected thereafter. */
export function moveDirtiesLast({ patched }: Kernel): boolean {
  return !patched.migrationProtects || patched.migrationProtectsNot;
}

/** Whether pte_modify() leaves to a dirty entry what lets the MMU write, as the headers of three families do. */
function modifyLeavesOpen({ arch }: Kernel): boolean {
  return ['csky_', 'mips32_phys64_alchemy', 'sh_x2tlb'].some((name) => arch.startsWith(name));
}

function hasHuge({ arch }: Kernel): boolean {
  return archById(arch).huge !== undefined;
}

/** What became of a store to memory that nobody may write, and of the memory: `the store is refused; the page holds 0x1`. */
function refused(steps: readonly StepReport[]): string {
  const { signal } = lastStep(steps, 'write 0 0 0 2');
  const { val = 0 } = lastStep(steps, 'memread 0');
  return `the store ${signal === undefined ? 'goes through' : 'is refused'}; the page holds 0x${val.toString(16)}`;
}

/** One of the cases of the kernel's own test: memory is dirty and read-only, and then is written. */
function mkdirtyCase(
  number: string,
  test: Pick<Scenario, 'name' | 'title' | 'steps' | 'why'> & {
    readonly strays: (kernel: Kernel) => boolean;
    readonly thp?: 'always';
  },
): Scenario {
  const { strays, steps, ...rest } = test;
  return {
    ...rest,
    number,
    kind: 'sequential',
    swap: 'none',
    steps: [...steps, 'write 0 0 0 2', 'memread 0 0 0 0'],
    verdict: refused,
    expected: (kernel) =>
      strays(kernel)
        ? 'the store goes through; the page holds 0x2'
        : 'the store is refused; the page holds 0x1',
    source: 'tools/testing/selftests/mm/mkdirty.c of v6.4 (9eac40fc0cc7)',
  };
}

/** What ptrace does to a page that its tracee may not write: GUP with FOLL_FORCE, and a store by way of the pin. */
const tracerWrites = ['gup 0 0 0 1 0 get,write,force', 'pinwrite 0 0 1', 'unpin 0'];

const mkdirtyScenarios: readonly Scenario[] = [
  mkdirtyCase('K1', {
    name: 'mkdirty-ptrace-write',
    title: 'A tracer writes to a read-only page; then the process does',
    steps: ['mmap 0 0 1 r p anon', 'read 0 0 0', ...tracerWrites],
    strays: straysWhenDirty,
    why: 'The page that takes the place of the zero page is dirty, and the mapping read-only.',
  }),
  mkdirtyCase('K2', {
    name: 'mkdirty-ptrace-write-thp',
    title: 'A tracer writes to a read-only huge page; then the process does',
    thp: 'always',
    steps: ['mmap 0 0 H r p anon', ...tracerWrites],
    strays: (kernel) => straysWhenDirty(kernel) && hasHuge(kernel),
    why: 'A fresh huge page is dirty, and the mapping read-only; a single fresh page is left clean there.',
  }),
  mkdirtyCase('K3', {
    name: 'mkdirty-migration',
    title: 'A page that was written becomes read-only and moves; then the process writes',
    steps: ['mmap 0 0 1 w p anon', 'write 0 0 0 1', 'mprotect 0 0 0 1 r', 'movepages 0 0 0 1'],
    strays: (kernel) => straysWhenDirty(kernel) && moveDirtiesLast(kernel),
    why: 'The migration entry remembers that the page was dirty, so that the new entry is.',
  }),
  mkdirtyCase('K4', {
    name: 'mkdirty-migration-thp',
    title: 'A huge page that was written becomes read-only, is split to move, and the process writes',
    thp: 'always',
    steps: [...hugePage, 'mprotect 0 0 0 H r', 'mprotect 0 0 H-1 1 w', 'movepages 0 0 0 1'],
    strays: (kernel) =>
      straysWhenDirty(kernel) && (hasHuge(kernel) ? splitDirtiesLast(kernel) : moveDirtiesLast(kernel)),
    why: 'The pages of a split huge page are moved only once it is split in memory, too: here the split decides.',
  }),
  mkdirtyCase('K5', {
    name: 'mkdirty-pte-mapped-thp',
    title:
      'A huge page that was written becomes read-only and is mapped page by page; then the process writes',
    thp: 'always',
    steps: [...hugePage, 'mprotect 0 0 0 H r', 'mprotect 0 0 H-1 1 w'],
    strays: (kernel) =>
      modifyLeavesOpen(kernel) || (straysWhenDirty(kernel) && hasHuge(kernel) && splitDirtiesLast(kernel)),
    why: 'The entries of the pages are dirty as the leaf was; who says so last decides who may write.',
  }),
  mkdirtyCase('K6', {
    name: 'mkdirty-uffdio-copy',
    title: 'UFFDIO_COPY fills a place in read-only memory; then the process writes there',
    steps: ['mmap 0 0 1 r p anon', 'uffd 0 0x0', 'ureg 0 0 0 1 m', 'ucopy 0 0 0 1'],
    strays: () => false,
    why: 'The new entry is write-protected last.',
  }),
];

const cleanStore: Pick<Scenario, 'kind' | 'swap' | 'steps' | 'verdict' | 'expected' | 'source'> = {
  kind: 'sequential',
  swap: 'dm',
  steps: ['mmap 0 0 1 w p anon', 'write 0 0 0 1', 'madvise 0 0 0 1 FREE', 'write 0 0 0 2'],
  verdict: (steps) =>
    `${costs('the store', 'write 0 0 0 2')(steps)}; the entry is ${lastEntry(steps, 0).dirty ? 'dirty' : 'clean'}`,
  expected: (kernel) => {
    const faults = cost('the store', cleanStoreFaults(kernel) ? 1 : 0, 0);
    return `${faults}; the entry is ${missesStores(kernel) ? 'clean' : 'dirty'}`;
  },
  source: 'arch/*/mm/tlbex.S, arch/*/mm/fault.c of v6.1; the manuals of the architectures',
};

/** What "dirty" and "writable" lead to, from the split of huge pages to single stores. */
export const dirtyBitScenarios: readonly Scenario[] = [
  {
    name: 'dirty-thp-split',
    number: 'D1',
    kind: 'sequential',
    title: 'A parent that shares a huge page with its child writes to two pages of it',
    swap: 'none',
    thp: 'always',
    steps: [...hugePage, 'fork 0 1', 'write 0 0 0 2', 'write 0 0 1 3', 'read 1 0 1'],
    verdict: reads('the child', 'read 1 0 1'),
    expected: (kernel) => `the child reads ${splitLeaksStores(kernel) ? '0x3' : '0x1'}`,
    source: '0ccf7f168e17 and its fixes: LoongArch bf2f34a506e6, sparc64 fa2e71a6fcee, all e833bc503405',
    why: 'The first store splits the huge page; if that leaves the other entries open to the MMU, the second is not copied.',
  },
  {
    name: 'dirty-uffdio-copy-wp',
    number: 'D7',
    kind: 'sequential',
    title: 'UFFDIO_COPY fills a place write-protected, and the process stores',
    swap: 'none',
    steps: ['mmap 0 0 1 w p anon', 'uffd 0 0x1', 'ureg 0 0 0 1 mw', 'ucopy 0 0 0 7 wp', 'write 0 0 0 9'],
    verdict: (steps) => {
      const { writable = false, dirty = false } = lastEntry(steps.slice(0, 4), 0);
      const entry = `${writable ? 'writable' : 'read-only'} and ${dirty ? 'dirty' : 'clean'}`;
      return `the entry is ${entry}; stores that the monitor is told of: ${messages(steps)}`;
    },
    expected: ({ arch }) => {
      const tracked = archById(arch).predicates.uffdWp !== undefined;
      return tracked
        ? 'the entry is read-only and dirty; stores that the monitor is told of: 1'
        : 'the entry is read-only and clean; stores that the monitor is told of: 0';
    },
    source: 'mfill_atomic_install_pte() of v6.1',
    why: 'Valid data that may not be written yet: dirty without writable, on purpose.',
  },
  {
    ...cleanStore,
    name: 'dirty-clean-store',
    number: 'D8',
    title: 'A store through an entry that is writable and clean',
    why: 'The MMU, or the handler of its exception, notes the store; elsewhere it is left to a fault.',
  },
  {
    name: 'dirty-protected-store',
    number: 'D9',
    kind: 'sequential',
    title: 'A store through an entry that is dirty and write-protected since fork',
    swap: 'none',
    steps: ['mmap 0 0 1 w p anon', 'write 0 0 0 1', 'fork 0 1', 'write 0 0 0 2', 'read 1 0 0'],
    verdict: (steps) =>
      `${costs('the store', 'write 0 0 0 2')(steps)}; ${reads('the child', 'read 1')(steps)}`,
    expected: () => `${cost('the store', 1, 0)}; the child reads 0x1`,
    source: 'arch/loongarch/mm/tlbex.S of v6.1, do_wp_page()',
    why: 'No handler makes an entry writable for the MMU that is not writable for mm: the fault copies the page.',
  },
  {
    name: 'dirty-split-soft-dirty',
    number: 'D11',
    kind: 'sequential',
    title: 'A huge page is no longer soft-dirty, and is split: are its pages?',
    swap: 'none',
    thp: 'always',
    steps: [...hugePage, 'clearrefs 0', 'mprotect 0 0 3 1 r', 'fault 0 0 1 read'],
    verdict: (steps) =>
      `the entry is ${lastEntry(steps, 0, 0, 1).text.includes('soft-dirty') ? 'soft-dirty' : 'not soft-dirty'}`,
    expected: (kernel) => {
      const { predicates } = archById(kernel.arch);
      const again = predicates.softDirty !== undefined && hasHuge(kernel) && splitDirtiesLast(kernel);
      const last = variantsOf(kernel.patched).thpSplitOrder.name === 'protected last';
      return again || (last && predicates.softDirty !== undefined && hasHuge(kernel))
        ? 'the entry is soft-dirty'
        : 'the entry is not soft-dirty';
    },
    source: '0ccf7f168e17; the comment in __split_huge_pmd_locked() of v6.12',
    why: 'pte_mkdirty() sets soft-dirty as well, so that pages which nobody wrote seem written.',
  },
  ...mkdirtyScenarios,
];
