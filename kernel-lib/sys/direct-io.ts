import { EFAULT, EINVAL } from '../base/errno.js';
import { setPageContent } from '../folio/frame.js';
import { internalGetUserPagesFast } from '../gup/fast.js';
import { FOLL_GET, FOLL_PIN, FOLL_WRITE } from '../gup/flags.js';
import { gupPutFolio, setPageDirtyLock } from '../gup/grab.js';
import type { Machine } from '../machine/machine.js';
import type { Step } from '../step/step.js';
import type { Mm } from '../vma/mm.js';

/**
 * Takes the page that a block device is to read from or write to.
 *
 * @kernel block/bio.c bio_iov_iter_get_pages v6.2
 * @returns what the page was taken by, FOLL_GET or FOLL_PIN
 */
export function* bioIovIterGetPages(
  k: Machine,
  mm: Mm,
  address: number,
  write: number,
  pages: number[],
): Step<number> {
  const hold = k.patched.odirectPins ? FOLL_PIN : FOLL_GET;
  yield* internalGetUserPagesFast(k, mm, address, 1, hold | write, pages);
  return hold;
}

/** What a disk reads and writes at a time, in bytes. */
const SECTOR_SIZE = 512;

/**
 * O_DIRECT write of one whole page to a disk: the device reads the page.
 *
 * @returns how many bytes, -EINVAL for an address between sectors, or -EFAULT
 */
export function* directWrite(k: Machine, mm: Mm, address: number): Step<number> {
  if (address % SECTOR_SIZE !== 0) return -EINVAL;
  const pages: number[] = [];
  const hold = yield* bioIovIterGetPages(k, mm, address, 0, pages);
  if (pages.length === 0) return -EFAULT;
  yield* gupPutFolio(k, pages[0]!, hold);
  return k.pageSize;
}

/**
 * O_DIRECT read of a block full of `value` into one whole page: the device writes the page, behind the MMU's back.
 *
 * @returns how many bytes, -EINVAL for an address between sectors, or -EFAULT
 */
export function* directRead(k: Machine, mm: Mm, address: number, value: number): Step<number> {
  if (address % SECTOR_SIZE !== 0) return -EINVAL;
  const pages: number[] = [];
  const hold = yield* bioIovIterGetPages(k, mm, address, FOLL_WRITE, pages);
  if (pages.length === 0) return -EFAULT;
  const page = pages[0]!;
  setPageContent(k, page, value | (value << 8));
  yield* setPageDirtyLock(k, page);
  yield* gupPutFolio(k, page, hold);
  return k.pageSize;
}
