import { archById } from '../arch/variants.js';
import { moveDirtiesLast, splitLeaksStores, straysWhenDirty } from './dirty-bits.js';
import { SAME_PAGE } from './facts.js';
import { LEAKED } from './fork-pins.js';
import type { Kernel, Scenario } from './scenario.js';
import { REPLACED, KEPT } from './swp-exclusive.js';
import { SAW, MISSED } from './longterm-pins.js';

/** What comes out instead of a scenario's own expectation. */
interface Exceptional {
  readonly verdict: string;
  /** Numbers of scenarios, apart by blanks. */
  readonly scenarios: string;
  /** Absent: on every kernel. */
  readonly on?: (kernel: Kernel) => boolean;
}

/** An architecture whose own files break what the rest of mm/ relies on, in whatever state they do. */
interface ExceptionalArch {
  readonly is: (kernel: Kernel) => boolean;
  readonly why: string;
  /** Where it is broken. */
  readonly source: string;
  readonly outcomes: readonly Exceptional[];
}

const withoutMarker = ({ patched }: Kernel): boolean => !patched.swpExclusive;
const unshares = ({ patched }: Kernel): boolean => patched.unshareAnyCow;
/** Between the two patches a page that has moved is write-protected last. */
const leavesMovedOpen = ({ patched }: Kernel): boolean =>
  !patched.migrationProtects || patched.migrationProtectsNot;
const losesTypes = ({ patched }: Kernel): boolean => !patched.nios2SwapRefactored;

const I1 = 'BUG: I1: a writable entry maps an exclusive page';
const I7 = 'BUG: I7: unsharing never makes an entry writable';
const NOT_EXCLUSIVE = 'BUG: only exclusive anonymous pages are pinned';
const FOR_EVER = 'BUG: an access faults for ever: every fault is answered, and none helps';

/** The numbers of the selftests' cases on memory that would have huge pages, and of those that swap it out. */
const hugeCases = (cases: string, kinds: string) =>
  kinds
    .split(' ')
    .flatMap((kind) => cases.split(' ').map((number) => `${number}${kind}`))
    .join(' ');

/**
 * The protections of private mappings that may be written begin with the write bit. All that mm/ maps for a read is
 * writable, unless the process itself reads it: the TLB handler takes the bit from clean entries. With CONFIG_DEBUG_VM,
 * as here, the kernel stops where it finds out.
 */
const coldfire: ExceptionalArch = {
  is: ({ arch }) => arch === 'm68k_coldfire',
  why: 'ColdFire maps pages of private memory writable that mm/ means to be read-only: copy-on-write does not hold there.',
  source: 'arch/m68k/mm/mcfmmu.c protection_map, cf_tlb_miss',
  outcomes: [
    { verdict: I1, scenarios: 'X09 X10 S19c S19d S19e C1s C2s C3s C4s C6s C9s C10s C12s C13s' },
    { verdict: I1, scenarios: 'X01 X02 X03 X07 X08 X14 X06c C5s C11s C14s', on: withoutMarker },
    { verdict: I1, scenarios: 'X11', on: ({ patched }) => patched.freeSwapCacheAfterMap },
    { verdict: I7, scenarios: 'S06 C9 C12' },
    { verdict: I7, scenarios: 'S01 S03 S03b S18 S18b S18c C33 C34 C35 C35d C36 C37 C38 C38d', on: unshares },
    { verdict: I7, scenarios: 'R20', on: ({ patched }) => patched.odirectPins },
    { verdict: 'the second page is dirty', scenarios: 'R22' },
    { verdict: '2 entries, maybe shared; the child reads 0x22', scenarios: 'X16' },
    {
      verdict: 'the device’s page is device-private memory, writable; the parent reads 0x6',
      scenarios: 'M38',
      on: leavesMovedOpen,
    },
    { verdict: 'BUG: break_ksm() faults for ever: the page stays merged', scenarios: 'S15 S16' },
    { verdict: NOT_EXCLUSIVE, scenarios: 'S17 C11t' },
    { verdict: I7, scenarios: hugeCases('C9 C12', 'h p o m t') },
    { verdict: I7, scenarios: 'C41 C42', on: unshares },
    { verdict: I1, scenarios: hugeCases('C1 C2 C3 C4 C6 C9 C10 C12 C13', 'hs ps os') },
    { verdict: I1, scenarios: hugeCases('C5 C11 C14', 'hs ps os'), on: withoutMarker },
    { verdict: I1, scenarios: 'M56 R06 R11 R24 X15', on: withoutMarker },
    { verdict: 'the pipe reads 0x8', scenarios: 'S17b' },
    { verdict: LEAKED, scenarios: 'C2 C4' },
    { verdict: 'swapoff ends; 0 faults (0 major), 0 reuses', scenarios: 'X12' },
    { verdict: KEPT, scenarios: 'X13', on: withoutMarker },
    { verdict: `${SAW}; pinning takes 1 fault (0 major), 0 reuses`, scenarios: 'S02' },
    {
      verdict: 'the page is the same; 2 faults (1 major), 1 reuse',
      scenarios: 'X07',
      on: ({ patched }) => patched.swapinMapsWritable,
    },
  ],
};

