/**
 * A promise that a real encoding breaks: a name, the check that shows it, where, and why. Tests hold every check to
 * fail where a finding says so and nowhere else.
 */
export interface Finding {
  readonly id: string;
  readonly title: string;
  /** The name of the check in `sanity-present.ts` or `sanity-swap.ts`. */
  readonly check: string;
  /** Ids of architectures, or all but some. */
  readonly arches: readonly string[] | { readonly allBut: readonly string[] };
  /** Names of states. Absent: every one. */
  readonly states?: readonly string[];
  /** Which swap entries; `pages` is the size of the largest swap area. Absent: every one, or no matter of swap. */
  readonly entries?: (type: number, offset: bigint, pages: bigint) => boolean;
  /** Which entries of `protection_map[]`. Absent: every one, or no matter of protections. */
  readonly prots?: readonly number[];
  /** Only some frames show it. */
  readonly onlySomeFrames?: true;
  readonly why: string;
  /** What mended it, if anything did. */
  readonly mended?: string;
}

/** All of `protection_map[]` but shared mappings that may be written. */
const withoutWriting = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13];

const nios2Empty = (offset: bigint): boolean => offset < 16n;

const sparc64 = ['sparc64', 'sparc64_sun4v', 'sparc64_sun4v_m7'];

/** Findings about swap PTEs. */
export const swapFindings: readonly Finding[] = [
  {
    id: 'first-entry-is-none',
    title: 'Type 0 with offset 0 reads as empty',
    check: 'swap-not-none',
    arches: {
      allBut: ['x86_64', 'x86_32_pae', 's390', 'ppc_book3s64_4k', 'ppc_book3s64_64k', 'nios2'],
    },
    entries: (type, offset) => type === 0 && offset === 0n,
    why:
      'All of its bits are zero (or those of an empty entry, on xtensa). It does no harm: page 0 of a swap area ' +
      'holds the area’s header and is never handed out.',
  },
  {
    id: 'x86-64-last-entry-is-none',
    title: 'x86-64: type 0 with the highest offset reads as empty',
    check: 'swap-not-none',
    arches: ['x86_64'],
    entries: (type, offset, pages) => type === 0 && offset === pages - 1n,
    why:
      'Offsets are stored inverted against L1TF, so that the highest one is all zeroes. Such an area would span ' +
      '4 EiB. With PAE the bits above the 27 of the offset are inverted too and stay ones.',
  },
  {
    id: 'nios2-first-entries-are-none',
    title: 'nios2: the first 16 pages of swap area 0 read as empty',
    check: 'swap-not-none',
    arches: ['nios2'],
    states: ['refactored', 'after'],
    entries: (type, offset) => type === 0 && nios2Empty(offset),
    why:
      'pte_none() ignores the lowest four bits, since pte_clear() leaves four bits of the address there; the swap ' +
      'offset stands in the same place. nios2 cannot be configured with swap, so nobody has met it.',
  },
  {
    id: 'nios2-lost-types-are-none',
    title: 'nios2 before: the first 16 pages of every fourth swap area read as empty',
    check: 'swap-not-none',
    arches: ['nios2'],
    states: ['before'],
    entries: (type, offset) => type % 4 === 0 && nios2Empty(offset),
    why: 'As after the refactoring, and with only two type bits stored every fourth type looks like type 0.',
  },
  {
    id: 'nios2-two-type-bits',
    title: 'nios2 before: two of five type bits are stored',
    check: 'swap-round-trip',
    arches: ['nios2'],
    states: ['before'],
    entries: (type) => type > 3,
    why: 'The comment promised two bits and MAX_SWAPFILES_SHIFT needs five: entries of area 4 decode as area 0.',
    mended: '0a9ad8273ff4 (v6.3) stores all five',
  },
  {
    id: 'sun3-reads-as-present',
    title: 'sun3 before: a high swap offset reads as present',
    check: 'swap-not-present',
    arches: ['m68k_sun3'],
    states: ['before'],
    entries: (_type, offset) => offset >= 1n << 24n,
    why: 'The offset ended at bit 31, which is SUN3_PAGE_VALID: a page beyond 128 GiB of swap looked mapped.',
    mended: 'ed4154067a08 (v6.3) takes that bit from the offset',
  },
  {
    id: 'alpha-exclusive-is-int',
    title: 'alpha: pte_swp_exclusive() is always false',
    check: 'exclusive-seen',
    arches: ['alpha'],
    states: ['after'],
    why:
      'The marker is bit 39, and the function returned int: converting to int keeps bits 31 to 0. Exclusive pages ' +
      'lost their mark at every swap-in, for more than two years.',
    mended: '2025: the function returns bool on every architecture (state after-bool)',
  },
  {
    id: 'xpa-exclusive-is-none',
    title: 'MIPS XPA: type 0 with offset 0 reads as empty even with the marker',
    check: 'exclusive-stays-swap',
    arches: ['mips32_xpa'],
    states: ['after'],
    entries: (type, offset) => type === 0 && offset === 0n,
    why: 'The marker is a bit of pte_low, and pte_none() looks only at pte_high.',
  },
];

