import { InputError } from '../base/error.js';
import { pteMarkerScenarios } from './pte-markers.js';
import type { Scenario } from './scenario.js';
import { swpExclusiveScenarios } from './swp-exclusive.js';

/** Every scenario, one line a theme. */
export const scenarios: readonly Scenario[] = [...swpExclusiveScenarios, ...pteMarkerScenarios];

/** @throws InputError naming the scenarios that there are */
export function scenarioByName(name: string): Scenario {
  const found = scenarios.find((scenario) => scenario.name === name || scenario.number === name);
  if (found) return found;
  throw new InputError(
    `no scenario '${name}'; there are ${scenarios.map((scenario) => scenario.name).join(', ')}`,
  );
}
