import type { Arch } from '../arch/arch.js';
import { archById } from '../arch/variants.js';
import { ESRCH } from '../base/errno.js';
import { setMaxHugePages } from '../huge/hugetlb.js';
import type { Machine } from '../machine/machine.js';
import type { Task } from '../machine/task.js';
import { vmEvents } from '../machine/vmstat.js';
import { releaseByName, resolvePatches } from '../patches/releases.js';
import { ld } from '../step/memory.js';
import { run } from '../step/step.js';
import { SWP_SYNCHRONOUS_IO } from '../swap/area.js';
import { swapon } from '../swap/swapon.js';
import { nameableFrames } from '../sys/device-memory.js';
import { type MachineShape, makeMachine } from '../sys/machine.js';
import { newTask } from '../sys/task.js';
import { lruAddDrain } from '../folio/lru.js';
import { daxDeviceSetup, remapDeviceSetup } from '../pagecache/dax-device.js';
import { diskFileSetup } from '../pagecache/disk-file.js';
import { hugetlbFileSetup } from '../pagecache/hugetlb-file.js';
import { hpagePmdSize } from '../pgtable/pmd.js';
import { __shmemFileSetup } from '../pagecache/shmem-file.js';
import { checkInvariants } from '../walk/invariants.js';
import { AddressSpace, type File } from '../vma/file.js';
import { type Driver, type MachineSetup, type Outcome, type Snapshot, Unsupported } from './driver.js';
import { watchUserfaultfds } from './monitor.js';
import { observe } from './observe.js';
import type { Operation } from './operation.js';
import type { ProgramHeader, ProgramObject } from './program.js';
import { systemCalls } from './system-calls.js';
import type { Result, World } from './world.js';

/** Memory and swap of the recorded guests. */
const MEMORY = 640 * 2 ** 20;
const SWAP = 32 * 2 ** 20;

/** The model as a driver: a machine booted for the program, driven through its system calls. */
export const makeModel = (setup: MachineSetup): Model => new Model(setup);

/** The same, with every numbered invariant asserted after each operation: an operation that breaks one fails. */
export const makeCheckedModel = (setup: MachineSetup): Model => {
  const model = new Model(setup);
  model.world.k.checking = true;
  return model;
};

/**
 * As many as in the recorded guests, and room for some huge pages where these are larger; no more than leave the frames
 * of a device, which come behind, to entries that have to name them.
 */
function framesOf(arch: Arch, { thp, hugepages, devicePages }: ProgramHeader): number {
  const hugePages = hugepages + (thp === 'never' ? 0 : 8);
  const wanted = Math.max(MEMORY / 2 ** arch.pageShift, (hugePages + 1) * 2 ** arch.levels.at(-1)!.bits);
  return Math.min(wanted, nameableFrames(arch) - devicePages);
}

/** As large as in the recorded guests, and room for two huge pages where there are any. */
function swapSlotsOf({ pageShift, levels }: Arch, { thp }: ProgramHeader): number {
  return Math.max(SWAP / 2 ** pageShift, thp === 'never' ? 0 : 2 * 2 ** levels.at(-1)!.bits);
}

/**
 * Recorded programs touch few pages, and the memory of each machine is cleared: room for 64 tables beside what the frames
 * ask for.
 */
function floorWordsOf({ levels }: Arch): number {
  const largest = Math.max(...levels.map(({ bits }) => 2 ** bits));
  return Math.max(1 << 17, 64 * 2 * largest);
}

/**
 * /proc/sys/vm/swappiness of the recorded guest. Nobody wrote it down. `reclaim` tells it: on 6.1 all programs agree with
 * 100, 110, 133 and 150; with 60, 70, 80 and 90 train-101-180-gup#19 does not, with 200 nine programs.
 */
const RECORDED_SWAPPINESS = 100;

/** The model, and the world in it that a scenario looks into. */
export class Model implements Driver {
  readonly world: World;

