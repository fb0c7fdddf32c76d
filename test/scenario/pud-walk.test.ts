import { expect, test } from 'vitest';
import { explore } from '../../kernel-lib/scenario/exploration.js';

const RFC = '?pagewalk-pud-once';
const BEHIND_NONE = 'walker: a page table is read behind an entry that is none';
const INTO_A_LEAF = 'walker: a device’s page is read as a page table';

/** Every way in which a walk goes astray on a kernel with these patches. */
function waysAstray(patches: readonly string[]): string[] {
  return explore('pud-walk', { with: patches, all: true })
    .violations.map(({ invariant }) => invariant)
    .sort();
}

test('a walk that reads the PUD again at every turn follows a leaf that came back, and one that went once more', () => {
  expect(waysAstray([])).toEqual([INTO_A_LEAF, BEHIND_NONE]);
});

test('the RFC of 2020 follows the copy that is not none: only the leaf that came back is left', () => {
  expect(waysAstray([RFC])).toEqual([INTO_A_LEAF]);
});

test('a walk that looks anew at a leaf goes astray in no way, with the RFC or without, searched in full or reduced', () => {
  for (const patches of [['3b89863c3fa4'], ['3b89863c3fa4', RFC]]) {
    for (const reduction of [true, false]) {
      const { verdict, complete } = explore('pud-walk', { with: patches, reduction });
      expect({ verdict, complete }).toEqual({ verdict: 'absent', complete: true });
    }
  }
});

test('HMM, which finds no leaf under the lock, goes down into one that came back, with the RFC or without', () => {
  for (const patches of [[], [RFC]]) expect(explore('pud-walk-hmm', { with: patches }).verdict).toBe('found');
});
