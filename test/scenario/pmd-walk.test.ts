import { expect, test } from 'vitest';
import { explore } from '../../kernel-lib/scenario/exploration.js';

const RETRY = '7780d04046a2';

test('mincore answers for every page of a huge page that goes, whether it counts that as a hole or looks anew, searched in full or reduced', () => {
  for (const patches of [[], [RETRY]]) {
    for (const reduction of [true, false]) {
      const { verdict, complete } = explore('pmd-walk-mincore', { with: patches, reduction });
      expect({ verdict, complete }).toEqual({ verdict: 'absent', complete: true });
    }
  }
});

test('pagemap tells nothing of a huge page that goes behind the lock, until walks look anew', () => {
  const [violation] = explore('pmd-walk-pagemap').violations;
  expect(violation?.invariant).toBe('a walk answers for every page: 0 of 2 pages are answered for');
  const { verdict, complete } = explore('pmd-walk-pagemap', { with: [RETRY] });
  expect({ verdict, complete }).toEqual({ verdict: 'absent', complete: true });
});