/** Findings about present PTEs. */
export const presentFindings: readonly Finding[] = [
  {
    id: 'prot-none-not-present',
    title: 'csky and sparc32: a PROT_NONE entry is not present',
    check: 'present',
    arches: ['csky_abiv1', 'csky_abiv2', 'sparc32'],
    prots: [0, 8],
    why:
      'PAGE_NONE lacks the present bit, and pte_present() has no other. After mprotect(PROT_NONE) an entry that ' +
      'keeps its frame number is neither empty nor present, which is what a swap entry looks like.',
  },
  {
    id: 'x2tlb-modify-adds-rights',
    title: 'SH-X2: pte_modify() gives rights but takes none',
    check: 'modify-takes-rights',
    arches: ['sh_x2tlb', 'sh_x2tlb_off_32bit'],
    prots: withoutWriting,
    why: 'The rights stand in pte_high, where the new protection is only or-ed in.',
  },
  {
    id: 'alchemy-modify-adds-rights',
    title: 'MIPS with 36-bit addresses: pte_modify() leaves _PAGE_WRITE set',
    check: 'modify-takes-rights',
    arches: ['mips32_phys64_alchemy'],
    prots: withoutWriting,
    why:
      '_PFN_MASK is meant for pte_high, but _PAGE_CHG_MASK also preserves its bits of pte_low, among them ' +
      '_PAGE_PRESENT, _PAGE_NO_READ and _PAGE_WRITE. The next store sets the hardware’s bit again.',
  },
  {
    id: 'hexagon-modify-forgets',
    title: 'hexagon: pte_modify() forgets young and dirty',
    check: 'modify-keeps-notes',
    arches: ['hexagon'],
    why: 'It keeps only the frame number. A page that was written and then mprotect()ed counts as clean.',
  },
  {
    id: 'loongarch-prot-none-forgets-young',
    title: 'LoongArch: PROT_NONE forgets young',
    check: 'modify-keeps-notes',
    arches: [
      ...['loongarch64_4k', 'loongarch64_16k', 'loongarch64_64k'],
      ...['loongarch64_16k_dirty_prefix', 'loongarch64_16k_mkdirty_fixed_only'],
    ],
    prots: [0, 8],
    why: '_PAGE_ACCESSED is _PAGE_VALID, which a PROT_NONE entry cannot keep.',
  },
  {
    id: 'loongarch-dirty-is-writable',
    title: 'LoongArch until November 2022: a write-protected entry made dirty lets stores through',
    check: 'mmu-obeys',
    arches: ['loongarch64_4k', 'loongarch64_16k', 'loongarch64_64k'],
    states: ['dirty-unconditional'],
    why:
      'pte_mkdirty() set the hardware’s writable bit, asked or not. Splitting a huge page did that after fork(): ' +
      'parent and child wrote to the same page.',
    mended: 'bf2f34a506e6',
  },
  {
    id: 'loongarch-dirty-is-writable-variant',
    title: 'LoongArch until November 2022, as a variant of its own',
    check: 'mmu-obeys',
    arches: ['loongarch64_16k_dirty_prefix'],
    why: 'The same pte_mkdirty(), before and after the exclusive-marker series.',
    mended: 'bf2f34a506e6',
  },
  {
    id: 'sparc64-dirty-is-writable',
    title: 'sparc64 until April 2023: a write-protected entry made dirty lets stores through',
    check: 'mmu-obeys',
    arches: sparc64,
    states: ['before', 'after'],
    why: 'pte_mkdirty() set the hardware’s writable bit together with the software’s dirty bit.',
    mended: 'April 2023 (state mkdirty-asks)',
  },
  {
    id: 'ia64-exec-only-mkwrite',
    title: 'Itanium: an execute-only entry cannot be made writable',
    check: 'mkwrite',
    arches: ['ia64_4k', 'ia64_16k', 'ia64_64k'],
    prots: [4, 12],
    why: 'Access rights are a number from 0 to 7, and 7 (execute and promote) already has the bit that is set.',
  },
  {
    id: 'ia64-exec-only-wrprotect',
    title: 'Itanium: write-protecting an execute-only entry makes it writable for the kernel',
    check: 'wrprotect',
    arches: ['ia64_4k', 'ia64_16k', 'ia64_64k'],
    prots: [4, 12],
    why: 'Clearing that bit turns access rights 7 into 5: user mode reads and executes, the kernel also writes.',
  },
  {
    id: 'um-prot-none-mkwrite',
    title: 'User-mode Linux: a PROT_NONE entry is never writable',
    check: 'mkwrite',
    arches: ['um_3level_64', 'um_2level_32', 'um_3level_32'],
    prots: [0, 8],
    why: 'pte_write() also asks for the absence of _PAGE_PROTNONE.',
  },
  {
    id: 'coldfire-private-is-writable',
    title: 'ColdFire: a private mapping starts writable',
    check: 'private-starts-read-only',
    arches: ['m68k_coldfire'],
    prots: [2, 3, 6, 7],
    why:
      'Its protection_map[] gives CF_PAGE_WRITABLE to private and not to shared mappings. Reading first maps the ' +
      'shared zero page writable.',
  },
  {
    id: 'openrisc-exec-only',
    title: 'OpenRISC: PROT_EXEC alone does not allow execution',
    check: 'exec-honoured',
    arches: ['openrisc'],
    prots: [4, 6, 12, 14],
    why: 'Its protection_map[] has the executable protections where VM_READ is set, not where VM_EXEC is.',
  },
  {
    id: 'xpa-frame-hole',
    title: 'MIPS XPA with 16 KiB pages: two bits of the frame number are lost',
    check: 'pfn-round-trip',
    arches: ['mips32_xpa'],
    onlySomeFrames: true,
    why:
      'pte_high has room for the lowest 22 bits and pte_low takes those from 24 on. With 4 KiB pages 24 fit and ' +
      'nothing is lost; with 16 KiB pages memory from 64 GiB on is misread.',
  },
  {
    id: 'xpa-mkyoung-asks-frame',
    title: 'MIPS XPA: pte_mkyoung() asks a bit of the frame number',
    check: 'operations-ignore-frame',
    arches: ['mips32_xpa'],
    onlySomeFrames: true,
    why: 'It looks for _PAGE_NO_READ in pte_low, but that bit stands in pte_high; in pte_low it is part of the frame.',
  },
];

/** Every finding. */
export const findings: readonly Finding[] = [...swapFindings, ...presentFindings];

/** Whether the finding speaks of this architecture in this state. */
export function findingApplies(finding: Finding, arch: string, state: string): boolean {
  const { arches, states } = finding;
  const here = 'allBut' in arches ? !arches.allBut.includes(arch) : arches.includes(arch);
  return here && (states === undefined || states.includes(state));
}
