import { EFAULT, EINVAL, ENOTBLK } from '../base/errno.js';
import { pageContent, setPageContent } from '../folio/frame.js';
import { FOLL_WRITE } from '../gup/flags.js';
import { gupPutFolio, setPageDirtyLock } from '../gup/grab.js';
import type { Machine } from '../machine/machine.js';
import { diskContent, setDiskContent } from '../pagecache/disk-file.js';
import { filemapWriteAndWaitRange } from '../pagecache/writeback.js';
import type { Step } from '../step/step.js';
import { AddressSpace, type File } from '../vma/file.js';
import type { Mm } from '../vma/mm.js';
import { invalidateInodePages2Range } from '../zap/invalidate.js';
import { bioIovIterGetPages } from './direct-io.js';

/**
 * O_DIRECT read or write of one whole page of a file on a disk, past the page cache: what is cached of it is written
 * first, and for a write dropped, before and after.
 *
 * @kernel fs/iomap/direct-io.c iomap_dio_rw v6.2
 * @differs where a page cannot be dropped -ENOTBLK, on which file systems go by way of the page cache
 * @returns how many bytes, 0 behind the file's end; or -EINVAL for an address within a page, -EFAULT, -ENOTBLK
 */
export function* iomapDioRw(
  k: Machine,
  mm: Mm,
  file: File,
  index: number,
  address: number,
  write: boolean,
): Step<number> {
  const mapping = AddressSpace.at(k, file.fMapping);
  const range = { start: index, end: index + 1 };
  if (address % k.pageSize !== 0) return -EINVAL;
  if (!write && index * k.pageSize >= mapping.iSize) return 0;
  yield* filemapWriteAndWaitRange(k, mapping, range);
  if (write && (yield* invalidateInodePages2Range(k, mapping, range)) !== 0) return -ENOTBLK;
  const done = yield* iomapDioIter(k, mm, mapping, index, address, write);
  if (!write || done < 0) return done;
  mapping.iSize = Math.max(mapping.iSize, (index + 1) * k.pageSize);
  // Somebody may have read the old content meanwhile. A page that was dirtied will overwrite what was written.
  yield* invalidateInodePages2Range(k, mapping, range);
  return done;
}

/** The device takes the user's page, and reads or writes it. @kernel fs/iomap/direct-io.c iomap_dio_iter v6.2 */
function* iomapDioIter(
  k: Machine,
  mm: Mm,
  mapping: AddressSpace,
  index: number,
  address: number,
  write: boolean,
): Step<number> {
  const pages: number[] = [];
  const hold = yield* bioIovIterGetPages(k, mm, address, write ? 0 : FOLL_WRITE, pages);
  const page = pages[0];
  if (page === undefined) return -EFAULT;
  if (write) {
    setDiskContent(k, mapping, index, pageContent(k, page));
  } else {
    setPageContent(k, page, diskContent(k, mapping, index));
    yield* setPageDirtyLock(k, page);
  }
  yield* gupPutFolio(k, page, hold);
  return k.pageSize;
}
