import { pageContent } from '../folio/frame.js';
import { hugeAddress, pmdAt, pmdOffset, pmdPfn, pmdTable, pmdTransHuge } from '../pgtable/pmd.js';
import { ptePfn, ptePresent } from '../pgtable/pte.js';
import { pteOffset, pteTable, readPte } from '../pgtable/table.js';
import type { Operation } from '../trace/operation.js';
import { type World, addressOf, mmOf } from '../trace/world.js';
import { vmaLookup } from '../vma/vma-list.js';
import { VM_SHARED } from '../vma/vm-flags.js';
import type { Vma } from '../vma/vma.js';

/** One page of one process. */
export interface Place {
  readonly process: number;
  readonly address: number;
}

/** Pages of one operation that are looked at. */
const MOST_PAGES = 3;

/** Every page that an operation named, in every process that is alive. */
export function namedPlaces(world: World, operations: readonly Operation[]): Place[] {
  const addresses = new Set<number>();
  for (const operation of operations) {
    if (!('region' in operation)) continue;
    const first = 'index' in operation ? operation.index : 0;
    const nr = 'nrPages' in operation ? Math.min(operation.nrPages, MOST_PAGES) : 1;
    for (let at = first; at < first + nr; at++) addresses.add(addressOf(world, operation.region, at));
  }
  return [...world.tasks.keys()].flatMap((process) =>
    [...addresses].map((address) => ({ process, address })),
  );
}

/** The private mapping that a place lies in, null where there is none. */
export function privateVma(world: World, { process, address }: Place): Vma | null {
  const vma = vmaLookup(world.k, mmOf(world, process), address);
  return vma !== null && (vma.vmFlags & VM_SHARED) === 0 ? vma : null;
}

/** A page and what it holds. */
export interface SeenPage {
  readonly frame: number;
  readonly content: number;
}

/** The page that a process sees in a private mapping, undefined without one. */
export function privatePage(world: World, place: Place): SeenPage | undefined {
  if (privateVma(world, place) === null) return undefined;
  const frame = frameAt(world, place);
  return frame === undefined ? undefined : { frame, content: pageContent(world.k, frame) };
}

function frameAt(world: World, { process, address }: Place): number | undefined {
  const { k } = world;
  const { pgd } = mmOf(world, process);
  const table = pteTable(k, pgd, address);
  if (table !== 0) {
    const pte = readPte(k, pteOffset(k, table, address));
    return ptePresent(k, pte) ? ptePfn(k, pte) : undefined;
  }
  const pmd = pmdAt(k, pgd, address);
  if (!pmdTransHuge(k, pmd)) return undefined;
  return pmdPfn(k, pmd) + (address - hugeAddress(k, address)) / k.pageSize;
}

/** Where the entry stands that maps a place, or would: in a table of the lowest level or in the one above; 0 without either. */
export function entryPlace(world: World, { process, address }: Place): number {
  const { k } = world;
  const { pgd } = mmOf(world, process);
  const table = pteTable(k, pgd, address);
  if (table !== 0) return pteOffset(k, table, address);
  const above = k.pte.huge === undefined ? 0 : pmdTable(k, pgd, address);
  return above === 0 ? 0 : pmdOffset(k, above, address);
}
