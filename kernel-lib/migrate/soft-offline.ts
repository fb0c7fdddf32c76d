import { EBUSY, EIO, ENOSYS } from '../base/errno.js';
import { folioPut } from '../folio/alloc.js';
import { PG_hwpoison, PG_lru } from '../folio/flags.js';
import { setFlag, testFlag } from '../folio/frame.js';
import { folioIsolateLru, folioPutbackLru, lruAddDrain } from '../folio/lru.js';
import type { Machine } from '../machine/machine.js';
import type { Step } from '../step/step.js';
import { migratePages } from './migrate.js';

/**
 * Takes a page that may fail soon out of use: its content moves, nobody loses anything. The caller's reference on the
 * page is given back.
 *
 * @kernel mm/memory-failure.c soft_offline_page v6.2
 * @returns 0, -EBUSY if the page could not be moved, -EIO if it is of a kind that cannot, -ENOSYS without CONFIG_MIGRATION
 */
export function* softOfflinePage(k: Machine, page: number): Step<number> {
  if (testFlag(k, page, PG_hwpoison)) {
    yield* folioPut(k, page);
    return 0;
  }
  yield* lruAddDrain(k);
  if (!testFlag(k, page, PG_lru)) {
    yield* folioPut(k, page);
    return -EIO;
  }
  return yield* softOfflineInUsePage(k, page);
}

/**
 * @kernel mm/memory-failure.c soft_offline_in_use_page v6.2
 * @differs the page was found through a mapping: it is no page-cache page that could simply be dropped
 */
function* softOfflineInUsePage(k: Machine, page: number): Step<number> {
  const isolated = yield* folioIsolateLru(k, page);
  yield* folioPut(k, page);
  if (!isolated) return -EBUSY;
  if ((yield* migratePages(k, [page], 'MR_MEMORY_FAILURE')).length > 0) {
    yield* folioPutbackLru(k, page);
    return k.pte.arch.kconfig.MIGRATION ? -EBUSY : -ENOSYS;
  }
  // The isolation's reference stays: the frame is never given to anybody again.
  setFlag(k, page, PG_hwpoison);
  return 0;
}
