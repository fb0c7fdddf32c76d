/** Four pages of private memory. */
export const anon = 'mmap 0 0 4 w p anon';
/** The same, with two pages that were written. */
export const written = [anon, 'write 0 0 0 1', 'write 0 0 1 2'];
/** A huge page with two pages that were written. */
export const hugePage = ['mmap 0 0 2H w p anon', 'write 0 0 0 1', 'write 0 0 1 2'];
/** The object lines of a course over a file in memory. */
export const memfd = ['obj 0 memfd 4'];
/** As userfaultfd is asked to write-protect a page, empty places of files included. */
export const watched = ['uffd 0 0x1000', 'ureg 0 0 0 2 mw'];
