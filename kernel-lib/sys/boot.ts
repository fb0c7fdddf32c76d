import { type ScannedRange, khugepagedDoScan, khugepagedPagesToScan } from '../khugepaged/daemon.js';
import type { Arch } from '../arch/arch.js';
import { archById } from '../arch/variants.js';
import { badArgument, checkName, checkOptions, checkWhole } from '../base/argument.js';
import { InputError } from '../base/error.js';
import { setMaxHugePages } from '../huge/hugetlb.js';
import type { FaultEvent, Machine, ThpEnabled } from '../machine/machine.js';
import { vmEvents } from '../machine/vmstat.js';
import type { OwnPatch } from '../own/own-patch.js';
import { daxDeviceSetup } from '../pagecache/dax-device.js';
import { hpagePmdSize } from '../pgtable/pmd.js';
import { hasPudLeaves, hpagePudSize } from '../pgtable/pud.js';
import { diskFileSetup } from '../pagecache/disk-file.js';
import { syncFiles } from '../pagecache/writeback.js';
import { releaseByName, resolvePatches } from '../patches/releases.js';
import { dropCaches } from '../reclaim/drop-caches.js';
import { memoryReclaim } from '../reclaim/memory-reclaim.js';
import { ld } from '../step/memory.js';
import { swapon } from '../swap/swapon.js';
import { DaxDevice } from './dax-device.js';
import { checkDeviceMemory } from './device-memory.js';
import { Disk, DiskFile } from './disk-file.js';
import { FaultLog } from './fault-log.js';
import { announceMachine } from './large-machine.js';
import { makeMachine } from './machine.js';
import { runOperation } from './operation.js';
import { type Process, newProcess } from './process.js';

/** What boot is asked for. */
export interface BootOptions {
  /** A release: `v6.1`, `v6.2-rc1`, `v6.2`, `v6.3`, a recorded kernel such as `6.1.187`, or its short name `6.1`. */
  readonly release?: string;
  /** An architecture variant, such as `x86_64` or `x86_32_pae`. */
  readonly arch?: string;
  /** A CPU that notes less by itself: `no-dbm` on arm64, `no-svadu` on RISC-V, `ptw` on LoongArch. */
  readonly cpu?: string;
  /** Memory: `640MiB`. */
  readonly memory?: string;
  /** Swap: `64MiB`; absent: none. */
  readonly swap?: string;
  /** /proc/sys/vm/swappiness, 0 to 200: 100 makes reclaim take anonymous pages as willingly as pages of files. Absent: 60. */
  readonly swappiness?: number;
  /** Assert the numbered invariants after every operation of a process. */
  readonly checking?: boolean;
  /** A device's own memory, to which pages of processes can move: `1MiB`; absent: no device has pages of processes. */
  readonly deviceMemory?: string;
  /** Huge pages of hugetlb, as on the kernel's command line; absent: none. */
  readonly hugepages?: number;
  /** Which memory may get transparent huge pages; absent: none. */
  readonly thp?: ThpEnabled;
  /** Commits of patches to add to the release, and to take away from it. */
  readonly with?: readonly string[];
  readonly without?: readonly string[];
  /** A patch of your own: what `patchSource` gave. */
  readonly own?: OwnPatch;
}

/** Their names. */
const bootOptions = [
  ...[
    'release',
    'arch',
    'cpu',
    'memory',
    'swap',
    'swappiness',
    'deviceMemory',
    'hugepages',
    'checking',
    'thp',
    'with',
    'without',
    'own',
  ],
] as const satisfies readonly (keyof BootOptions)[];

/**
 * Boots a machine.
 *
 * @throws InputError naming the option, its value and what is allowed; and for patches that no kernel could combine
 */
