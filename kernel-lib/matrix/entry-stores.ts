import { framesOnStack } from '../explore/stack.js';
import type { Machine } from '../machine/machine.js';
import { type Pte, pteAdvancePfn, ptePresent, pteSame } from '../pgtable/pte.js';
import type { Mem } from '../step/mem.js';
import { siteName } from './call-sites.js';

/** An entry that a function of the kernel stored. */
export interface EntryStore {
  /** `huge/split-pmd:fillWithPages`. */
  readonly site: string;
  /** Where the entry stands. */
  readonly ptep: number;
  readonly pte: Pte;
}

const setter = /^set(Pte|Pmd|Pud|HugePte)At$/;

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
  let last: EntryStore | undefined;
  machine.ptes = observed(k.ptes, (word, value) => {
    // Tables lie at even words, and so does the lower half of every entry.
    const upper = low !== undefined && word === low.ptep + 1;
    if (!upper) return void (low = word % 2 === 0 ? { ptep: word, lo: value } : undefined);
    const { ptep, lo } = low!;
    low = undefined;
    const pte = { lo, hi: value };
    // Whoever fills a table does so in a loop: looking at the stack each time would take most of the run.
    const goesOn = last !== undefined && ptep === last.ptep + 2 && follows(k, last.pte, pte);
    const site = goesOn ? last!.site : storingFunction();
    last = site === undefined ? undefined : { site, ptep, pte };
    if (last !== undefined) tell(last);
  });
  return () => (last = undefined);
}

/** Whether an entry is the one before it over again, or the same for the next frame. */
function follows(k: Machine, before: Pte, pte: Pte): boolean {
  return pteSame(before, pte) || (ptePresent(k, before) && pteSame(pteAdvancePfn(k, before, 1), pte));
}

function storingFunction(): string | undefined {
  const frames = framesOnStack(NEAR);
  const at = frames.map(({ name }) => setter.test(name)).lastIndexOf(true);
  const caller = at < 0 ? undefined : frames[at + 1];
  return caller && siteName(caller);
}

function observed(mem: Mem, note: (word: number, value: number) => void): Mem {
  return new Proxy(mem, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      // Methods of typed arrays want the array itself.
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
    set(target, name, value) {
      note(Number(name), (value as number) | 0);
      return Reflect.set(target, name, value, target);
    },
  });
}
