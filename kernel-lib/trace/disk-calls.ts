import { EBADF, EFAULT } from '../base/errno.js';
import { PG_dirty } from '../folio/flags.js';
import { clearFlag } from '../folio/frame.js';
import { diskContent } from '../pagecache/disk-file.js';
import { completeWrites, fileWriteAndWaitRange, wakeupFlusherThreads } from '../pagecache/writeback.js';
import { pteMkclean } from '../pgtable/pte.js';
import { pteOffset, pteTable, readPte, setPteAt } from '../pgtable/table.js';
import { run } from '../step/step.js';
import { AddressSpace } from '../vma/file.js';
import type { OperationName } from './operation.js';
import { type Call, type World, addressOf, frameOf, mmOf } from './world.js';

/** Files on a disk: what the disk holds, what is written to it, and a bug that makes it miss something. */
export const diskCalls: { readonly [N in OperationName]?: Call<N> } = {
  ofsync: (world, { object }) => {
    const mapping = mappingOf(world, object);
    return mapping === undefined ? -EBADF : run(fileWriteAndWaitRange(world.k, mapping));
  },
  odisk: (world, { object, index }) => {
    const mapping = mappingOf(world, object);
    if (mapping === undefined || mapping.disk === 0) return -EBADF;
    return { ret: 1, val: diskContent(world.k, mapping, index) & 0xff };
  },
  flush: ({ k }) => {
    run(wakeupFlusherThreads(k));
    return 0;
  },
  slowdisk: ({ k }, { on }) => {
    // What it was given as a slow disk it ends as one.
    if (!on) run(completeWrites(k));
    k.globals.diskIsSlow = on ? 1 : 0;
    return 0;
  },
  dropdirty: (world, { process, region, index }) => {
    const { k } = world;
    const frame = frameOf(world, process, region, index);
    if (frame === 0) return -EFAULT;
    const address = addressOf(world, region, index);
    const ptep = pteOffset(k, pteTable(k, mmOf(world, process).pgd, address), address);
    run(setPteAt(k, ptep, pteMkclean(k, readPte(k, ptep))));
    clearFlag(k, frame, PG_dirty);
    return 0;
  },
};

function mappingOf({ k, objects }: World, object: number): AddressSpace | undefined {
  const file = objects.get(object);
  return file && AddressSpace.at(k, file.fMapping);
}
