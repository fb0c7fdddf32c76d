import type { Machine } from '../machine/machine.js';
import { slabWordsInUse } from '../machine/slab.js';
import { swapArea } from '../swap/area.js';

/** How much of a machine's memory is in use, by what hands it out. */
export interface Usage {
  /** Page frames with references. */
  readonly frames: number;
  /** Page tables of every level. */
  readonly tables: number;
  /** Swap slots that are not free, and pages in the swap cache. */
  readonly slots: number;
  readonly swapCache: number;
  /** Words of kernel objects: VMAs, anon_vmas, files and so on. */
  readonly slabWords: number;
}

/** Counts what is in use: two machines that hold the same give the same, whatever happened before. */
export function usage(k: Machine): Usage {
  return {
    frames: k.globals.nrUsedFrames,
    tables: k.globals.nrTables,
    slots: swapArea(k)?.inusePages ?? 0,
    swapCache: k.globals.nrSwapCache,
    slabWords: slabWordsInUse(k),
  };
}
