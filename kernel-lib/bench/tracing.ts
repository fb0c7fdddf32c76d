import { inTurn } from './measure.js';
import { chosenOperations, secondsOf } from './run-operations.js';

/** What it costs to note every fault, as notebooks do: nanoseconds for one anonymous write fault. */
export interface TracingFigures {
  readonly off: number;
  readonly on: number;
  readonly ratio: number;
}

const PAGES = 2 ** 16;
const WARM_UP_RUNS = 8;

/** Measures both in turn, after some runs of each that are not counted: optimised code comes late. */
export function tracingFigures(rounds: number): TracingFigures {
  const bodies = chosenOperations(['anon-write', 'anon-write-traced']).map(
    (operation) => () => (secondsOf(operation, PAGES) * 1e9) / PAGES,
  );
  inTurn(WARM_UP_RUNS, bodies);
  const [off, on] = inTurn(rounds, bodies) as [number, number];
  return { off, on, ratio: on / off };
}
