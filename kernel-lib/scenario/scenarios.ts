import { someOf } from '../base/argument.js';
import { InputError } from '../base/error.js';
import { devicePageScenarios } from './device-pages.js';
import { hugetlbMarkerScenarios } from './hugetlb-markers.js';
import { hugetlbMoveScenarios } from './hugetlb-moves.js';
import { markerFillScenarios } from './marker-fills.js';
import { markerWalkerScenarios } from './marker-walkers.js';
import { pteMarkerScenarios } from './pte-markers.js';
import type { Scenario } from './scenario.js';
import { faultFlagScenarios } from './fault-flags.js';
import { forkPinScenarios } from './fork-pins.js';
import { ksmScenarios } from './ksm.js';
import { mappingCallScenarios } from './mapping-calls.js';
import { pinningCallScenarios } from './pinning-calls.js';
import { smapsScenarios, swapInOutScenarios } from './swap-in-out.js';
import { userfaultfdCallScenarios } from './userfaultfd-calls.js';
import { longtermPinScenarios } from './longterm-pins.js';
import { reuseScenarios } from './reuse.js';
import { swapErrorScenarios } from './swap-errors.js';
import { diskFileScenarios } from './disk-files.js';
import { cowSelftestScenarios } from './selftest-cow.js';
import { cowHugetlbSelftestScenarios } from './selftest-cow-hugetlb.js';
import { cowThpSelftestScenarios } from './selftest-cow-thp.js';
import { longtermSelftestScenarios } from './selftest-longterm.js';
import { thpCallScenarios } from './thp-calls.js';
import { dirtyBitScenarios } from './dirty-bits.js';
import { hardwareStoreScenarios } from './hardware-stores.js';
import { tlbFlushScenarios } from './tlb-flushes.js';
import { thpMoveScenarios } from './thp-moves.js';
import { thpSplitScenarios } from './thp-split.js';
import { swpLifetimeScenarios } from './swp-lifetime.js';
import { swpExclusiveScenarios } from './swp-exclusive.js';

/** Every scenario, one line a theme. */
export const scenarios: readonly Scenario[] = [
  ...swpExclusiveScenarios,
  ...swpLifetimeScenarios,
  ...longtermPinScenarios,
  ...forkPinScenarios,
  ...faultFlagScenarios,
  ...ksmScenarios,
  ...reuseScenarios,
  ...swapErrorScenarios,
  ...pteMarkerScenarios,
  ...markerFillScenarios,
  ...markerWalkerScenarios,
  ...hugetlbMarkerScenarios,
  ...hugetlbMoveScenarios,
  ...devicePageScenarios,
  ...thpSplitScenarios,
  ...dirtyBitScenarios,
  ...hardwareStoreScenarios,
  ...thpCallScenarios,
  ...thpMoveScenarios,
  ...mappingCallScenarios,
  ...tlbFlushScenarios,
  ...swapInOutScenarios,
  ...smapsScenarios,
  ...pinningCallScenarios,
  ...userfaultfdCallScenarios,
  ...diskFileScenarios,
  ...cowSelftestScenarios,
  ...cowThpSelftestScenarios,
  ...cowHugetlbSelftestScenarios,
  ...longtermSelftestScenarios,
];

/** @throws InputError naming scenarios of which the name has a word, or else the first ones */
export function scenarioByName(name: string): Scenario {
  const found = scenarios.find((scenario) => scenario.name === name || scenario.number === name);
  if (found) return found;
  const words = name.split('-').filter((word) => word.length > 2);
  const allowed = someOf(
    scenarios.map((scenario) => scenario.name),
    (other) => words.some((word) => other.includes(word)),
    'faultbook scenario',
  );
  throw new InputError(`no scenario '${name}'; there are ${allowed}`);
}
