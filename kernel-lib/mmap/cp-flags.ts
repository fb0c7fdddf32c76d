/**
 * For changeProtection: entries that need no fault may become writable at once; userfaultfd protects the range from
 * writes, or lifts that.
 *
 * @kernel include/linux/mm.h MM_CP_TRY_CHANGE_WRITABLE v6.2
 */
export const MM_CP_TRY_CHANGE_WRITABLE = 1 << 0;
export const MM_CP_UFFD_WP = 1 << 2;
export const MM_CP_UFFD_WP_RESOLVE = 1 << 3;
