import { allocPage, folioPut } from '../folio/alloc.js';
import { folioTrylock, folioUnlock } from '../folio/lock.js';
import { folioAddLru, folioIsolateLru, lruAddDrain } from '../folio/lru.js';
import { setMaxHugePages } from '../huge/hugetlb.js';
import { removeMigrationPtes, tryToMigrate } from '../huge/migration-ptes.js';
import { moveToNewFolio } from '../huge/migrate-folio.js';
import { diskFileSetup } from '../pagecache/disk-file.js';
import { hugetlbFileSetup } from '../pagecache/hugetlb-file.js';
import { writeCachePages } from '../pagecache/writeback.js';
import { run } from '../step/step.js';
import { type World, frameOf, mmOf } from '../trace/world.js';
import { AddressSpace, type File } from '../vma/file.js';
import { CLEAR_REFS_ALL, clearRefsWrite } from '../walk/clear-refs.js';
import { cleanRecordSharedMappingRange, wpSharedMappingRange } from '../walk/mapping-dirty-helpers.js';
import { pageIdleBitmapWrite } from '../walk/page-idle.js';

/** What other parts of a kernel do between the operations of a course, and no line of the notation says. */
export type Act = (world: World, execute: (step: string) => void) => void;

/** The number that a course's file on a disk goes by, or its file of huge pages. */
const FILE = 0;

/** A file on a disk becomes object 0. */
export const openDisk: Act = (world) => {
  world.objects.set(FILE, diskFileSetup(world.k, 4));
};

/** Two pages of hugetlb are put aside; a file of them becomes object 0. */
export const openHugetlb: Act = (world) => {
  setMaxHugePages(world.k, 4);
  world.objects.set(FILE, hugetlbFileSetup(world.k, 2));
};

function mappingOf({ k, objects }: World): AddressSpace {
  return AddressSpace.at(k, (objects.get(FILE) as File).fMapping);
}

/** Object 0 is written back to its disk. */
export const writeBack: Act = (world) => {
  run(writeCachePages(world.k, mappingOf(world)));
};

/** A graphics driver looks for what was written to object 0: it write-protects all, or cleans all. */
export const protectObject: Act = (world) => {
  run(wpSharedMappingRange(world.k, mappingOf(world), 0, 4));
};
export const cleanObject: Act = (world) => {
  run(cleanRecordSharedMappingRange(world.k, mappingOf(world), 0, 4));
};

/** Process 0 writes 1 to its clear_refs: its pages look unused. */
export const clearYoung: Act = (world) => run(clearRefsWrite(world.k, mmOf(world, 0), CLEAR_REFS_ALL));

/** The first page of region 0 is marked idle. */
export const markIdle: Act = (world) => run(pageIdleBitmapWrite(world.k, frameOf(world, 0, 0, 0)));

/** The first page of region 0 moves to another frame; so long, these operations find migration entries. */
export function whileMoving(...steps: readonly string[]): Act {
  return (world, execute) => {
    const { k } = world;
    const src = frameOf(world, 0, 0, 0);
    run(lruAddDrain(k));
    run(folioIsolateLru(k, src));
    const dst = allocPage(k);
    for (const folio of [src, dst]) run(folioTrylock(k, folio));
    run(tryToMigrate(k, src));
    steps.forEach(execute);
    const moved = run(moveToNewFolio(k, dst, src)) === 0;
    run(folioAddLru(k, dst));
    run(removeMigrationPtes(k, src, moved ? dst : src));
    for (const folio of [dst, src]) folioUnlock(k, folio);
    for (const folio of [dst, src]) run(folioPut(k, folio));
  };
}
