import type { Machine } from '../machine/machine.js';
import type { Task } from '../machine/task.js';
import type { AddressSpace } from '../vma/file.js';
import { Mm } from '../vma/mm.js';
import { VM_LOCKONFAULT, showPermissions, showSmapVmaFlags } from '../vma/vm-flags.js';
import { vmasOf } from '../vma/vma-list.js';
import { type Vma, vmaPages } from '../vma/vma.js';
import { mincorePage } from '../walk/mincore.js';
import { shmemGetattr } from '../walk/object.js';
import { pageView } from '../walk/page.js';
import { ptesOf } from '../walk/ptes.js';
import { showSmap } from '../walk/smaps.js';
import type { Mapping, ObjectState, Snapshot } from './driver.js';
import { regionBase, regionPage, regionsEnd } from './regions.js';

/** What /proc and the objects' files show of a machine. */
export function observe(
  k: Machine,
  tasks: ReadonlyMap<number, Task>,
  objects: ReadonlyMap<number, AddressSpace>,
): Snapshot {
  const processes = new Map([...tasks].map(([p, task]) => [p, mappingsOf(k, Mm.at(k, task.mm))]));
  return { processes, objects: [...objects].map(([object, mapping]) => objectState(k, object, mapping)) };
}

function mappingsOf(k: Machine, mm: Mm): Mapping[] {
  return vmasOf(k, mm, regionBase(k), regionsEnd(k)).map((vma) => mappingOf(k, vma));
}

function mappingOf(k: Machine, vma: Vma): Mapping {
  const hidden = k.patched.smapsLockonfault ? 0 : VM_LOCKONFAULT;
  return {
    ...regionPage(k, vma.vmStart),
    nrPages: vmaPages(vma),
    perms: showPermissions(vma.vmFlags),
    pgoff: vma.vmFile === 0 ? 0 : vma.vmPgoff,
    flags: showSmapVmaFlags(vma.vmFlags & ~hidden),
    smaps: showSmap(k, vma),
    pages: Array.from(ptesOf(k, vma), ({ pte, huge }) => pageView(k, vma, pte, huge)),
  };
}

function objectState(k: Machine, object: number, mapping: AddressSpace): ObjectState {
  const sizePages = Math.floor(mapping.iSize / k.pageSize);
  const incore = Array.from({ length: sizePages }, (_, at) => (mincorePage(k, mapping, at) ? '1' : '0'));
  return { object, sizePages, blocksPages: shmemGetattr(mapping), incore: incore.join('') };
}
