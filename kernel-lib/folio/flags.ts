/**
 * Page flags, one bit each in the first word of a frame.
 *
 * @kernel include/linux/page-flags.h PG_locked v6.2
 * @differs bit positions are the model's own; PG_tail and PG_hwpoison exist on every machine; PG_outside marks a
 * page that is charged to another memory cgroup than the processes' one
 */
export const PG_locked = 1 << 0;
export const PG_referenced = 1 << 1;
export const PG_uptodate = 1 << 2;
export const PG_dirty = 1 << 3;
export const PG_lru = 1 << 4;
export const PG_active = 1 << 5;
export const PG_workingset = 1 << 6;
export const PG_writeback = 1 << 7;
export const PG_swapbacked = 1 << 8;
export const PG_swapcache = 1 << 9;
export const PG_unevictable = 1 << 10;
export const PG_mlocked = 1 << 11;
export const PG_anon_exclusive = 1 << 12;
export const PG_reclaim = 1 << 13;
export const PG_hwpoison = 1 << 14;
export const PG_head = 1 << 15;
export const PG_tail = 1 << 16;
export const PG_error = 1 << 17;
export const PG_double_map = 1 << 18;
export const PG_outside = 1 << 19;
export const PG_reserved = 1 << 20;
export const PG_idle = 1 << 21;
/** Used since reclaim last looked, though no entry says so. */
export const PG_young = 1 << 22;

/** The byte at offset 0 of the page lies above the flags. */
export const CONTENT_SHIFT = 23;
export const FLAGS_MASK = (1 << CONTENT_SHIFT) - 1;

/** Low bits of a frame's mapping word. */
export const PAGE_MAPPING_ANON = 1;
export const PAGE_MAPPING_MOVABLE = 2;
export const PAGE_MAPPING_KSM = PAGE_MAPPING_ANON | PAGE_MAPPING_MOVABLE;
export const PAGE_MAPPING_FLAGS = 3;
/** MODEL: the mapping word of a tail names the head of its folio. */
export const PAGE_MAPPING_TAIL = PAGE_MAPPING_MOVABLE;