  /** @throws InputError for what no kernel is or could combine */
  constructor(
    { release, arch, cpu, program, ...patches }: MachineSetup,
    make: (shape: MachineShape) => Machine = makeMachine,
  ) {
    const record = archById(arch);
    const nrSwapSlots = swapSlotsOf(record, program);
    const k = make({
      release: releaseByName(release),
      arch: record,
      cpu,
      patched: resolvePatches(release, arch, patches.with, patches.without),
      nrFrames: framesOf(record, program),
      nrDeviceFrames: program.devicePages,
      nrSwapSlots,
      swappiness: RECORDED_SWAPPINESS,
      nrCpus: 1,
      thp: program.thp,
      debugTlbflush: program.debugTlbflush,
      floorWords: floorWordsOf(record),
    });
    const swapFlags = program.swap === 'brd' ? SWP_SYNCHRONOUS_IO : 0;
    if (program.swap !== 'none') swapon(k, nrSwapSlots, swapFlags);
    if (program.hugepages > 0) setMaxHugePages(k, program.hugepages);
    const objects = new Map(
      program.objects.map(({ object, kind, nrPages }) => [object, fileOf(k, kind, nrPages)] as const),
    );
    this.world = {
      k,
      program,
      swapFlags,
      nrSwapSlots,
      tasks: new Map([[0, newTask(k)]]),
      objects,
      pipes: new Map(),
      buffers: new Map(),
      pins: new Map(),
      isolated: [],
      moving: [],
      userfaultfds: new Map(),
      zero: undefined,
    };
  }

  execute(operation: Operation): Outcome {
    const { k, tasks } = this.world;
    const call = systemCalls[operation.name] as ((world: World, operation: Operation) => Result) | undefined;
    if (call === undefined) throw new Unsupported(operation.name);
    const acting = 'process' in operation ? tasks.get(operation.process) : undefined;
    if ('process' in operation && acting === undefined) return outcome(-ESRCH);
    k.current = acting;
    run(lruAddDrain(k));
    const before = counters(k, acting);
    const events = watchUserfaultfds(this.world, operation);
    const warnings: string[] = [];
    k.onWarning = (warning) => warnings.push(warning);
    const result = call(this.world, operation);
    run(lruAddDrain(k));
    if (k.checking) checkInvariants(k);
    const quiet = operation.name === 'fork' || operation.name === 'exit';
    return outcome(result, { ...difference(before, counters(k, acting), quiet), events, warnings });
  }

  snapshot(): Snapshot {
    const { k, tasks, objects } = this.world;
    return observe(k, tasks, new Map([...objects].map(([object, file]) => [object, mappingOf(k, file)])));
  }
}

function fileOf(k: Machine, kind: ProgramObject['kind'], nrPages: number): File {
  if (kind === 'memfd' || kind === 'tmpfs') return __shmemFileSetup(k, nrPages);
  if (kind === 'disk') return diskFileSetup(k, nrPages);
  if (kind === 'pfnmap') return remapDeviceSetup(k, nrPages);
  if (kind !== 'hugetlb') return deviceOf(k, kind, nrPages);
  return hugetlbFileSetup(k, Math.ceil((nrPages * k.pageSize) / hpagePmdSize(k)));
}

/** A device that maps huge pages where it can; one that `daxremap` names maps the same again for every store. */
function deviceOf(k: Machine, kind: 'dax' | 'daxremap', nrPages: number): File {
  const file = daxDeviceSetup(k, nrPages, k.pte.huge === undefined ? k.pageSize : hpagePmdSize(k));
  AddressSpace.at(k, file.fMapping).daxRemaps = kind === 'daxremap' ? 1 : 0;
  return file;
}

function mappingOf(k: Machine, file: File): AddressSpace {
  return AddressSpace.at(k, file.fMapping);
}

interface Counters {
  readonly vm: readonly number[];
  readonly min: number;
  readonly maj: number;
}

function counters(k: Machine, task: Task | undefined): Counters {
  const vm = vmEvents.map((_, event) => ld(k.vmstat, event));
  return { vm, min: task?.minFlt ?? 0, maj: task?.majFlt ?? 0 };
}

type Changes = Pick<Outcome, 'vm' | 'min' | 'maj'>;

/** All that an outcome tells beside the call's own result. */
type Seen = Pick<Outcome, 'vm' | 'min' | 'maj' | 'events' | 'warnings'>;

/** @param quiet the recordings leave out the counters of unevictable pages */
function difference(before: Counters, after: Counters, quiet: boolean): Changes {
  const vm: Record<string, number> = {};
  vmEvents.forEach((name, event) => {
    if (quiet && name.startsWith('unevictable_')) return;
    vm[name] = after.vm[event]! - before.vm[event]!;
  });
  return { vm, min: after.min - before.min, maj: after.maj - before.maj };
}

const nothing: Seen = { vm: {}, min: 0, maj: 0, events: [] };

function outcome(result: Result, seen: Seen = nothing): Outcome {
  const { ret, ...rest } = typeof result === 'number' ? { ret: result } : result;
  const failed = ret < 0 && !('signal' in rest);
  return { ...rest, ret: ret < 0 ? -1 : ret, err: failed ? -ret : 0, ...seen };
}
