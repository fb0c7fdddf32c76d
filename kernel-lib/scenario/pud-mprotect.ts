import type { Machine } from '../machine/machine.js';
import { PROT_READ } from '../mmap/flags.js';
import { doMprotectPkey } from '../mmap/mprotect.js';
import { hpagePudNr, hpagePudSize } from '../pgtable/pud.js';
import { pteWrite } from '../pgtable/pte.js';
import { type Step, run } from '../step/step.js';
import { access, accessOnce } from '../sys/access.js';
import { mmOfTask, newTask } from '../sys/task.js';
import { cachedTranslations } from '../tlb/tlb.js';
import type { Mm } from '../vma/mm.js';
import { mapDevice, tablesOf } from './pud-walk.js';
import { bootRace, runningOn } from './race-machine.js';
import type { Invariant, Race, RaceKernel, RaceSetup } from './race.js';

const noStoresBehind: Invariant = {
  name: 'once memory is read-only no CPU stores to it',
  reason: 'whoever made it read-only waits for the fault of a store, a garbage collector for one',
};

/** Memory of a device that one entry maps becomes read-only; another CPU has stored to it, and loads meanwhile. */
function pudMprotect(kernel: RaceKernel): RaceSetup {
  const record = tablesOf(kernel.arch, kernel.bound['entries']!);
  const machine = bootRace(kernel, { nrCpus: 2, record, nrTlbEntries: 4 });
  const task = newTask(machine);
  const mm = mmOfTask(machine, task);
  const start = mapDevice(machine, task);
  const on = (cpu: number) => runningOn(machine, cpu, task);
  on(1)();
  run(access(machine, mm, start, 1));
  const stores = () => cachedTranslations(machine, 1).some(({ pte }) => pteWrite(machine, pte));
  return {
    machine,
    threads: [
      { name: 'protector', enter: on(0), operations: [() => protect(machine, mm, start)] },
      { name: 'user', enter: on(1), operations: [() => load(machine, mm, start)] },
    ],
    broken: () => (stores() ? 'CPU 1 has a translation by which it still stores' : null),
    watched: [{ name: '', mm: mm.at, start, nrPages: hpagePudNr(machine) }],
  };
}

function* protect(k: Machine, mm: Mm, start: number): Step<void> {
  yield* doMprotectPkey(k, mm, start, hpagePudSize(k), PROT_READ);
}

function* load(k: Machine, mm: Mm, address: number): Step<void> {
  yield* accessOnce(k, mm, address);
}

/** What mprotect makes of an entry that spans a GiB. */
export const pudMprotectRaces: readonly Race[] = [
  {
    kind: 'race',
    name: 'pud-mprotect',
    title: 'Memory that one entry of a GiB maps becomes read-only: can a CPU that stored to it go on?',
    threads: ['makes the memory read-only', 'has stored to it on another CPU, and loads from it'],
    invariant: noStoresBehind,
    bound: { entries: 2 },
    arch: 'x86_64',
    release: 'v6.1',
    decidedBy: ['cb0f01beb166'],
    setUp: pudMprotect,
    breaks: ({ patched }) => !patched.mprotectKnowsPuds,
    why: 'The entry was taken for a broken table and cleared: nothing had changed as far as mprotect knew, so it flushed no TLB.',
    source: 'commit cb0f01beb166 "mm/mprotect: fix dax pud handlings"; change_pud_range() of v6.1',
  },
];
