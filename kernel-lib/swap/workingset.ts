import { folioNrPages } from '../folio/compound.js';
import { PG_active, PG_workingset } from '../folio/flags.js';
import { setFlag, testFlag } from '../folio/frame.js';
import { lruNoteCost } from '../folio/lru-cost.js';
import {
  LRU_ACTIVE_ANON,
  LRU_ACTIVE_FILE,
  LRU_INACTIVE_FILE,
  MEMCG_PROCESSES,
  lruSize,
} from '../folio/lru-list.js';
import type { Machine } from '../machine/machine.js';
import { outcomeOf } from '../step/memory.js';
import { setSlotShadow, slotShadow, swapArea } from './area.js';

/**
 * What stays of a page when reclaim has written it out: when that was, counted in evictions and activations, by
 * whose reclaim, and whether the page had been active. 0 is no shadow.
 */
const SHADOW = 1;
const SHADOW_WORKINGSET = 2;
const SHADOW_MEMCG = 4;
const AGE_SHIFT = 3;

/** Time passes for pages that are not in memory. @kernel mm/workingset.c workingset_age_nonresident v6.2 */
export function workingsetAgeNonresident(k: Machine, nrPages = 1): void {
  k.globals.nonresidentAge += nrPages;
}

/**
 * Leaves a shadow in the slot of a page that is about to go.
 *
 * @kernel mm/workingset.c workingset_eviction v6.2
 * @param byMemcg whether the memory cgroup's own limit or request made it go
 */
export function workingsetEviction(k: Machine, page: number, entry: number, byMemcg: boolean): void {
  const workingset = testFlag(k, page, PG_workingset) ? SHADOW_WORKINGSET : 0;
  const shadow = (k.globals.nonresidentAge << AGE_SHIFT) | workingset | SHADOW;
  const nr = folioNrPages(k, page);
  for (let i = 0; i < nr; i++) setSlotShadow(k, entry + i, byMemcg ? shadow | SHADOW_MEMCG : shadow);
  workingsetAgeNonresident(k, nr);
}

/**
 * A page comes back: it belongs on the active list if, had that been a little longer, it would not have gone.
 *
 * @kernel mm/workingset.c workingset_refault v6.2
 * @differs evicted by the whole machine's reclaim or by MADV_PAGEOUT, it is measured against the whole machine's
 * page cache, which is longer than any distance here
 */
export function workingsetRefault(k: Machine, page: number, entry: number): void {
  outcomeOf(() => refault(k, page, entry));
}

function refault(k: Machine, page: number, entry: number): void {
  const shadow = slotShadow(k, entry);
  if (shadow === 0) return;
  const distance = k.globals.nonresidentAge - (shadow >>> AGE_SHIFT);
  if ((shadow & SHADOW_MEMCG) !== 0 && distance > workingsetSize(k)) return;
  setFlag(k, page, PG_active);
  workingsetAgeNonresident(k);
  k.globals.workingsetActivations++;
  if ((shadow & SHADOW_WORKINGSET) === 0) return;
  setFlag(k, page, PG_workingset);
  // It had better stayed.
  lruNoteCost(k, 'anon', folioNrPages(k, page), 0);
}

function workingsetSize(k: Machine): number {
  const file = lruSize(k, MEMCG_PROCESSES, LRU_ACTIVE_FILE) + lruSize(k, MEMCG_PROCESSES, LRU_INACTIVE_FILE);
  const si = swapArea(k);
  const swapLeft = si !== undefined && si.inusePages < si.max - 1;
  return swapLeft ? file + lruSize(k, MEMCG_PROCESSES, LRU_ACTIVE_ANON) : file;
}
