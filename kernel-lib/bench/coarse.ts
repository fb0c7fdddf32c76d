// One search of the coarse model, as a process of its own: what is timed against SPIN's.
import { search } from '../explore/search.js';
import { CoarseDelayedRmap } from '../scenario/delayed-rmap-coarse.js';

const { states, transitions } = search(new CoarseDelayedRmap({ pages: 4, stores: 8, late: true }));
console.log(states, transitions);
