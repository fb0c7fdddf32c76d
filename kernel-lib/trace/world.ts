import type { Machine } from '../machine/machine.js';
import type { Task } from '../machine/task.js';
import type { Unmapped } from '../migrate/migrate.js';
import { ptePfn, ptePresent } from '../pgtable/pte.js';
import { hugeAddress, pteAt } from '../pgtable/pmd.js';
import { pteTable } from '../pgtable/table.js';
import type { Signal } from '../sys/access.js';
import type { PinnedPages } from '../sys/pins.js';
import type { Pipe } from '../sys/pipe.js';
import { mmOfTask } from '../sys/task.js';
import type { File } from '../vma/file.js';
import type { Mm } from '../vma/mm.js';
import type { Operation, OperationName } from './operation.js';
import { regionAddress } from './regions.js';
import type { ProgramHeader } from './program.js';

/** A page that another CPU has unmapped, to move it. */
export interface MovingPage {
  readonly page: number;
  readonly unmapped: Unmapped;
}

/** The machine of one program, and what its operations name. */
export interface World {
  readonly k: Machine;
  readonly program: ProgramHeader;
  readonly swapFlags: number;
  readonly nrSwapSlots: number;
  /** Living processes by number. */
  readonly tasks: Map<number, Task>;
  readonly objects: Map<number, File>;
  /** Pipes, once used. */
  readonly pipes: Map<number, Pipe>;
  /** Buffers registered with io_uring, and pages mapped for a device. */
  readonly buffers: Map<number, PinnedPages>;
  readonly pins: Map<number, PinnedPages>;
  /** Frames that another CPU took off the LRU. */
  readonly isolated: number[];
  /** Frames that another CPU is moving. */
  readonly moving: MovingPage[];
  /** Contexts of the processes' userfaultfds, by address. */
  readonly userfaultfds: Map<number, number>;
  /** /dev/zero, once it was opened. */
  zero: File | undefined;
}

/** A system call's result, negative for an error, with what else it showed. */
export type Result =
  | number
  | {
      readonly ret: number;
      readonly signal?: Signal;
      readonly val?: number;
      readonly vals?: readonly number[];
    };

export type Call<N extends OperationName> = (world: World, operation: Operation<N>) => Result;

/** First byte of a page of a region. */
export function addressOf({ k }: World, region: number, index: number): number {
  return regionAddress(k, region, index);
}

export function mmOf(world: World, process: number): Mm {
  return mmOfTask(world.k, world.tasks.get(process)!);
}

/** The frame that a page of a region maps, 0 for none. */
export function frameOf(world: World, process: number, region: number, index: number): number {
  const { k } = world;
  const address = addressOf(world, region, index);
  const { pgd } = mmOf(world, process);
  const pte = pteAt(k, pgd, address);
  if (!ptePresent(k, pte)) return 0;
  const inLeaf = pteTable(k, pgd, address) === 0 ? (address - hugeAddress(k, address)) / k.pageSize : 0;
  return ptePfn(k, pte) + inLeaf;
}
