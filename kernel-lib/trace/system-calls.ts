import { EINVAL } from '../base/errno.js';
import { InputError } from '../base/error.js';
import { ksmDoScan } from '../ksm/scan.js';
import type { Machine } from '../machine/machine.js';
import { kmemCacheZalloc } from '../machine/slab.js';
import {
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_PRIVATE,
  MAP_SHARED,
  MLOCK_ONFAULT,
  MREMAP_DONTUNMAP,
  MREMAP_FIXED,
  MREMAP_MAYMOVE,
  MS_SYNC,
  PROT_READ,
  PROT_WRITE,
} from '../mmap/flags.js';
import { type Advice, doMadvise } from '../mmap/madvise.js';
import { vmMmapPgoff } from '../mmap/mmap.js';
import { doMprotectPkey } from '../mmap/mprotect.js';
import { mlock2, munlock } from '../mmap/mlock.js';
import { mremap } from '../mmap/mremap.js';
import { msync } from '../mmap/msync.js';
import { __vmMunmap } from '../mmap/munmap.js';
import { readFile } from '../pagecache/file-read.js';
import { genericPerformWrite } from '../pagecache/perform-write.js';
import { dropCaches } from '../reclaim/drop-caches.js';
import { memcgRstatUpdated } from '../reclaim/memcg-stats.js';
import { memoryReclaim } from '../reclaim/memory-reclaim.js';
import { swapoff } from '../reclaim/swapoff.js';
import type { Task } from '../machine/task.js';
import { run } from '../step/step.js';
import { swapon } from '../swap/swapon.js';
import { access } from '../sys/access.js';
import { exitTask, forkTask } from '../sys/task.js';
import { AddressSpace, FILE_ZERO, FMODE_READ, FMODE_WRITE, File } from '../vma/file.js';
import type { Mm } from '../vma/mm.js';
import { clearRefsWrite } from '../walk/clear-refs.js';
import { truncateFile, vfsFallocate } from '../zap/file-size.js';
import { gupCalls } from './gup-calls.js';
import type { Operation, OperationName } from './operation.js';
import { closeUserfaultfd, userfaultfdCalls } from './userfaultfd-calls.js';
import { probeCalls } from './probe-calls.js';
import { type Call, type Result, type World, addressOf, mmOf } from './world.js';

/** Changes of memory statistics that reading all of /proc between two operations is sure to exceed. */
const RECORDERS_UPDATES = 1000;

/** What a call about a range of pages is given first: the machine, whose memory, first byte and length. */
function rangeOf(
  world: World,
  { process, region, index, nrPages }: Pick<Operation<'munmap'>, 'process' | 'region' | 'index' | 'nrPages'>,
): [k: Machine, mm: Mm, start: number, len: number] {
  const { k } = world;
  return [k, mmOf(world, process), addressOf(world, region, index), nrPages * k.pageSize];
}

