import type { Machine } from '../machine/machine.js';
import type { Step } from '../step/step.js';
import { PG_dirty } from './flags.js';
import { testClearFlag, testSetFlag } from './frame.js';

/** Says that a page is newer than its copy on disk; whether that was news. @kernel mm/page-writeback.c folio_mark_dirty v6.2 */
export function* folioMarkDirty(k: Machine, page: number): Step<boolean> {
  yield;
  return !testSetFlag(k, page, PG_dirty);
}

/** Takes the dirty flag for a write to disk; whether it was set. `folio_test_clear_dirty` of include/linux/page-flags.h. */
export function* folioTestClearDirty(k: Machine, page: number): Step<boolean> {
  yield;
  return testClearFlag(k, page, PG_dirty);
}
