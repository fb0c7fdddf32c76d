import { reads } from './facts.js';
import type { Scenario } from './scenario.js';

/** A page that swapoff could not read. */
export const swapErrorScenarios: readonly Scenario[] = [
  {
    name: 'swap-error-fork',
    number: 'S20',
    kind: 'sequential',
    title: 'swapoff cannot read a page; the process forks, and the child reads it',
    swap: 'dm',
    steps: [
      ...['mmap 0 0 1 w p anon', 'write 0 0 0 5', 'madvise 0 0 0 1 PAGEOUT'],
      ...['swaperr 1', 'swapoff', 'fork 0 1', 'read 1 0 0'],
    ],
    verdict: reads('the child', 'read 1'),
    expected: ({ patched }) => {
      const lost =
        patched.swapErrorMarker && patched.markerForkFollowsChild && !patched.errorMarkerSurvivesFork;
      return lost ? 'the child reads 0x0' : 'the child gets SIGBUS';
    },
    source: '7e3ce3f8d2d2',
    why: 'Where fork copies markers only to children that track write-protection, the error is lost and zeros are read.',
  },
];
