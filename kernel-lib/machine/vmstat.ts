/** Event counters of /proc/vmstat that the model keeps, by their names there. */
export const vmEvents = [
  'pgfault',
  'pgmajfault',
  'pgreuse',
  'pswpin',
  'pswpout',
  'swpin_zero',
  'swpout_zero',
  'cow_ksm',
  'ksm_swpin_copy',
  'pglazyfree',
  'pglazyfreed',
  'pgmigrate_success',
  'pgmigrate_fail',
  'nr_foll_pin_acquired',
  'nr_foll_pin_released',
  'nr_tlb_local_flush_all',
  'nr_tlb_local_flush_one',
  'swap_ra',
  'swap_ra_hit',
  'thp_collapse_alloc',
  'thp_deferred_split_page',
  'thp_fault_alloc',
  'thp_fault_fallback',
  'thp_migration_fail',
  'thp_migration_split',
  'thp_migration_success',
  'thp_split_page',
  'thp_split_page_failed',
  'thp_split_pmd',
  'thp_split_pud',
  'thp_swpout',
  'thp_swpout_fallback',
  'thp_zero_page_alloc',
  'unevictable_pgs_cleared',
  'unevictable_pgs_culled',
  'unevictable_pgs_mlocked',
  'unevictable_pgs_munlocked',
  'unevictable_pgs_rescued',
  'unevictable_pgs_stranded',
] as const;

export type VmEvent = (typeof vmEvents)[number];

/** The number of each event: its word in `vmstat`. */
export const vmEventIndex = Object.fromEntries(vmEvents.map((name, i) => [name, i])) as Record<
  VmEvent,
  number
>;