/**
 * The first slots of swap area 0 read as empty entries, and special entries, whose types lose their upper bits, as
 * slots of it. Nobody has met the one: nios2 cannot be configured with swap.
 */
const nios2: ExceptionalArch = {
  is: ({ arch }) => arch === 'nios2',
  why: 'pte_none() of nios2 does not look at the four lowest bits, where swap offsets stand: what was swapped out is lost.',
  source: 'arch/nios2/include/asm/pgtable.h pte_none, __swp_entry',
  outcomes: [
    { verdict: REPLACED, scenarios: 'X04', on: withoutMarker },
    { verdict: 'the page is a copy; 2 faults (0 major), 0 reuses', scenarios: 'X07', on: withoutMarker },
    { verdict: 'the child reads 0x0; 1 fault (0 major), 0 reuses', scenarios: 'X10' },
    { verdict: '1 fault (0 major), 0 reuses', scenarios: 'X11' },
    {
      verdict: 'swapoff does not end; 1 fault (0 major), 0 reuses',
      scenarios: 'X12',
      on: withoutMarker,
    },
    { verdict: 'the page is a copy', scenarios: 'S19c' },
    { verdict: 'the page stays', scenarios: 'R24', on: withoutMarker },
    { verdict: LEAKED, scenarios: 'C1s C2s C3s C4s C6s' },
    { verdict: LEAKED, scenarios: 'C5s', on: withoutMarker },
    {
      verdict: MISSED,
      scenarios: 'C9s C10s C11s C12s C13s C14s',
      on: (kernel) => withoutMarker(kernel) && !unshares(kernel),
    },
    { verdict: FOR_EVER, scenarios: 'X17 M37 M39 M40 R12', on: losesTypes },
    { verdict: 'BUG: a free swap slot gets a reference', scenarios: 'X16 M38 M41 R55', on: losesTypes },
    { verdict: 'BUG: a swap slot loses a reference that it does not have', scenarios: 'M42', on: losesTypes },
    {
      verdict: 'BUG: GUP would loop for ever: its faults change nothing',
      scenarios: 'K3 K4',
      on: losesTypes,
    },
    { verdict: 'the process reads 0x0', scenarios: 'R10', on: losesTypes },
    { verdict: 'the page is not locked', scenarios: 'R11', on: losesTypes },
    { verdict: 'reads 0x0', scenarios: 'M28', on: ({ patched }) => !patched.swapErrorMarker },
    { verdict: 'the child reads 0x0', scenarios: 'S20', on: losesTypes },
    { verdict: 'reads 0x0', scenarios: 'M14 M19 M22 M23 M56 M58', on: losesTypes },
    { verdict: 'no warning; reads 0x0', scenarios: 'M15', on: losesTypes },
    { verdict: 'no warning; reads 0x9', scenarios: 'M16', on: losesTypes },
    {
      verdict: 'copied; reads 0x6',
      scenarios: 'M24',
      on: ({ patched }) => !patched.swapErrorMarker,
    },
  ],
};

/** LoongArch and sparc64 as they were before their mends. */
const openedWhenDirty: ExceptionalArch = {
  is: straysWhenDirty,
  why: 'pte_mkdirty() lets the MMU write, whatever the entry said before: what becomes dirty last is not copied on write.',
  source: 'bf2f34a506e6 of LoongArch, fa2e71a6fcee of sparc64',
  outcomes: [
    {
      verdict: 'the child has one leaf; it reads 0x2',
      scenarios: 'R55',
      on: (kernel) => archById(kernel.arch).huge?.migration !== undefined && moveDirtiesLast(kernel),
    },
    { verdict: SAME_PAGE, scenarios: 'R48', on: splitLeaksStores },
    { verdict: LEAKED, scenarios: 'C1h C2h C3h C4h C50', on: splitLeaksStores },
  ],
};

const exceptionalArches: readonly ExceptionalArch[] = [coldfire, nios2, openedWhenDirty];

/** What a scenario is expected to show on a kernel, and why. */
export function expectationOf(
  { number, expected, why }: Scenario,
  kernel: Kernel,
): { readonly expected: string; readonly why: string } {
  const found = exceptionalArches.find(({ is }) => is(kernel));
  const outcome = found?.outcomes.find(
    ({ scenarios, on }) => scenarios.split(' ').includes(number) && (on?.(kernel) ?? true),
  );
  if (found === undefined || outcome === undefined) return { expected: expected(kernel), why };
  return { expected: outcome.verdict, why: `${found.why} See ${found.source}.` };
}
