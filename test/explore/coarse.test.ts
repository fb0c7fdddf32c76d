import { expect, test } from 'vitest';
import { search } from '../../kernel-lib/explore/search.js';
import { CoarseDelayedRmap } from '../../kernel-lib/scenario/delayed-rmap-coarse.js';

/** Counts of SPIN 6.5.2 for the same steps in Promela, less its init process: one state and two transitions. */
const counted = [
  { pages: 1, stores: 4, late: false, states: 3_353, transitions: 8_494, badEnds: 1, lost: 1 },
  { pages: 1, stores: 4, late: true, states: 2_986, transitions: 7_449, badEnds: 0, lost: 0 },
  { pages: 2, stores: 4, late: true, states: 21_153, transitions: 56_825, badEnds: 0, lost: 0 },
  { pages: 4, stores: 4, late: false, states: 485_750, transitions: 1_411_245, badEnds: 50, lost: 78 },
  { pages: 4, stores: 4, late: true, states: 293_835, transitions: 821_134, badEnds: 0, lost: 0 },
  { pages: 4, stores: 8, late: true, states: 1_001_036, transitions: 2_835_216, badEnds: 0, lost: 0 },
];

test.each(counted)(
  'the search counts what SPIN counts: $pages pages, $stores stores, late $late',
  ({ states, transitions, badEnds, lost, ...options }) => {
    const system = new CoarseDelayedRmap(options);
    let bad = 0;
    let lostPages = 0;
    const result = search(system, {
      onEnd: () => {
        const n = system.lostPages();
        lostPages += n;
        if (n > 0) bad++;
      },
    });
    expect(result).toMatchObject({ states, transitions, complete: true });
    expect([bad, lostPages]).toEqual([badEnds, lost]);
  },
);
