import type { ExploreProgress } from '../scenario/exploration.js';

/** Time between two lines, in seconds: a terminal is not to flicker. */
const EVERY = 0.2;

/** How far a search has come, on one line of a terminal that is written over; nothing elsewhere. */
export interface SearchProgress {
  readonly show: (progress: ExploreProgress) => void;
  readonly stop: () => void;
}

export function searchProgress(stream: NodeJS.WriteStream = process.stderr): SearchProgress {
  if (!stream.isTTY) return { show: () => {}, stop: () => {} };
  let shown = 0;
  return {
    show({ states, executions, done, seconds }) {
      if (seconds - shown < EVERY) return;
      shown = seconds;
      const rate = Math.round(states / seconds).toLocaleString('en');
      const part = `${(100 * done).toFixed(1)} % of the decisions`;
      stream.write(`\r\u001B[K${states} states, ${executions} executions, ${rate} states/s, ${part}`);
    },
    stop: () => void stream.write('\r\u001B[K'),
  };
}
