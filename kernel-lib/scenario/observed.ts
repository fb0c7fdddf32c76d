import type { RaceSetup, Watched } from '#stepped/scenario/race.js';
import { pteVal } from '../arch/codec.js';
import * as flags from '../folio/flags.js';
import { FIRST_PFN, NO_PAGE, pageContent, pageFlags, pageMapcount, pageRefcount } from '../folio/frame.js';
import { addressOf } from '../explore/program.js';
import type { Access } from '../explore/explain.js';
import type { Machine } from '../machine/machine.js';
import { diskContent } from '../pagecache/disk-file.js';
import { decodeMachinePte } from '../pgtable/decode.js';
import { type Pmd, pmdAt, pmdOffset, pmdPfn, pmdTable, pmdTransHuge, pmdNone } from '../pgtable/pmd.js';
import type { Pte } from '../pgtable/pte.js';
import { pteOffset, pteTable, readPte, ptlHeld } from '../pgtable/table.js';
import { ld } from '../step/memory.js';
import { cachedTranslations, hasTlbs } from '../tlb/tlb.js';
import { AddressSpace } from '../vma/file.js';
import type { SeenPart } from '../view/stepper.js';
import { Mm } from '../vma/mm.js';

/** Of what can only be so or not so. */
const YES = 'yes';
/** An empty entry, or what is not there. */
const NOTHING = 'nothing';

/** A page without references: nothing else is said of it. */
const FREE = 'free';

/** What can be seen of a machine, by name, in words. What is not there has no name. */
export type Observed = ReadonlyMap<string, string>;

/** Looks at a race's machine: entries, TLBs, pages, locks, disks. Pages are called by letters, in order of appearance. */
export class Observer {
  readonly #setup: RaceSetup;
  readonly #letters = new Map<number, string>();

  constructor(setup: RaceSetup) {
    this.#setup = setup;
  }

  observe(): Observed {
    const { machine: k, watched, files = [] } = this.#setup;
    const seen = new Map<string, string>();
    for (const frame of framesInUse(k)) this.#name(frame);
    for (const place of watched) this.#seePlace(seen, place);
    if (hasTlbs(k)) for (let cpu = 0; cpu < k.nrCpus; cpu++) this.#seeTlb(seen, cpu);
    for (const [frame, letter] of this.#letters) seePage(seen, k, frame, `page ${letter}`);
    for (const file of files) seeDisk(seen, k, AddressSpace.at(k, file));
    return seen;
  }

  #seePlace(seen: Map<string, string>, { name, mm, start, nrPages }: Watched): void {
    const { machine: k } = this.#setup;
    const { pgd, mmapLock } = Mm.at(k, mm);
    const of = name === '' ? '' : ` of ${name}`;
    if (mmapLock !== 0) seen.set(`mmap lock${of} is held for ${mmapLock < 0 ? 'writing' : 'reading'}`, YES);
    if (k.thp !== 'never') seen.set(`PMD${of}`, this.#pmdWords(pmdAt(k, pgd, start)));
    for (let i = 0; i < nrPages; i++) {
      const table = pteTable(k, pgd, start + i * k.pageSize);
      if (table === 0) continue;
      seen.set(`PTE ${i}${of}`, this.#entryWords(readPte(k, pteOffset(k, table, start + i * k.pageSize))));
      if (ptlHeld(k, table)) seen.set(`page-table lock${of} is held`, YES);
    }
  }

  #seeTlb(seen: Map<string, string>, cpu: number): void {
    const { machine: k, watched, threads } = this.#setup;
    for (const { vpn, pte } of cachedTranslations(k, cpu)) {
      const place = watched.find(({ start, nrPages }) => {
        const index = vpn - start / k.pageSize;
        return index >= 0 && index < nrPages;
      });
      if (place === undefined) continue;
      const index = vpn - place.start / k.pageSize;
      seen.set(`TLB of ${threads[cpu]?.name ?? `CPU ${cpu}`} for ${index}`, this.#entryWords(pte));
    }
  }

  /**
   * What loads of one half of an entry have read, on machines that load entries half by half.
   *
   * @param accesses of one step, with memory as the step left it
   */
  halvesRead(accesses: readonly Access[]): string[] {
    const { machine: k, watched } = this.#setup;
    if (k.entryHalves === undefined) return [];
    const touched = (stored: boolean) =>
      new Set(accesses.filter(({ value }) => (value !== undefined) === stored).map(({ address }) => address));
    const [loaded, stored] = [touched(false), touched(true)];
    const halves = watched
      .flatMap((place) => entriesOf(k, place))
      .flatMap(({ name, entry }) => [
        { half: `the low half of ${name}`, other: entry + 1, at: entry },
        { half: `the high half of ${name}`, other: entry, at: entry + 1 },
      ]);
    const address = (at: number) => addressOf(k.ptes, at);
    return halves
      .filter(({ at, other }) => loaded.has(address(at)) && !loaded.has(address(other)))
      .filter(({ at }) => !stored.has(address(at)))
      .map(({ half, at }) => `reads ${half}: ${hex(ld(k.ptes, at) >>> 0)}`);
  }

  #pmdWords(pmd: Pmd): string {
    const { machine: k } = this.#setup;
    if (pmdTransHuge(k, pmd)) return `huge page ${this.#name(pmdPfn(k, pmd))}`;
    return pmdNone(k, pmd) ? NOTHING : 'a page table';
  }

  #entryWords(pte: Pte): string {
    const { machine } = this.#setup;
    if (machine.entryHalves !== undefined && pte.lo === 0 && pte.hi !== 0) return 'its high half alone';
    const decoded = decodeMachinePte(this.#setup.machine, pteVal(Int32Array.of(pte.lo, pte.hi), 0));
    if (decoded.kind === 'none') return NOTHING;
    const page = decoded.pfn === undefined ? '' : `page ${this.#name(Number(decoded.pfn))}`;
    if (decoded.kind !== 'present') return decoded.text.replace(/frame .*?\)/, page);
    return `${page}, ${decoded.writable ? 'writable' : 'read-only'}, ${decoded.dirty ? 'dirty' : 'clean'}`;
  }

