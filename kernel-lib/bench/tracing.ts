import { inTurn } from './measure.js';
import { chosenOperations, secondsOf } from './run-operations.js';

/** What it costs to note every fault, as notebooks do: nanoseconds for one anonymous write fault. */
export interface TracingFigures {
  readonly off: number;
  readonly on: number;
  readonly ratio: number;
}

const PAGES = 2 ** 16;

/** Measures both in turn, after one run of each that is not counted. */
export function tracingFigures(rounds: number): TracingFigures {
  const bodies = chosenOperations(['anon-write', 'anon-write-traced']).map(
    (operation) => () => (secondsOf(operation, PAGES) * 1e9) / PAGES,
  );
  bodies.forEach((body) => body());
  const [off, on] = inTurn(rounds, bodies) as [number, number];
  return { off, on, ratio: on / off };
}
