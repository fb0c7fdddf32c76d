import { expect, test } from 'vitest';
import { pteDirty, pteYoung } from '../../kernel-lib/pgtable/pte.js';
import { resolvePatches } from '../../kernel-lib/patches/releases.js';
import type { Machine } from '../../kernel-lib/machine/machine.js';
import type { Mm } from '../../kernel-lib/vma/mm.js';
import { handleMmFault } from '#stepped/fault/handle.js';
import { doMadvise } from '#stepped/mmap/madvise.js';
import { doMprotectPkey } from '#stepped/mmap/mprotect.js';
import { PROT_READ } from '#stepped/mmap/flags.js';
import { pteOffset, pteTable, ptepTestAndClearYoung, readPte } from '#stepped/pgtable/table.js';
import { bootRace, mapAnonymous, pageAt, runningOn } from '#stepped/scenario/race-machine.js';
import { run, type Step } from '#stepped/step/step.js';
import { access } from '#stepped/sys/access.js';
import { forkTask, mmOfTask, newTask } from '#stepped/sys/task.js';
import { vmaLookup } from '#stepped/vma/vma-list.js';
import { NO_FRAME, ptepClearFlushYoung, walkTables } from '#stepped/tlb/tlb.js';
import { CLEAR_REFS_ALL, clearRefsWrite } from '#stepped/walk/clear-refs.js';
import { pageIdleBitmapWrite } from '#stepped/walk/page-idle.js';

/** A process with one page that it may write, and of which no store is noted: MADV_FREE has seen to that. */
function cleanPage() {
  const [release, arch] = ['6.1', 'x86_64'];
  const k = bootRace({ release, arch, patched: resolvePatches(release, arch) }, { nrCpus: 2 });
  const task = newTask(k);
  const address = mapAnonymous(k, task, 1, 1);
  const mm = mmOfTask(k, task);
  run(doMadvise(k, mm, address, k.pageSize, 'MADV_FREE'));
  run(access(k, mm, address));
  const ptep = pteOffset(k, pteTable(k, mm.pgd, address), address);
  expect([pteDirty(k, readPte(k, ptep)), pteYoung(k, readPte(k, ptep))]).toEqual([false, true]);
  return { k, task, mm, address, ptep };
}

type Page = ReturnType<typeof cleanPage>;

const operations: Readonly<Record<string, (page: Page) => Step<unknown>>> = {
  'fork, which protects it (ptep_set_wrprotect)': ({ k, task }) => forkTask(k, task),
  'mprotect (ptep_modify_prot_start)': ({ k, mm, address }) =>
    doMprotectPkey(k, mm, address, k.pageSize, PROT_READ),
  'clear_refs of soft-dirty bits (ptep_modify_prot_start)': ({ k, mm }) => clearRefsWrite(k, mm),
  'clear_refs of young bits (ptep_test_and_clear_young)': ({ k, mm }) =>
    clearRefsWrite(k, mm, CLEAR_REFS_ALL),
  'page_idle (ptep_test_and_clear_young)': ({ k, task, address }) =>
    pageIdleBitmapWrite(k, pageAt(k, task, address)),
  'a fault that finds it old (ptep_set_access_flags)': ({ k, mm, address, ptep }) => {
    run(ptepTestAndClearYoung(k, ptep));
    return handleMmFault(k, vmaLookup(k, mm, address)!, address, 0);
  },
  'reclaim (ptep_clear_flush_young)': ({ k, mm, address, ptep }) =>
    ptepClearFlushYoung(k, mm.at, address, ptep),
};

/** Whether a store of another CPU went through the entry after `nrSteps` of an operation, and is noted at its end. */
function storeAfter(nrSteps: number, operation: (page: Page) => Step<unknown>) {
  const page = cleanPage();
  const { k, task, mm, address, ptep } = page;
  runningOn(k, 0, task)();
  const steps = operation(page);
  let ended = false;
  for (let i = 0; i < nrSteps && !ended; i++) ended = steps.next().done === true;
  const stored = storesThrough(k, mm, address);
  while (!ended) ended = steps.next().done === true;
  return { stored, dirty: pteDirty(k, readPte(k, ptep)) };
}

function storesThrough(k: Machine, mm: Mm, address: number): boolean {
  return run(walkTables(k, mm, address, true)) !== NO_FRAME;
}

test.each(Object.entries(operations))(
  'a store that the MMU notes in an entry in the course of %s stays noted',
  (_, operation) => {
    const outcomes = Array.from({ length: 60 }, (_, nrSteps) => storeAfter(nrSteps, operation));
    expect(outcomes.some(({ stored }) => stored)).toBe(true);
    expect(outcomes.flatMap(({ stored, dirty }, nrSteps) => (stored && !dirty ? [nrSteps] : []))).toEqual([]);
  },
);