  #name(frame: number): string {
    const known = this.#letters.get(frame);
    if (known !== undefined) return known;
    const n = this.#letters.size;
    const name = n < 26 ? String.fromCharCode(65 + n) : `A${n}`;
    this.#letters.set(frame, name);
    return name;
  }
}

/** The entries of a place and the words, of those for page tables, where they begin. */
function entriesOf(k: Machine, { name, mm, start, nrPages }: Watched): { name: string; entry: number }[] {
  const { pgd } = Mm.at(k, mm);
  const of = name === '' ? '' : ` of ${name}`;
  const pmds = pmdTable(k, pgd, start);
  const found = pmds === 0 ? [] : [{ name: `the PMD${of}`, entry: pmdOffset(k, pmds, start) }];
  for (let i = 0; i < nrPages; i++) {
    const table = pteTable(k, pgd, start + i * k.pageSize);
    if (table !== 0)
      found.push({ name: `PTE ${i}${of}`, entry: pteOffset(k, table, start + i * k.pageSize) });
  }
  return found;
}

function framesInUse(k: Machine): number[] {
  const frames: number[] = [];
  for (let frame = FIRST_PFN; frame < k.globals.nextFrame; frame++)
    if (frame !== NO_PAGE && pageRefcount(k, frame) > 0) frames.push(frame);
  return frames;
}

/** Flags that tell something in a race, and their words. */
const flagWords: readonly (readonly [number, string])[] = [
  [flags.PG_locked, 'locked'],
  [flags.PG_dirty, 'dirty'],
  [flags.PG_writeback, 'under writeback'],
  [flags.PG_swapcache, 'in the swap cache'],
  [flags.PG_anon_exclusive, 'exclusive'],
];

function seePage(seen: Map<string, string>, k: Machine, frame: number, name: string): void {
  const references = pageRefcount(k, frame);
  if (references === 0) return void seen.set(name, FREE);
  const set = pageFlags(k, frame);
  for (const [flag, word] of flagWords) if ((set & flag) !== 0) seen.set(`${name} is ${word}`, YES);
  seen.set(`${name} is mapped`, times(pageMapcount(k, frame)));
  seen.set(`${name} has references`, String(references));
  seen.set(`${name} holds`, hex(pageContent(k, frame)));
}

function seeDisk(seen: Map<string, string>, k: Machine, file: AddressSpace): void {
  for (let index = 0; index < file.iSize / k.pageSize; index++)
    seen.set(`disk ${index} holds`, hex(diskContent(k, file, index)));
}

function times(n: number): string {
  return n === 0 ? 'never' : n === 1 ? 'once' : `${n} times`;
}

function hex(n: number): string {
  return `0x${n.toString(16)}`;
}

/** Parts of a machine, and how the names of what is seen of them begin or end. */
const parts: readonly (readonly [part: string, names: RegExp])[] = [
  ['locks', /lock.* is held/],
  ['page tables', /^(?:PMD|PTE)/],
  ['TLBs', /^TLB/],
  ['folios', /^page/],
  ['disk', /^disk/],
];

/** A look at a machine, part by part; what is free is only called so. */
export function partsOf(observed: Observed): SeenPart[] {
  const free = [...observed].filter(([, words]) => words === FREE).map(([name]) => name);
  const shown = [...observed].filter(([name]) => !free.some((page) => name.startsWith(`${page} `)));
  return parts
    .map(([part, names]) => ({ part, facts: shown.filter(([name]) => partOf(name) === names) }))
    .filter(({ facts }) => facts.length > 0);
}

function partOf(name: string): RegExp | undefined {
  return parts.find(([, names]) => names.test(name))?.[1];
}

/** What differs between two looks at one machine, one line each. */
export function differences(before: Observed, after: Observed): string[] {
  const names = [...new Set([...before.keys(), ...after.keys()])];
  const free = names.filter((name) => after.get(name) === FREE);
  return names
    .filter((name) => (before.get(name) ?? NOTHING) !== (after.get(name) ?? NOTHING))
    .filter((name) => !free.some((page) => name.startsWith(`${page} `)))
    .map((name) => changeWords(name, before.get(name), after.get(name)));
}

function changeWords(name: string, before = NOTHING, after = NOTHING): string {
  if (after === YES) return name;
  if (after === FREE) return `${name} is free`;
  if (before === YES) return name.replace(' is ', ' is no longer ');
  return `${name}: ${before} => ${after}`;
}
