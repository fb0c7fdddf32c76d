import { type Slices } from '../base/bitfield.js';
import type { PatchName } from '../patches/catalogue.js';

/**
 * Bits of a PTE by the kernel's own names: `'_PAGE_RW | _PAGE_DIRTY'`. A term is a name from `bits`, `masks` or
 * `pgprots`, a number `0x…`, or bits as a manual writes them, `[51:12]`. `~` in front complements the whole: `'~(A | B)'`.
 */
export type Mask = string;

/** A yes-or-no question about a PTE. A plain mask asks whether any of its bits is set. */
export type Test =
  | Mask
  | { readonly none: Mask }
  | { readonly all: Mask }
  | { readonly of: Mask; readonly is: Mask }
  | { readonly not: Test }
  | { readonly and: readonly Test[] }
  | { readonly or: readonly Test[] };

/** One statement of an operation: `when` holds (always, if absent), first `clear` these bits, then `set` those. */
export interface Clause {
  readonly when?: Test;
  readonly clear?: Mask;
  readonly set?: Mask;
}

/** What `pte_mkdirty()` and its kin do: statements in order, each seeing what the one before it left. */
export type Operation = Clause | readonly Clause[];

/**
 * `[bits, line in the header, meaning]`; the bits as a number or as slices `'8:6'`; `'other.h:18'` is a line of
 * another header beside it.
 */
export type BitField = readonly [at: number | Slices, line: number | string, means: string];

/** One level of the page tables, from the root: `2^bits` entries, each spanning `2^shift` bytes. */
export interface Level {
  readonly name: 'pgd' | 'p4d' | 'pud' | 'pmd' | 'pte';
  readonly shift: number;
  readonly bits: number;
}

/** Where the page frame number stands, and whether a PTE that the MMU must not follow stores it inverted. */
export interface PfnLayout {
  readonly at: Slices;
  readonly invertedWhen?: Test;
  /** `pfn_pte()` does not mask: a frame number that is too large reaches the bits above. */
  readonly unmasked?: true;
  /** Ones that `pfn_pte()` adds to every entry. */
  readonly fixed?: Mask;
  /** What `pfn_pte()` does to the entry in the end. */
  readonly last?: Operation;
  /** Entries that `pte_pfn()` answers with all ones for. */
  readonly noneWhen?: Test;
}

export interface Predicates {
  /** Absent: a PTE is none when it is zero. */
  readonly none?: Test;
  readonly present: Test;
  /** Present for the kernel while the MMU refuses it. Absent: not supported. */
  readonly protnone?: Test;
  readonly write: Test;
  readonly dirty: Test;
  readonly young: Test;
  readonly exec?: Test;
  readonly special?: Test;
  readonly softDirty?: Test;
  readonly uffdWp?: Test;
}

/** An operation that the architecture lacks does nothing, as the kernel's generic stub. */
export interface Operations {
  readonly mkwrite: Operation;
  readonly wrprotect: Operation;
  readonly mkdirty: Operation;
  readonly mkclean: Operation;
  readonly mkyoung: Operation;
  readonly mkold: Operation;
  readonly mkspecial?: Operation;
  readonly mksoftDirty?: Operation;
  readonly clearSoftDirty?: Operation;
  readonly mkuffdWp?: Operation;
  readonly clearUffdWp?: Operation;
}

/**
 * `pte_modify(pte, prot)`: after `first`, the PTE keeps `keep`, and takes `take` (absent: all) of the protection;
 * then `last`.
 */
export interface Modify {
  readonly first?: Operation;
  readonly keep: Mask;
  readonly take?: Mask;
  readonly last?: Operation;
}

/** What the bits of entries that map a page mean. */
export interface EntryBits {
  /** Where `bits` stand. Lines here and before the series are those of 6.1.192, after it those of 6.3.8. */
  readonly header: string;
  readonly bits: Readonly<Record<string, BitField>>;
  readonly masks: Readonly<Record<string, Mask>>;
  readonly pfn: PfnLayout;
  /** What `pte_clear()` stores. Absent: zero. */
  readonly empty?: Mask;
  readonly predicates: Predicates;
}

