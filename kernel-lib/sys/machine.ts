import type { Arch, HardwareRules } from '../arch/arch.js';
import { patchedCodec } from '../arch/codec.js';
import { compileMmu } from '../arch/mmu.js';
import { constructed } from '../base/constructed.js';
import { InputError } from '../base/error.js';
import { BATCHES_WORDS } from '../folio/batch.js';
import { PG_reserved, PG_uptodate } from '../folio/flags.js';
import { FIRST_PFN, FRAME_WORDS, ZERO_PFN, setFlag, setPageRefcount } from '../folio/frame.js';
import { initLruLists } from '../folio/lru-list.js';
import { GLOBALS } from '../machine/globals.js';
import type { EntryHalves, GatherSizes, Machine, ThpEnabled } from '../machine/machine.js';
import { initSlab, kmalloc, kmemCacheZalloc } from '../machine/slab.js';
import { type VmEvent, vmEventIndex, vmEvents } from '../machine/vmstat.js';
import type { Patched } from '../patches/catalogue.js';
import { variantsOf } from '../patches/variants.js';
import { machineSwapTypes, migrationEntrySupportsAd, swapType, swpPfnBits } from '../pgtable/swapops.js';
import { SWAP_SLOT_WORDS } from '../swap/area.js';
import { Arena } from '../step/arena.js';
import { ld, st } from '../step/memory.js';
import { hasTlbs, tlbWords } from '../tlb/tlb.js';
import { supportsDevicePrivate } from './device-memory.js';

/** Words that boot leaves in the arena, for where an explorer's threads are. */
const SPARE_WORDS = 256;

/** What a machine is made of, all of it decided. */
export interface MachineShape {
  readonly release: string;
  readonly arch: Arch;
  /** One of the architecture's CPUs that note less by themselves; absent: the usual one. */
  readonly cpu?: string | undefined;
  readonly patched: Patched;
  readonly nrFrames: number;
  /** Frames in a device's own memory; without any no device has pages of processes. Default 0. */
  readonly nrDeviceFrames?: number;
  /** Slots of the swap area, its header page among them; 0 for none. */
  readonly nrSwapSlots: number;
  /** /proc/sys/vm/swappiness, 0 to 200. Default 60. */
  readonly swappiness?: number | undefined;
  readonly nrCpus: number;
  /** Default `never`. Without effect where the architecture has no huge pages. */
  readonly thp?: ThpEnabled;
  /** False: a kernel for one CPU alone. Default true. */
  readonly smp?: boolean;
  /** Default the kernel's own. */
  readonly gatherSizes?: GatherSizes;
  /** Default: entries are loaded whole. Halves are for races: they cost steps, and show only where another CPU runs between them. */
  readonly entryHalves?: EntryHalves;
  /** Entries of each CPU's TLB; absent: none, every access reads its entry in the page table. */
  readonly nrTlbEntries?: number;
  /** False: events and each task's faults are not counted, so that machines that went different ways can come to be in one state. */
  readonly countEvents?: boolean;
  /** Whether walks of page tables and lookups of VMAs are remembered. Default false: an explorer sees every read. */
  readonly remembers?: boolean;
  /** CONFIG_DEBUG_TLBFLUSH: count flushes of TLBs. Default false. */
  readonly debugTlbflush?: boolean;
  /** Words for page tables and as many for kernel objects, beside what the frames ask for. Default 2^20. */
  readonly floorWords?: number;
}

/**
 * Makes a machine that runs no process. Its memory is one buffer that costs nothing before it is touched.
 */
export function makeMachine(asked: MachineShape): Machine {
  const { nrFrames, nrDeviceFrames = 0, floorWords = 1 << 20 } = asked;
  const shape =
    nrDeviceFrames > 0 && supportsDevicePrivate(asked.arch)
      ? { ...asked, arch: withDevicePrivate(asked.arch) }
      : asked;
  const frameWords = (nrFrames + nrDeviceFrames) * FRAME_WORDS;
  // Two words per page for its entry, as much again for tables that are hardly filled, and a floor for small machines.
  const pteWords = nrFrames * 4 + floorWords;
  const slabWords = nrFrames + floorWords;
  const swapWords = shape.nrSwapSlots * SWAP_SLOT_WORDS;
  const arena = new Arena(frameWords + pteWords + slabWords + swapWords + vmEvents.length + SPARE_WORDS);
  const k = constructed({
    ...fixedPart(shape),
    nrFrames,
    nrDeviceFrames,
    nrCpus: shape.nrCpus,
    thp: shape.arch.huge === undefined ? 'never' : (shape.thp ?? 'never'),
    nrTlbEntries: shape.nrTlbEntries ?? 0,
    entryHalves: shape.entryHalves,
    mmuGather: shape.arch.family === 's390' ? 'none' : (shape.smp ?? true) ? 'smp' : 'up',
    gatherSizes: shape.gatherSizes,
    debugTlbflush: shape.debugTlbflush ?? false,
    frames: arena.words('frames', frameWords),
    ptes: arena.words('ptes', pteWords),
    slab: arena.words('slab', slabWords),
    swapSlots: arena.words('swap slots', swapWords),
    vmstat: arena.words('vmstat', vmEvents.length),
    arena,
    cpu: 0,
    current: undefined,
    checking: false,
    handles: [],
    countsEvents: shape.countEvents !== false,
    count: shape.countEvents === false ? () => undefined : countVmEvents,
    // All fields from the start, so that machines stay alike.
    ...{ globals: undefined, batches: 0, tlbs: 0, irqs: 0, lastVma: 0 },
    remembers: shape.remembers ?? false,
    ...{ onFault: undefined, onWarning: undefined, onUserfaultfd: undefined },
  } satisfies Record<keyof Machine, unknown>) as object as Machine;
  initialise(k, shape);
  return k;
}

