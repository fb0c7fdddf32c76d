import { type Kconfig } from './arch.js';

/** What most default configurations choose. */
export const usualKconfig: Kconfig = {
  SWAP: true,
  MIGRATION: true,
  DEVICE_PRIVATE: false,
  MEMORY_FAILURE: false,
  PTE_MARKER_UFFD_WP: false,
};
