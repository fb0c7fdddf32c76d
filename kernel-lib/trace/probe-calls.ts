import { EBADF, EBUSY, EFAULT, ENOSYS } from '../base/errno.js';
import { migrateToDevice } from '../device/private.js';
import { handleMmFault } from '../fault/handle.js';
import { folioPut } from '../folio/alloc.js';
import { NO_PAGE, pageByte, pageFolio, setPageByte } from '../folio/frame.js';
import { folioTrylock, folioUnlock } from '../folio/lock.js';
import { folioIsolateLru, folioPutbackLru } from '../folio/lru.js';
import { makeDeviceExclusiveRange } from '../gup/device-exclusive.js';
import { doPagesMove } from '../migrate/move-pages.js';
import {
  isolateMovable,
  migrateFolioDone,
  migrateFolioMove,
  migrateFolioUnmap,
  putbackMovablePages,
  migrationSupported,
} from '../migrate/migrate.js';
import { run } from '../step/step.js';
import { SWP_STABLE_WRITES, swapArea } from '../swap/area.js';
import { endSwapWrites } from '../swap/io.js';
import { access } from '../sys/access.js';
import { pinLongtermTestStart, pinnedPage, releasePins } from '../sys/pins.js';
import { FMODE_READ } from '../vma/file.js';
import { mmapReadLock, mmapReadUnlock } from '../vma/mmap-lock.js';
import { VM_MAYWRITE } from '../vma/vm-flags.js';
import { vmaLookup } from '../vma/vma-list.js';
import { doMincore } from '../walk/mincore.js';
import { diskCalls } from './disk-calls.js';
import { GUP_FAST, type OperationName } from './operation.js';
import { type Call, type World, addressOf, frameOf, mmOf } from './world.js';

