import { allocHugeFolio, folioPut } from '../../kernel-lib/folio/alloc.js';
import { folioTrylock, folioUnlock } from '../../kernel-lib/folio/lock.js';
import { folioAddLru, folioIsolateLru, lruAddDrain } from '../../kernel-lib/folio/lru.js';
import { removeMigrationPtesWhole, tryToMigrateWhole } from '../../kernel-lib/huge/migrate-whole.js';
import type { Machine } from '../../kernel-lib/machine/machine.js';
import { moveToNewFolio } from '../../kernel-lib/huge/migrate-folio.js';
import { type Pmd, isSwapPmd, pmdAt, pmdPfn, pmdTransHuge } from '../../kernel-lib/pgtable/pmd.js';
import { run } from '../../kernel-lib/step/step.js';
import { pteToSwpEntry, swpType } from '../../kernel-lib/swap/entry.js';
import type { Layout } from '../mmap/layout.js';

export const pmdOf = (p: Layout, page = 0): Pmd => pmdAt(p.k, p.process.mm.pgd, p.address(page));

/** The first frame of the huge page that is mapped there. */
export const folioAt = (p: Layout, page = 0): number => pmdPfn(p.k, pmdOf(p, page));

/** What stands above the lowest level, in the kernel's words. */
export function kindAt(p: Layout, page = 0): string {
  const pmd = pmdOf(p, page);
  if (pmdTransHuge(p.k, pmd)) return 'leaf';
  if (!isSwapPmd(p.k, pmd)) return 'table or none';
  const type = swpType(pteToSwpEntry(p.k, pmd));
  const name = Object.entries(p.k.swpTypes).find(([, number]) => number === type)![0];
  return name.replace('SWP_', '').toLowerCase().replaceAll('_', '-');
}

/** A huge page that is on its way to other frames: unmapped already, not yet mapped again. */
export class MovingHuge {
  readonly src: number;
  readonly #k: Machine;
  readonly #dst: number;

  constructor(p: Layout) {
    this.#k = p.k;
    this.src = folioAt(p);
    run(lruAddDrain(this.#k));
    run(folioIsolateLru(this.#k, this.src));
    this.#dst = allocHugeFolio(this.#k);
    for (const folio of [this.src, this.#dst]) run(folioTrylock(this.#k, folio));
    run(tryToMigrateWhole(this.#k, this.src));
  }

  /** Ends the move as migrate_pages() does; gives the new folio. */
  finish(): number {
    const rc = run(moveToNewFolio(this.#k, this.#dst, this.src));
    run(folioAddLru(this.#k, this.#dst));
    run(lruAddDrain(this.#k));
    run(removeMigrationPtesWhole(this.#k, this.src, rc === 0 ? this.#dst : this.src));
    for (const folio of [this.#dst, this.src]) folioUnlock(this.#k, folio);
    for (const folio of [this.#dst, this.src]) run(folioPut(this.#k, folio));
    return this.#dst;
  }
}
