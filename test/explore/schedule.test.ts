import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatSchedule, parseSchedule } from '../../kernel-lib/explore/schedule.js';

test('a schedule is a short string', () => {
  const a = { thread: 0, branch: 0 };
  const b = { thread: 1, branch: 3 };
  expect(formatSchedule([a, a, a, b, b, a])).toBe('a3b:3b:3a');
});

test('what is printed can be read again', () => {
  const decision = fc.record({ thread: fc.nat(3), branch: fc.nat(2) });
  fc.assert(
    fc.property(fc.array(decision), (decisions) => {
      expect(parseSchedule(formatSchedule(decisions), 4)).toEqual(decisions);
    }),
  );
});

test.each([
  ['a3d', "'d' at position 3 is none of the threads a-c"],
  ['A', "'A' at position 1 is none of the threads a-c"],
  ['a,b', "',' at position 2"],
])('schedule %j is refused with its place', (text, why) => {
  expect(() => parseSchedule(text, 3)).toThrow(why);
});
