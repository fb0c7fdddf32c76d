import { PG_active } from '../folio/flags.js';
import { clearFlag } from '../folio/frame.js';
import { folioPutbackLru } from '../folio/lru.js';
import type { Machine } from '../machine/machine.js';
import { type Step, resultOf } from '../step/step.js';
import { shrinkFolioList } from './shrink-folio-list.js';

/**
 * Frees isolated pages whose owner gave them up, first to last; the rest goes back to the LRU.
 *
 * @kernel mm/vmscan.c reclaim_pages v6.2
 * @returns how many were freed
 */
export function* reclaimPages(k: Machine, pages: readonly number[]): Step<number> {
  for (const page of pages) clearFlag(k, page, PG_active);
  const ignoreReferences = k.patched.pageoutKeepsYoung;
  const { nrReclaimed, kept } = yield* shrinkFolioList(k, pages, { ignoreReferences, byMemcg: false });
  for (const page of kept) yield* resultOf(folioPutbackLru(k, page));
  return nrReclaimed;
}
