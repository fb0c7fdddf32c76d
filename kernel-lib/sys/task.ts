import { dupMmap } from '../fork/dup-mmap.js';
import type { Machine } from '../machine/machine.js';
import { kmemCacheZalloc } from '../machine/slab.js';
import { Task } from '../machine/task.js';
import { exitMmap } from '../mmap/munmap.js';
import { allocTable, freeTable } from '../pgtable/table.js';
import type { Step } from '../step/step.js';
import { __ksmEnter, __ksmExit } from '../rmap/ksm-node.js';
import { MMF_VM_MERGEABLE, Mm, mmdrop } from '../vma/mm.js';

/** The address space of a task that has not exited. */
export function mmOfTask(k: Machine, task: Task): Mm {
  return Mm.at(k, task.mm);
}

/** A process with an empty address space. */
export function newTask(k: Machine): Task {
  return startTask(k, mmAlloc(k));
}

function mmAlloc(k: Machine): Mm {
  const mm = kmemCacheZalloc(k, Mm);
  mm.mmCount = 1;
  mm.mmUsers = 1;
  mm.pgd = allocTable(k, 0);
  mm.mmNext = k.globals.mmlist;
  k.globals.mmlist = mm.at;
  return mm;
}

function startTask(k: Machine, mm: Mm): Task {
  const task = kmemCacheZalloc(k, Task);
  task.mm = mm.at;
  task.pid = k.globals.nextPid + 1;
  k.globals.nextPid = task.pid;
  return task;
}

/**
 * A child with a copy of the parent's address space.
 *
 * @returns the child, or a negative error number
 */
export function* forkTask(k: Machine, parent: Task): Step<Task | number> {
  const mm = mmAlloc(k);
  const oldmm = mmOfTask(k, parent);
  if ((oldmm.flags & MMF_VM_MERGEABLE) !== 0) __ksmEnter(k, mm);
  const error = yield* dupMmap(k, mm, oldmm);
  if (error === 0) return startTask(k, mm);
  yield* mmFree(k, mm);
  return error;
}

/** Ends a process: its memory goes. */
export function* exitTask(k: Machine, task: Task): Step<void> {
  yield* mmFree(k, mmOfTask(k, task));
  task.mm = 0;
}

function* mmFree(k: Machine, mm: Mm): Step<void> {
  mm.mmUsers = 0;
  if ((mm.flags & MMF_VM_MERGEABLE) !== 0) __ksmExit(k, mm);
  yield* exitMmap(k, mm);
  freeTable(k, mm.pgd, 0);
  unlinkMm(k, mm);
  mmdrop(k, mm);
}

function unlinkMm(k: Machine, mm: Mm): void {
  if (k.globals.mmlist === mm.at) {
    k.globals.mmlist = mm.mmNext;
    return;
  }
  let at = Mm.at(k, k.globals.mmlist);
  while (at.mmNext !== mm.at) at = Mm.at(k, at.mmNext);
  at.mmNext = mm.mmNext;
}