/** The same, and what the kernel's operations do with them. */
export interface EntryLayout extends EntryBits {
  readonly operations: Operations;
  readonly modify: Modify;
  readonly pgprots: Readonly<Record<string, Mask>>;
}

/** hugetlb sees every entry as a PTE, also where leaves are encoded otherwise. Frames stay where they are. */
export interface SeenAsPte {
  /** Which bit of that PTE each bit of the leaf is. */
  readonly moves: Readonly<Record<string, Mask>>;
  /** Ones that every leaf has, and ones that every PTE has which stands for one. */
  readonly leaf: Mask;
  readonly pte: Mask;
}

/**
 * Entries one level above the lowest that map a page and are no PTEs. Their protections bear the names of those of
 * PTEs, and `modify` is all that `pmd_modify()` does.
 */
export interface LeafLayout extends EntryLayout {
  readonly seenAs: SeenAsPte;
}

/** PMD entries that map a page themselves. Everything that is not said here is as in PTEs. */
export interface HugeLayout {
  /** `pmd_mkhuge()`. */
  readonly mkhuge: Operation;
  /** `pmd_trans_huge()`. */
  readonly transHuge: Test;
  /** `pmd_present()`: true also of an entry that a split has made invalid. */
  readonly present: Test;
  /** `pmd_mkinvalid()`: the MMU no longer follows the entry, which still maps its page to the kernel. */
  readonly mkinvalid: Operation;
  /**
   * `__swp_entry_to_pmd()`: what an entry that stands for a huge page on its way has beside a PTE's; `'0'`: nothing.
   * Absent: no ARCH_ENABLE_THP_MIGRATION, huge pages are split to move.
   */
  readonly migration?: Mask;
  /** ARCH_ENABLE_HUGEPAGE_MIGRATION: pages of hugetlb can move. */
  readonly hugetlbMigration?: true;
  /** Leaves that are encoded otherwise than PTEs: names of bits above are then those of the leaf. */
  readonly leaf?: LeafLayout;
  /** Such leaves two levels above the lowest, which only hugetlb has. */
  readonly pudLeaf?: EntryBits;
}

/** How a swap entry lies in a PTE that is not present. */
export interface SwapLayout {
  /** Where `__swp_type()` stands. */
  readonly source: string;
  readonly type: Slices;
  readonly offset: Slices;
  /** What the encoder writes where it does not mask: a too large value reaches its neighbours. */
  readonly encodes?: { readonly type?: Slices; readonly offset?: Slices };
  /** What the decoder reads where that is not `type` or `offset`. */
  readonly decodes?: { readonly type?: Slices; readonly offset?: Slices };
  /** Ones in every swap PTE. */
  readonly fixed?: Mask;
  /** Bits stored inverted. */
  readonly inverted?: Mask;
  /** `_PAGE_SWP_EXCLUSIVE`. Absent: no marker, the kernel's stubs answer (before the series). */
  readonly exclusive?: Mask;
  /** `pte_swp_exclusive()` returns `int`: bits above 31 of its result are lost. */
  readonly exclusiveReturnsInt?: true;
  readonly softDirty?: Mask;
  readonly uffdWp?: Mask;
}

/** Configuration symbols that take types away from swap files, or swapping altogether. */
export interface Kconfig {
  readonly SWAP: boolean;
  readonly MIGRATION: boolean;
  readonly DEVICE_PRIVATE: boolean;
  readonly MEMORY_FAILURE: boolean;
  readonly PTE_MARKER_UFFD_WP: boolean;
  readonly HAVE_ARCH_USERFAULTFD_MINOR: boolean;
  readonly HAVE_ARCH_TRANSPARENT_HUGEPAGE_PUD: boolean;
}

/** One state in the history of an architecture: what differs from the record's common part. */
export interface ArchState {
  /** One clause: which kernel this is. */
  readonly is: string;
  /** The commit that made it, 12 digits. */
  readonly commit?: string;
  /** Whose numbering of swap types applies. */
  readonly release: 'v6.1' | 'v6.3';
  readonly swap: SwapLayout;
  readonly predicates?: Partial<Predicates>;
  readonly operations?: Partial<Operations>;
  readonly modify?: Modify;
}

