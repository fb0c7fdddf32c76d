import { beforeAll, describe, expect, test } from 'vitest';
import { type OwnPatch, patchSource } from '../../kernel-lib/own/own-patch.js';
import { swpExclusivePatches } from '../../kernel-lib/patches/catalogue.js';
import { type Run, runScenario } from '../../kernel-lib/scenario/run.js';
import { scenarios } from '../../kernel-lib/scenario/scenarios.js';

const kernel = { release: 'v6.1', arch: 'x86_32_pae' };
const marker = swpExclusivePatches.find(({ arches }) => arches?.includes(kernel.arch))!.id;
const swapping = scenarios.filter(({ number }) => /^X\d\d$/.test(number));
let blind: OwnPatch;

beforeAll(async () => {
  blind = await patchSource(
    'pgtable/pte.ts',
    'export const pteSwpExclusive = (k: Machine, pte: Pte): boolean => k.pte.pteSwpExclusive(load(pte), 0);',
    'export const pteSwpExclusive = (_k: Machine, _pte: Pte): boolean => false;',
  );
});

/** All that a run shows, but for the entries' own bits: the marker is set in them, though nobody sees it. */
function observed({ verdict, steps }: Run) {
  return {
    verdict,
    steps: steps.map((step) => ({
      ...step,
      pages: step.pages.map(({ value: _value, text: _text, exclusive: _exclusive, ...page }) => page),
    })),
  };
}

describe('X4: a kernel without the marker is one whose every test of it says no', () => {
  test.each(swapping)('$number $name', (scenario) => {
    const without = runScenario(scenario, kernel);
    const blinded = runScenario(scenario, { ...kernel, with: [marker], own: blind });
    expect(observed(blinded)).toEqual(observed(without));
  });

  test('with the tests as they are it is another', () => {
    const [without, seeing] = [runScenario('X01', kernel), runScenario('X01', { ...kernel, with: [marker] })];
    expect(observed(seeing)).not.toEqual(observed(without));
  });
});