/** What no recorded program asks for: calls from elsewhere in the kernel, drivers, other CPUs, the swap device's nature. */
export const probeCalls: { readonly [N in OperationName]?: Call<N> } = {
  ...diskCalls,
  fault: (world, { process, region, index, faultFlags }) => {
    const { k } = world;
    const mm = mmOf(world, process);
    const address = addressOf(world, region, index);
    const vma = vmaLookup(k, mm, address);
    if (vma === null) return -EFAULT;
    run(mmapReadLock(k, mm));
    const result = run(handleMmFault(k, vma, address, faultFlags));
    mmapReadUnlock(k, mm);
    return result;
  },
  fill: (world, { process, region, index, nrPages, value }) => {
    const mm = mmOf(world, process);
    for (let at = index; at < index + nrPages; at++) {
      const got = run(access(world.k, mm, addressOf(world, region, at), value));
      if (typeof got !== 'number') return { ret: -1, signal: got };
    }
    return 0;
  },
  gup: (world, { process, region, index, nrPages, pin, gupFlags }) => {
    const start = addressOf(world, region, index);
    const fast = (gupFlags & GUP_FAST) !== 0;
    const flags = gupFlags & ~GUP_FAST;
    const pages = run(pinLongtermTestStart(world.k, mmOf(world, process), start, nrPages, flags, fast));
    if (typeof pages === 'number') return pages;
    world.pins.set(pin, pages);
    return 0;
  },
  unpin: (world, { pin }) => {
    const pinned = world.pins.get(pin);
    if (pinned === undefined) return -EBADF;
    world.pins.delete(pin);
    return run(releasePins(world.k, pinned));
  },
  pinread: (world, { pin, page }) => {
    const frame = pinFrame(world, pin, page);
    return frame === 0 ? -EBADF : { ret: 1, val: pageByte(world.k, frame) };
  },
  pinwrite: (world, { pin, page, value }) => {
    const frame = pinFrame(world, pin, page);
    if (frame === 0) return -EBADF;
    setPageByte(world.k, frame, value);
    return 1;
  },
  movepages: (world, { process, region, index, nrPages }) => {
    for (let at = index; at < index + nrPages; at++) {
      const error = run(doPagesMove(world.k, mmOf(world, process), addressOf(world, region, at), true));
      if (error < 0) return error;
    }
    return 0;
  },
  isolate: (world, { process, region, index }) => {
    const frame = frameOf(world, process, region, index);
    if (frame === 0 || !run(folioIsolateLru(world.k, frame))) return -EFAULT;
    world.isolated.push(frame);
    return 0;
  },
  putback: (world) => {
    for (const frame of world.isolated.splice(0)) run(folioPutbackLru(world.k, frame));
    return 0;
  },
  writebatched: (world, { process, region, index, value }) => {
    const { k } = world;
    const frame = frameOf(world, process, region, index);
    if (frame === 0 || !run(folioIsolateLru(k, frame))) return -EFAULT;
    run(folioPutbackLru(k, frame));
    const got = run(access(k, mmOf(world, process), addressOf(world, region, index), value));
    return typeof got === 'number' ? 0 : { ret: -1, signal: got };
  },
  movebegin: (world, { process, region, index }) => {
    const { k } = world;
    if (!k.pte.arch.kconfig.MIGRATION) return -ENOSYS;
    const page = pageFolio(k, frameOf(world, process, region, index));
    if (!migrationSupported(k, page)) return -ENOSYS;
    if (page === 0 || !run(isolateMovable(k, page))) return -EFAULT;
    const unmapped = run(migrateFolioUnmap(k, page));
    if (typeof unmapped !== 'number') {
      world.moving.push({ page, unmapped });
      return 0;
    }
    run(putbackMovablePages(k, [page]));
    return unmapped;
  },
  moveend: (world) => {
    const { k } = world;
    for (const { page, unmapped } of world.moving.splice(0)) {
      const rc = run(migrateFolioMove(k, page, unmapped));
      if (rc === 0) run(migrateFolioDone(k, page, 'MR_SYSCALL'));
      else run(putbackMovablePages(k, [page]));
    }
    return 0;
  },
  pagelock: (world, { process, region, index, on }) => {
    const frame = frameOf(world, process, region, index);
    if (frame === 0) return -EFAULT;
    if (on) return run(folioTrylock(world.k, frame)) ? 0 : -EFAULT;
    folioUnlock(world.k, frame);
    return 0;
  },
  devmigrate: (world, { process, region, index, nrPages }) => {
    const start = addressOf(world, region, index);
    const end = start + nrPages * world.k.pageSize;
    return run(migrateToDevice(world.k, mmOf(world, process), start, end));
  },
  devexclusive: (world, { process, region, index }) => {
    const { k } = world;
    const start = addressOf(world, region, index);
    const pages = run(makeDeviceExclusiveRange(k, mmOf(world, process), start, start + k.pageSize));
    if (typeof pages === 'number') return pages;
    if (pages[0] === NO_PAGE) return -EBUSY;
    folioUnlock(k, pages[0]!);
    run(folioPut(k, pages[0]!));
    return 0;
  },
  mincore: (world, { process, region, index }) => {
    const start = addressOf(world, region, index);
    const vec = run(doMincore(world.k, mmOf(world, process), start, start + world.k.pageSize));
    return typeof vec === 'number' ? vec : { ret: 0, val: vec[0]! };
  },
  slowswap: ({ k }, { on }) => {
    if (on) k.globals.swapIsSlow = 1;
    else endSwapWrites(k);
    return 0;
  },
  stableswap: ({ k }, { on }) => {
    const area = swapArea(k);
    if (area === undefined) return -EFAULT;
    area.flags = on ? area.flags | SWP_STABLE_WRITES : area.flags & ~SWP_STABLE_WRITES;
    return 0;
  },
  openedreadonly: (world, { object }) => {
    const file = world.objects.get(object);
    if (file === undefined) return -EBADF;
    file.fMode = FMODE_READ;
    return 0;
  },
  nomaywrite: (world, { process, region, index }) => {
    const vma = vmaLookup(world.k, mmOf(world, process), addressOf(world, region, index));
    if (vma === null) return -EFAULT;
    vma.vmFlags &= ~VM_MAYWRITE;
    return 0;
  },
};

function pinFrame(world: World, pin: number, page: number): number {
  const pinned = world.pins.get(pin);
  return pinned === undefined ? 0 : pinnedPage(world.k, pinned, page);
}
