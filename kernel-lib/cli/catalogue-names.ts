import { InputError } from '../base/error.js';
import { races } from '../scenario/races.js';
import type { Scenario } from '../scenario/scenario.js';
import { scenarioByName, scenarios } from '../scenario/scenarios.js';

/**
 * The scenario that a command is to run.
 *
 * @throws InputError naming the scenarios that there are, or the command for a race
 */
export function sequentialByName(name: string): Scenario {
  if (races.some((race) => race.name === name)) {
    throw new InputError(`'${name}' is a race; \`faultbook explore ${name}\` follows its interleavings`);
  }
  return scenarioByName(name);
}

/** @throws InputError with the command for what is no race */
export function refuseSequential(name: string): void {
  if (scenarios.some((scenario) => scenario.name === name || scenario.number === name)) {
    throw new InputError(
      `'${name}' is no race: one process at a time; \`faultbook scenario ${name}\` runs it`,
    );
  }
}