export function boot(asked: BootOptions = {}): Linux {
  checkOptions('boot', asked, bootOptions);
  const { own, ...options } = asked;
  if (own) return own.load<{ boot: typeof boot }>('sys/boot.ts').boot(options);
  const {
    release = '6.1',
    arch = 'x86_64',
    memory = '640MiB',
    swap,
    hugepages = 0,
    thp = 'never',
    checking = false,
  } = options;
  if (typeof checking !== 'boolean') throw badArgument('boot', 'checking', checking, 'true, false');
  checkWhole('boot', 'hugepages', hugepages, 0);
  if (options.swappiness !== undefined) checkWhole('boot', 'swappiness', options.swappiness, 0, 200);
  const record = archById(arch);
  checkThp(record, thp);
  const pageSize = 2 ** record.pageShift;
  const nrSwapSlots = swap === undefined ? 0 : Math.floor(sizeOf('swap', swap) / pageSize);
  const nrFrames = Math.floor(sizeOf('memory', memory) / pageSize);
  const { deviceMemory } = options;
  const nrDeviceFrames =
    deviceMemory === undefined ? 0 : Math.floor(sizeOf('deviceMemory', deviceMemory) / pageSize);
  checkDeviceMemory(record, nrFrames, nrDeviceFrames);
  announceMachine(nrFrames);
  const machine = makeMachine({
    release: releaseByName(release),
    arch: record,
    cpu: options.cpu,
    patched: resolvePatches(release, arch, options.with, options.without),
    nrFrames,
    nrDeviceFrames,
    nrSwapSlots,
    swappiness: options.swappiness,
    nrCpus: 1,
    thp,
    remembers: true,
  });
  if (hugepages > 0) setMaxHugePages(machine, hugepages);
  machine.checking = checking;
  if (nrSwapSlots > 0) swapon(machine, nrSwapSlots, 0);
  return new Linux(machine);
}

const thpSettings: readonly string[] = ['always', 'madvise', 'never'] satisfies ThpEnabled[];

function checkThp(arch: Arch, thp: string): void {
  if (!thpSettings.includes(thp)) throw badArgument('boot', 'thp', thp, thpSettings.join(', '));
  if (thp !== 'never' && arch.huge === undefined) {
    throw new InputError(`thp is '${thp}'; allowed on ${arch.id}, which has no huge pages: never`);
  }
}

/** MODEL: a machine's memory is an array; a smaller one than this holds no program, a larger one no array can describe. */
const SMALLEST = 2 ** 20;
const LARGEST = 2 ** 40;

const units: Readonly<Record<string, number>> = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };

function sizeOf(option: string, text: string): number {
  const [, number, unit] = /^(\d+)\s*([KMGT]iB)$/.exec(text) ?? [];
  const size = number === undefined ? 0 : Number(number) * units[unit!]!;
  if (size >= SMALLEST && size <= LARGEST) return size;
  throw badArgument('boot', option, text, 'a size such as 64MiB or 2GiB, 1MiB to 1TiB');
}

/** How large a DAX device is, and how large its entries may be. */
export interface DaxOptions {
  readonly pages: number;
  readonly align?: 'pte' | 'pmd' | 'pud';
}

function daxAlignment(k: Machine, align: string): number {
  const sizes: Readonly<Record<string, number>> = {
    pte: k.pageSize,
    ...(k.pte.huge !== undefined && { pmd: hpagePmdSize(k) }),
    ...(hasPudLeaves(k) && { pud: hpagePudSize(k) }),
  };
  const bytes = sizes[align];
  if (bytes === undefined) {
    throw new InputError(`daxDevice: align is '${align}'; allowed: ${Object.keys(sizes).join(', ')}`);
  }
  return bytes;
}

/** What khugepaged decided about a range of a process that could be a huge page. */
export interface Scanned extends Pick<ScannedRange, 'address' | 'result'> {
  readonly process: string;
}

/** A booted machine, as a notebook drives it. */
export class Linux {
  /** The machine's state, for code that looks inside. */
  readonly machine: Machine;
  /** What the kernel warned of in its log since boot. */
  readonly warnings: string[] = [];
  /** The device behind the files. */
  readonly disk: Disk;
  readonly #processes: Process[] = [];
  readonly #faults = new FaultLog();

