import { archById } from '../arch/variants.js';
import type { Machine } from '../machine/machine.js';
import type { Task } from '../machine/task.js';
import { swaponArea } from '../swap/area.js';
import { type MachineShape, makeMachine } from '../sys/machine.js';
import type { RaceKernel } from './race.js';

/** What a race's machine has more than one CPU and a little memory. */
export type RaceShape = Pick<MachineShape, 'nrCpus'> &
  Partial<Pick<MachineShape, 'nrFrames' | 'nrSwapSlots' | 'nrTlbEntries'>>;

/**
 * Boots a small machine for a race. It does not count events, so that ways that differ in nothing else end in one
 * state.
 */
export function bootRace({ release, arch, patched }: Omit<RaceKernel, 'bound'>, shape: RaceShape): Machine {
  const { nrSwapSlots = 0, nrFrames = 64 } = shape;
  const record = archById(arch);
  // A page table of 64 KiB pages is larger than one of 4 KiB pages.
  const tables = record.levels.reduce((sum, { bits }) => sum + 2 ** (bits + 1), 0);
  const k = makeMachine({
    release,
    arch: record,
    patched,
    nrFrames,
    nrSwapSlots,
    nrCpus: shape.nrCpus,
    nrTlbEntries: shape.nrTlbEntries ?? 0,
    countEvents: false,
    floorWords: Math.max(1 << 14, 4 * tables),
  });
  if (nrSwapSlots > 0) swaponArea(k, nrSwapSlots, 0);
  return k;
}

/** Makes a thread's code run on a CPU on behalf of a process. */
export function runningOn(k: Machine, cpu: number, task: Task): () => void {
  return () => {
    k.cpu = cpu;
    k.current = task;
  };
}
