/** How a page is looked up and held. @kernel include/linux/mm_types.h FOLL_WRITE 6.12 @differs the values are those of v6.1 */
export const FOLL_WRITE = 0x01;
/** Mark the page accessed, and dirty if written. */
export const FOLL_TOUCH = 0x02;
/** Take an ordinary reference. */
export const FOLL_GET = 0x04;
/** Write to private memory, or read any, whatever its protection. */
export const FOLL_FORCE = 0x10;
/** Do not fault pages in. */
export const FOLL_NOFAULT = 0x80;
/** Report poisoned pages as such. */
export const FOLL_HWPOISON = 0x100;
/** A fault was retried before. */
export const FOLL_TRIED = 0x800;
/** The memory is not the current process's. */
export const FOLL_REMOTE = 0x2000;
/** The page will be held for long: DMA may see it at any time. */
export const FOLL_LONGTERM = 0x1_0000;
/** Take a pin: the page's content will be accessed. */
export const FOLL_PIN = 0x4_0000;
/** Take what can be had without locks, and leave the rest. */
export const FOLL_FAST_ONLY = 0x8_0000;
/** Faults may drop the mmap lock and be retried. */
export const FOLL_UNLOCKABLE = 0x20_0000;
/** Holes and forbidden memory are told apart, for MADV_POPULATE (v6.9). */
export const FOLL_MADV_POPULATE = 0x40_0000;