/** What differs by a patch that has nothing to do with swap PTEs: a switch of its own. */
export interface Era {
  /** The patch, by the name under which kernel code asks for it. */
  readonly patch: PatchName;
  /** Whether this holds with the patch, or as long as the kernel lacks it. */
  readonly holds: 'since' | 'before';
  readonly predicates?: Partial<Predicates>;
  readonly operations?: Partial<Operations>;
  readonly modify?: Modify;
}

/** What the MMU does by itself, and what it leaves to faults. */
export interface HardwareRules {
  /** Who loads the TLB. */
  readonly walker: 'hardware' | 'software';
  /** Who sets the accessed bit: the walker, the TLB refill handler, or a fault that the kernel takes. */
  readonly young: 'walker' | 'handler' | 'fault';
  /** Who sets the dirty bit. */
  readonly dirty: 'walker' | 'handler' | 'fault';
  /** Whether the MMU lets a user's load through. Absent: through every present entry that is not PROT_NONE. */
  readonly load?: Test;
  /** Whether the MMU lets a user's store through. */
  readonly store: Test;
  /**
   * What the walker or the exception handler does to an entry on a store, before `store` is asked. Absent: nothing
   * where that is left to a fault, else the entry becomes young and dirty if it is writable.
   */
  readonly onStore?: Operation;
  /** The same on a load. */
  readonly onLoad?: Operation;
  readonly note?: string;
}

/** The states that every architecture has: without and with the series that gave swap PTEs an exclusive marker. */
export type SeriesState = 'before' | 'after';

/**
 * One architecture variant, wholly as data: from it come encoder, decoder, operations, pictures and property tests.
 * Page-table words are written as the CPU sees them; `byteOrder` says how they lie in memory.
 */
export interface Arch extends EntryLayout {
  readonly id: string;
  readonly title: string;
  /** Folder below the kernel's `arch/`. */
  readonly family: string;
  /** The configuration symbols that choose this variant. */
  readonly config: string;
  readonly kconfig: Kconfig;
  readonly pteBits: 32 | 64;
  readonly longBits: 32 | 64;
  /** A `pgprot_t` is a long in spite of a longer PTE, which repeats or spreads its bits. */
  readonly pgprotIsLong?: true;
  readonly byteOrder: 'little' | 'big';
  readonly pageShift: number;
  /** `MAX_PHYSMEM_BITS`, or what the kernel takes in its place: how far a frame number in a swap entry reaches. */
  readonly physBits: number;
  readonly levels: readonly Level[];
  /** Absent: no transparent huge pages. */
  readonly huge?: HugeLayout;
  /** `protection_map[]`: 16 protections, indexed by `vm_flags & (VM_READ|VM_WRITE|VM_EXEC|VM_SHARED)`. */
  readonly protectionMap: readonly Mask[];
  readonly hardware: HardwareRules;
  /**
   * `ptep_clear_flush_young()` leaves alone what TLBs hold, and `pmdp_clear_flush_young()` perhaps as well: the page may
   * look unused for a while. Absent: both flush.
   */
  readonly clearsYoungUnflushed?: 'pte' | 'pte and pmd';
  /**
   * What a VMA must allow before a load's fault is handled, where an entry could otherwise fault for ever. Absent: anything
   * at all, though Linux asks for more on ARC, ia64, LoongArch, Microblaze, OpenRISC and Xtensa.
   */
  readonly loadNeeds?: 'VM_READ' | 'VM_READ or VM_WRITE';
  /** True where `pte_sw_mkyoung()` makes a new entry young, since its protection does not. Absent: it does nothing. */
  readonly swMkyoung?: true;
  /** CPUs that note less by themselves, by a name for people. */
  readonly cpus?: Readonly<Record<string, HardwareRules>>;
  readonly states: Readonly<Record<SeriesState, ArchState> & Record<string, ArchState>>;
  /** What holds at the same time as the state; of two that say the same, the later one counts. */
  readonly eras?: readonly Era[];
}
