import { InputError } from '../base/error.js';
import { races } from '../scenario/races.js';
import type { Scenario } from '../scenario/scenario.js';
import { scenarioByName, scenarios } from '../scenario/scenarios.js';

// One name may be both: the split of a dirty huge page is told in one order, and explored in all.

const isRace = (name: string): boolean => races.some((race) => race.name === name || race.number === name);

const isSequential = (name: string): boolean =>
  scenarios.some((scenario) => scenario.name === name || scenario.number === name);

/**
 * The scenario that a command is to run.
 *
 * @throws InputError naming the scenarios that there are, or the command for what is a race alone
 */
export function sequentialByName(name: string): Scenario {
  if (isRace(name) && !isSequential(name)) {
    throw new InputError(`'${name}' is a race; \`faultbook explore ${name}\` follows its interleavings`);
  }
  return scenarioByName(name);
}

/** @throws InputError with the command for what is no race */
export function refuseSequential(name: string): void {
  if (isSequential(name) && !isRace(name)) {
    throw new InputError(
      `'${name}' is no race: one process at a time; \`faultbook scenario ${name}\` runs it`,
    );
  }
}
