import { framesOnStack } from '../explore/stack.js';
import type { Machine } from '../machine/machine.js';
import { type Pte, pteAdvancePfn, ptePresent, pteSame } from '../pgtable/pte.js';
import { observedMem } from '../step/observed-mem.js';
import { siteName } from './call-sites.js';

/** Who stored an entry. */
interface Storer {
  /** `huge/split-pmd:fillWithPages`. */
  readonly site: string;
  /** Whether the entry stands above the lowest level. */
  readonly leaf: boolean;
}

/** An entry that a function of the kernel stored. */
export interface EntryStore extends Storer {
  /** Where the entry stands. */
  readonly ptep: number;
  readonly pte: Pte;
}

const setter = /^(set(Pte|Pmd|Pud|HugePte)At|p(te|md)p(SetWrprotect|SetAccessFlags|TestAndClearYoung))$/;

/** How far up the caller of a setter can be: the trap and this file below, setters that call setters. */
const NEAR = 12;

/**
 * Tells of every entry that kernel code stores by way of a setter, from now on. What the MMU notes, what is cleared and
 * what leads to a table goes another way.
 *
 * Nothing is asked of the setters: the machine's memory of page tables is replaced by one that sees the writes.
 *
 * @returns to be called between two operations: what the next one stores does not go on from what the last one stored
 */
export function watchEntryStores(k: Machine, tell: (store: EntryStore) => void): () => void {
  const machine = k as { -readonly [N in keyof Machine]: Machine[N] };
  let low: { readonly ptep: number; readonly lo: number } | undefined;
  const rows = new Rows(k);
  machine.ptes = observedMem(k.ptes, (word, value) => {
    // Tables lie at even words, and so does the lower half of every entry.
    const upper = low !== undefined && word === low.ptep + 1;
    if (!upper) return void (low = word % 2 === 0 ? { ptep: word, lo: value | 0 } : undefined);
    const { ptep, lo } = low!;
    low = undefined;
    const pte = { lo, hi: value | 0 };
    const storer = rows.storerOf(ptep, pte);
    if (storer !== undefined) tell({ ...storer, ptep, pte });
  });
  return () => rows.clear();
}

/** An entry that was stored, and by whom, undefined where that was no setter. */
interface RowEnd {
  readonly storer: Storer | undefined;
  readonly pte: Pte;
  /** How it differs from the one before it, absent for the first of a row. */
  readonly step?: Pte;
}

/**
 * Rows of entries that loops are storing. Who fills a table stores one entry behind the other: looking at the stack each
 * time would take most of the run. A fork has two rows under way, the parent's and the child's.
 */
class Rows {
  readonly #k: Machine;
  /** By the place behind their last entry. */
  readonly #ends = new Map<number, RowEnd[]>();

  constructor(k: Machine) {
    this.#k = k;
  }

  /** Who stores an entry: whoever stores the row that it goes on with, else the function on the stack. */
  storerOf(ptep: number, pte: Pte): Storer | undefined {
    const ends = this.#ends.get(ptep) ?? [];
    const before = takeFirst(ends, (end) => follows(this.#k, end, pte));
    const storer = before === undefined ? storingFunction() : before.storer;
    // The second of a row tells how far its entries are apart, where they are no frames: entries of pages that move.
    const first =
      before ?? takeFirst(ends, (end) => end.step === undefined && end.storer?.site === storer?.site);
    const end = first === undefined ? { storer, pte } : { storer, pte, step: difference(first.pte, pte) };
    if (ends.length === 0) this.#ends.delete(ptep);
    const behind = this.#ends.get(ptep + 2);
    if (behind === undefined) this.#ends.set(ptep + 2, [end]);
    else behind.push(end);
    return storer;
  }

  clear(): void {
    this.#ends.clear();
  }
}

/** Takes the first row that `is` says yes to from the list. */
function takeFirst(ends: RowEnd[], is: (end: RowEnd) => boolean): RowEnd | undefined {
  const at = ends.findIndex(is);
  return at < 0 ? undefined : ends.splice(at, 1)[0];
}

/** Whether an entry is the one before it over again, the same for the next frame, or as far from it as that from its own. */
function follows(k: Machine, { pte: before, step }: RowEnd, pte: Pte): boolean {
  if (pteSame(before, pte) || (ptePresent(k, before) && pteSame(pteAdvancePfn(k, before, 1), pte)))
    return true;
  return step !== undefined && pteSame(difference(before, pte), step);
}

function difference(from: Pte, to: Pte): Pte {
  return { lo: (to.lo - from.lo) | 0, hi: (to.hi - from.hi) | 0 };
}

function storingFunction(): Storer | undefined {
  const frames = framesOnStack(NEAR);
  const at = frames.map(({ name }) => setter.test(name)).lastIndexOf(true);
  const caller = at < 0 ? undefined : frames[at + 1];
  return caller && { site: siteName(caller), leaf: frames[at]!.name !== 'setPteAt' };
}