/** One function for all machines: V8 knows then what a call of it does. @kernel include/linux/vmstat.h count_vm_events v6.2 */
function countVmEvents(this: Machine, event: VmEvent, by = 1): void {
  const at = vmEventIndex[event];
  st(this.vmstat, at, ld(this.vmstat, at) + by);
}

/** CONFIG_DEVICE_PRIVATE takes four swap types. */
function withDevicePrivate(arch: Arch): Arch {
  return { ...arch, kconfig: { ...arch.kconfig, DEVICE_PRIVATE: true } };
}

function fixedPart({ release, arch, patched, cpu }: MachineShape) {
  const codec = patchedCodec(arch, patched);
  const types = machineSwapTypes(arch, patched);
  return {
    release,
    patched,
    variant: variantsOf(patched),
    pte: codec,
    values: codec.values,
    leaf: codec.huge?.leaf ?? codec,
    mmu: compileMmu(codec, hardwareOf(arch, cpu)),
    // A shift gives a small integer where a power gives a floating-point number.
    pageSize: 1 << arch.pageShift,
    pageShift: arch.pageShift,
    pagesPerByte: 2 ** -arch.pageShift,
    lastPte: (1 << arch.levels.at(-1)!.bits) - 1,
    upper: {
      start: NaN,
      end: NaN,
      offsets: new Int32Array(arch.levels.length - 1),
      pgd: 0,
      table: 0,
    },
    levels: arch.levels.map(({ shift, bits }) => ({
      span: 2 ** shift,
      perByte: 2 ** -shift,
      entries: 1 << bits,
      lastEntry: (1 << bits) - 1,
    })),
    softDirty: arch.predicates.softDirty !== undefined,
    uffdWp: arch.predicates.uffdWp !== undefined,
    uffdMinor: arch.kconfig.HAVE_ARCH_USERFAULTFD_MINOR,
    swpPfnBits: swpPfnBits(arch),
    swapMigrationAdSupported: migrationEntrySupportsAd(codec),
    swpTypes: {
      MAX_SWAPFILES: types.MAX_SWAPFILES,
      SWP_HWPOISON: swapType(types, 'hwpoison') ?? -1,
      SWP_MIGRATION_READ: swapType(types, 'migration-read') ?? -1,
      SWP_MIGRATION_READ_EXCLUSIVE: swapType(types, 'migration-read-exclusive') ?? -1,
      SWP_MIGRATION_WRITE: swapType(types, 'migration-write') ?? -1,
      SWP_DEVICE_WRITE: swapType(types, 'device-write') ?? -1,
      SWP_DEVICE_READ: swapType(types, 'device-read') ?? -1,
      SWP_DEVICE_EXCLUSIVE_WRITE: swapType(types, 'device-exclusive-write') ?? -1,
      SWP_DEVICE_EXCLUSIVE_READ: swapType(types, 'device-exclusive-read') ?? -1,
      SWP_PTE_MARKER: swapType(types, 'pte-marker') ?? -1,
      SWP_SWAPIN_ERROR: swapType(types, 'swapin-error') ?? -1,
    },
  };
}

function hardwareOf({ id, hardware, cpus = {} }: Arch, cpu: string | undefined): HardwareRules {
  if (cpu === undefined) return hardware;
  const rules = cpus[cpu];
  if (rules !== undefined) return rules;
  const others = Object.keys(cpus);
  throw new InputError(
    `${id} has no CPU '${cpu}'; it has ${others.length === 0 ? 'only the usual one' : others.join(', ')}`,
  );
}

function initialise(k: Machine, shape: MachineShape): void {
  initSlab(k.slab);
  const writable = k as { -readonly [N in keyof Machine]: Machine[N] };
  writable.globals = kmemCacheZalloc(k, GLOBALS);
  writable.batches = kmalloc(k, shape.nrCpus * BATCHES_WORDS);
  writable.tlbs = hasTlbs(k) ? kmalloc(k, shape.nrCpus * tlbWords(k.nrTlbEntries)) : 0;
  writable.irqs = kmalloc(k, shape.nrCpus);
  k.globals.nextFrame = FIRST_PFN;
  k.globals.vmSwappiness = shape.swappiness ?? 60;
  // 0 stands for no table.
  k.globals.ptesEnd = 2;
  initLruLists(k);
  setPageRefcount(k, ZERO_PFN, 1);
  setFlag(k, ZERO_PFN, PG_reserved | PG_uptodate);
}