  constructor(machine: Machine) {
    this.machine = machine;
    this.disk = new Disk(machine);
    machine.onFault = (fault) => this.#faults.note(fault);
    machine.onWarning = (warning) => this.warnings.push(warning);
  }

  /** Completed faults since boot, oldest first. The list is the same each time; asking brings it up to date. */
  get events(): readonly FaultEvent[] {
    return this.#faults.events;
  }

  /** Starts a process with an empty address space. */
  spawn(name: string): Process {
    checkName('spawn', 'name', name);
    const process = newProcess(this.machine, name);
    this.#processes.push(process);
    return process;
  }

  /**
   * A new file on the disk, opened for reading and writing: all zeros, nothing of it cached.
   *
   * @param options.pages its size
   */
  diskFile(name: string, { pages }: { readonly pages: number }): DiskFile {
    if (!Number.isInteger(pages) || pages < 0) {
      throw new InputError(`diskFile: pages is ${pages}; allowed: a whole number from 0`);
    }
    return new DiskFile(this.machine, name, diskFileSetup(this.machine, pages));
  }

  /**
   * A new device whose memory is mapped as it is.
   *
   * @param options.pages its size
   * @param options.align the most that one entry of a page table maps; absent: `pte`
   * @throws InputError where page tables have no such entries
   */
  daxDevice(name: string, { pages, align = 'pte' }: DaxOptions): DaxDevice {
    const bytes = daxAlignment(this.machine, align);
    if (!Number.isInteger(pages) || pages <= 0) {
      throw new InputError(`daxDevice: pages is ${pages}; allowed: a whole number from 1`);
    }
    return new DaxDevice(this.machine, name, daxDeviceSetup(this.machine, pages, bytes));
  }

  /** Returns once every dirty page of every file is on the disk. */
  sync(): void {
    runOperation(this.machine, syncFiles(this.machine));
  }

  /** Drops what the page cache holds and nobody maps, if it is clean: a write to /proc/sys/vm/drop_caches. */
  dropCaches(): void {
    runOperation(this.machine, dropCaches(this.machine));
  }

  /** Asks the processes' memory cgroup to give up `nrPages` pages; how many it gave: a write to memory.reclaim. */
  reclaim(nrPages: number): number {
    return runOperation(this.machine, memoryReclaim(this.machine, nrPages));
  }

  /**
   * Wakes khugepaged up once.
   *
   * @param pages how many pages it looks at; absent: those of eight huge pages, as sysfs has it
   * @returns for each range that could be a huge page what it decided, `SCAN_SUCCEED` if it is one now
   */
  khugepaged(pages?: number): Scanned[] {
    const k = this.machine;
    if (k.pte.huge === undefined) throw new InputError(`khugepaged: ${k.pte.arch.id} has no huge pages`);
    if (pages !== undefined && !(Number.isInteger(pages) && pages > 0))
      throw badArgument('khugepaged', 'pages', pages, 'a whole number from 1');
    const ranges = runOperation(k, khugepagedDoScan(k, pages ?? khugepagedPagesToScan(k)));
    const nameOf = (mm: number) => this.processes.find((process) => process.mm.at === mm)?.name ?? '';
    return ranges.map(({ mm, address, result }) => ({ process: nameOf(mm), address, result }));
  }

  /** Living processes, oldest first. */
  get processes(): readonly Process[] {
    return this.#processes.filter((process) => process.alive);
  }

  /** Event counters by their names in /proc/vmstat. */
  get vmstat(): Readonly<Record<string, number>> {
    return Object.fromEntries(vmEvents.map((name, i) => [name, ld(this.machine.vmstat, i)]));
  }

  toString(): string {
    const { release, pte, nrFrames, pageSize } = this.machine;
    return `Linux ${release} on ${pte.arch.id}, ${(nrFrames * pageSize) / 2 ** 20} MiB, ${this.processes.length} ${this.processes.length === 1 ? 'process' : 'processes'}`;
  }
}
