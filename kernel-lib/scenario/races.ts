import { delayedRmapRaces } from '#stepped/scenario/delayed-rmap-races.js';
import { dirtyThpSplitRaces } from '#stepped/scenario/dirty-thp-split-races.js';
import { gupFastCollapseRaces } from '#stepped/scenario/gup-fast-collapse.js';
import { gupFastRaces } from '#stepped/scenario/gup-fast-races.js';
import { migrationRaces } from '#stepped/scenario/migration-races.js';
import { odirectSwapoutRaces } from '#stepped/scenario/odirect-swapout.js';
import { paeTornReadRaces } from '#stepped/scenario/pae-torn-read.js';
import { pmdWalkRaces } from '#stepped/scenario/pmd-walk.js';
import { pteMarkerClearRaces } from '#stepped/scenario/pte-marker-clear.js';
import { pudMprotectRaces } from '#stepped/scenario/pud-mprotect.js';
import { pudWalkRaces } from '#stepped/scenario/pud-walk.js';
import { swapinBypassRaces } from '#stepped/scenario/swapin-bypass.js';
import type { Race } from '#stepped/scenario/race.js';
import { InputError } from '../base/error.js';

/** Every race, one line a theme. Their threads are kernel code of the stepped build. */
export const races: readonly Race[] = [
  ...delayedRmapRaces,
  ...odirectSwapoutRaces,
  ...swapinBypassRaces,
  ...gupFastRaces,
  ...gupFastCollapseRaces,
  ...pteMarkerClearRaces,
  ...paeTornReadRaces,
  ...migrationRaces,
  ...pmdWalkRaces,
  ...pudWalkRaces,
  ...pudMprotectRaces,
  ...dirtyThpSplitRaces,
];

/** @throws InputError naming the races that there are */
export function raceByName(name: string): Race {
  const found = races.find((race) => race.name === name || race.number === name);
  if (found) return found;
  throw new InputError(`no race '${name}'; there are ${races.map((race) => race.name).join(', ')}`);
}