/** One entry for each operation that the model runs. */
export const systemCalls: { readonly [N in OperationName]?: Call<N> } = {
  mmap: (world, { process, region, nrPages, prot, visibility, source, offset }) => {
    const file = fileOf(world, source);
    const flags =
      (visibility === 's' ? MAP_SHARED : MAP_PRIVATE) | MAP_FIXED | (file === null ? MAP_ANONYMOUS : 0);
    const addr = addressOf(world, region, 0);
    const request = { file, addr, len: nrPages * world.k.pageSize, prot: protOf(prot), flags, pgoff: offset };
    return zeroed(run(vmMmapPgoff(world.k, mmOf(world, process), request)));
  },
  munmap: (world, operation) => run(__vmMunmap(...rangeOf(world, operation))),
  mprotect: (world, operation) => run(doMprotectPkey(...rangeOf(world, operation), protOf(operation.prot))),
  mremap: (world, { process, region, index, nrPages, toRegion, toIndex, dontunmap }) =>
    zeroed(
      run(
        mremap(world.k, mmOf(world, process), {
          addr: addressOf(world, region, index),
          oldLen: nrPages * world.k.pageSize,
          newLen: nrPages * world.k.pageSize,
          flags: MREMAP_MAYMOVE | MREMAP_FIXED | (dontunmap ? MREMAP_DONTUNMAP : 0),
          newAddr: addressOf(world, toRegion, toIndex),
        }),
      ),
    ),
  madvise: (world, { process, region, index, nrPages, advice }) => {
    const name = `MADV_${advice}` as Advice;
    const ret = run(
      doMadvise(
        world.k,
        mmOf(world, process),
        addressOf(world, region, index),
        nrPages * world.k.pageSize,
        name,
      ),
    );
    return withSignal(world.tasks.get(process)!, ret);
  },
  mlock: (world, operation) => run(mlock2(...rangeOf(world, operation), 0)),
  mlock2: (world, operation) => run(mlock2(...rangeOf(world, operation), MLOCK_ONFAULT)),
  munlock: (world, operation) => run(munlock(...rangeOf(world, operation))),
  msync: (world, operation) => run(msync(...rangeOf(world, operation), MS_SYNC)),
  read: (world, { process, region, index }) => {
    const got = run(access(world.k, mmOf(world, process), addressOf(world, region, index)));
    return typeof got === 'number' ? { ret: 0, val: got } : { ret: -1, signal: got };
  },
  write: (world, { process, region, index, value }) => {
    const got = run(access(world.k, mmOf(world, process), addressOf(world, region, index), value));
    return typeof got === 'number' ? 0 : { ret: -1, signal: got };
  },
  readall: (world, { process, region, index, nrPages }) => {
    const vals = Array.from({ length: nrPages }, (_, at) => {
      const got = run(access(world.k, mmOf(world, process), addressOf(world, region, index + at)));
      if (typeof got === 'number') return got;
      return got.sig === 'SEGV' ? -1 : -2;
    });
    return { ret: 0, vals };
  },
  fork: (world, { process, child }) => {
    const task = run(forkTask(world.k, world.tasks.get(process)!));
    if (typeof task === 'number') return task;
    world.tasks.set(child, task);
    return 0;
  },
  clearrefs: (world, { process }) => {
    run(clearRefsWrite(world.k, mmOf(world, process)));
    return 0;
  },
  swapoff: ({ k }) => run(swapoff(k)),
  swapon: ({ k, program, nrSwapSlots, swapFlags }) =>
    program.swap === 'none' ? -EINVAL : swapon(k, nrSwapSlots, swapFlags),
  swaperr: ({ k, program }, { failing }) => {
    // Only the device mapper can be told to fail.
    if (program.swap !== 'dm') return -EINVAL;
    k.globals.swapIoFails = failing ? 1 : 0;
    return 0;
  },
  reclaim: ({ k }) => {
    // The threshold is one for all cgroups: the recorder's work since the last time is more than enough.
    memcgRstatUpdated(k, RECORDERS_UPDATES);
    // Three times as much as the cgroup can have; that not all of it is there is no error to the recorder.
    for (let write = 0; write < 3; write++) run(memoryReclaim(k, 65536));
    return 0;
  },
  ksm: ({ k }) => {
    for (let scan = 0; scan < 6; scan++) run(ksmDoScan(k));
    return 0;
  },
  dropcaches: ({ k }) => {
    run(dropCaches(k));
    return 0;
  },
  otrunc: (world, { object, nrPages }) => run(truncateFile(world.k, objectOf(world, object), nrPages)),
  opunch: (world, { object, index, nrPages }) => {
    run(vfsFallocate(world.k, objectOf(world, object), index, nrPages));
    return 0;
  },
  owrite: (world, { object, index, value }) => {
    const mapping = objectOf(world, object);
    // hugetlbfs has no write().
    return mapping.resvMap === 0 ? run(genericPerformWrite(world.k, mapping, index, value)) : -EINVAL;
  },
  oread: (world, { object, index }) => {
    if (index * world.k.pageSize >= objectOf(world, object).iSize) return 0;
    const got = run(readFile(world.k, fileOf(world, { object })!, index));
    return got < 0 ? got : { ret: 1, val: got };
  },
  exit: (world, { process }) => {
    run(exitTask(world.k, world.tasks.get(process)!));
    world.tasks.delete(process);
    closeUserfaultfd(world, process);
    return 0;
  },
  ...gupCalls,
  ...probeCalls,
  ...userfaultfdCalls,
};

/** A result that is an address counts as success. */
function zeroed(ret: number): number {
  return ret < 0 ? ret : 0;
}

/** A result, with the signal that arrived during the call. */
function withSignal(task: Task, ret: number): Result {
  const code = task.sigbusCode;
  task.sigbusCode = 0;
  return code === 0 ? ret : { ret, signal: { sig: 'BUS', code } };
}

function protOf(prot: 'n' | 'r' | 'w'): number {
  if (prot === 'n') return 0;
  return prot === 'w' ? PROT_READ | PROT_WRITE : PROT_READ;
}

function objectOf(world: World, object: number): AddressSpace {
  return AddressSpace.at(world.k, fileOf(world, { object })!.fMapping);
}

function fileOf(world: World, source: Operation<'mmap'>['source']): File | null {
  if (source === 'anon') return null;
  if (source === 'zero') return zeroFile(world);
  const file = world.objects.get(source.object);
  if (file === undefined) throw new InputError(`the program has no object ${source.object}`);
  return file;
}

function zeroFile(world: World): File {
  if (world.zero === undefined) {
    world.zero = kmemCacheZalloc(world.k, File);
    world.zero.fMode = FMODE_READ | FMODE_WRITE;
    world.zero.fOp = FILE_ZERO;
    world.zero.fCount = 1;
  }
  return world.zero;
}
