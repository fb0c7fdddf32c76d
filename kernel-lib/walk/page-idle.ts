import { folioPut } from '../folio/alloc.js';
import { PG_idle, PG_lru, PG_young } from '../folio/flags.js';
import { PageAnon, PageKsm, clearFlag, folioGet, pageMapcount, setFlag, testFlag } from '../folio/frame.js';
import { folioTrylock, folioUnlock } from '../folio/lock.js';
import type { Machine } from '../machine/machine.js';
import { ptepTestAndClearYoung, ptlUnlock } from '../pgtable/table.js';
import { type Place, pageVmaMappedWalk, rmapWalk } from '../rmap/walk.js';
import type { Step } from '../step/step.js';

/**
 * Marks a page idle, as a set bit written to /sys/kernel/mm/page_idle/bitmap does.
 *
 * @kernel mm/page_idle.c page_idle_bitmap_write v6.2
 * @differs one page
 */
export function* pageIdleBitmapWrite(k: Machine, page: number): Step<void> {
  if (!(yield* pageIdleGetPage(k, page))) return;
  yield* pageIdleClearPteRefs(k, page);
  setFlag(k, page, PG_idle);
  yield* folioPut(k, page);
}

/**
 * Whether a page has not been used since it was marked idle.
 *
 * @kernel mm/page_idle.c page_idle_bitmap_read v6.2
 * @differs one page
 */
export function* pageIdleBitmapRead(k: Machine, page: number): Step<boolean> {
  if (!(yield* pageIdleGetPage(k, page))) return false;
  // Whoever used it by its mappings left no note but young entries.
  if (testFlag(k, page, PG_idle)) yield* pageIdleClearPteRefs(k, page);
  const idle = testFlag(k, page, PG_idle);
  yield* folioPut(k, page);
  return idle;
}

/** Only pages on an LRU list are user memory. @kernel mm/page_idle.c page_idle_get_page v6.2 */
function* pageIdleGetPage(k: Machine, page: number): Step<boolean> {
  if (!testFlag(k, page, PG_lru)) return false;
  yield* folioGet(k, page);
  return true;
}

/** @kernel mm/page_idle.c page_idle_clear_pte_refs v6.2 */
function* pageIdleClearPteRefs(k: Machine, page: number): Step<void> {
  if (pageMapcount(k, page) === 0) return;
  const needLock = !PageAnon(k, page) || PageKsm(k, page);
  if (needLock && !(yield* folioTrylock(k, page))) return;
  for (const place of rmapWalk(k, page)) yield* pageIdleClearPteRefsOne(k, page, place);
  if (needLock) folioUnlock(k, page);
}

/** @kernel mm/page_idle.c page_idle_clear_pte_refs_one v6.2 */
function* pageIdleClearPteRefsOne(k: Machine, page: number, place: Place): Step<void> {
  const at = yield* pageVmaMappedWalk(k, page, place);
  if (at === null) return;
  if (yield* ptepTestAndClearYoung(k, at.ptep)) {
    clearFlag(k, page, PG_idle);
    // Reclaim must not miss the use that was just cleared away.
    setFlag(k, page, PG_young);
  }
  ptlUnlock(k, at.table);
}
