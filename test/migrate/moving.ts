import { allocPage, folioPut } from '../../kernel-lib/folio/alloc.js';
import { folioTrylock, folioUnlock } from '../../kernel-lib/folio/lock.js';
import { folioAddLru, folioIsolateLru, lruAddDrain } from '../../kernel-lib/folio/lru.js';
import type { Machine } from '../../kernel-lib/machine/machine.js';
import { moveToNewFolio } from '../../kernel-lib/huge/migrate-folio.js';
import { removeMigrationPtes, tryToMigrate } from '../../kernel-lib/huge/migration-ptes.js';
import { type Pte, pteNone, ptePfn, ptePresent } from '../../kernel-lib/pgtable/pte.js';
import { pteOffset, pteTable, readPte } from '../../kernel-lib/pgtable/table.js';
import { run } from '../../kernel-lib/step/step.js';
import { pteToSwpEntry, swpType } from '../../kernel-lib/swap/entry.js';
import { boot, type BootOptions } from '../../kernel-lib/sys/boot.js';
import { Layout } from '../mmap/layout.js';

/** One process on a fresh machine, with swap. */
export function process(options: BootOptions): Layout {
  const linux = boot({ swap: '1MiB', ...options });
  return new Layout('', linux.spawn('p'), linux.machine);
}

export function pteAt(p: Layout, page: number): Pte {
  const table = pteTable(p.k, p.process.mm.pgd, p.address(page));
  return readPte(p.k, pteOffset(p.k, table, p.address(page)));
}

export const frameAt = (p: Layout, page: number): number => ptePfn(p.k, pteAt(p, page));

/** What an entry is, in the kernel's words. */
export function kindAt(p: Layout, page: number): string {
  const pte = pteAt(p, page);
  if (pteNone(p.k, pte)) return 'none';
  if (ptePresent(p.k, pte)) return 'present';
  const type = swpType(pteToSwpEntry(p.k, pte));
  const name = Object.entries(p.k.swpTypes).find(([, number]) => number === type)?.[0];
  return name?.replace('SWP_', '').toLowerCase().replaceAll('_', '-') ?? 'swap';
}

/** A page that is on its way to another frame: unmapped already, not yet mapped again. */
export class Moving {
  readonly src: number;
  readonly #k: Machine;
  readonly #dst: number;

  constructor(p: Layout, page: number) {
    this.#k = p.k;
    this.src = frameAt(p, page);
    run(lruAddDrain(this.#k));
    run(folioIsolateLru(this.#k, this.src));
    this.#dst = allocPage(this.#k);
    for (const folio of [this.src, this.#dst]) run(folioTrylock(this.#k, folio));
    run(tryToMigrate(this.#k, this.src));
  }

  /** Ends the move as migrate_pages() does; gives the new frame. */
  finish(): number {
    const rc = run(moveToNewFolio(this.#k, this.#dst, this.src));
    run(folioAddLru(this.#k, this.#dst));
    run(lruAddDrain(this.#k));
    run(removeMigrationPtes(this.#k, this.src, rc === 0 ? this.#dst : this.src));
    for (const folio of [this.#dst, this.src]) folioUnlock(this.#k, folio);
    for (const folio of [this.#dst, this.src]) run(folioPut(this.#k, folio));
    return this.#dst;
  }
}
