import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as stepped from '#stepped/step/lock.js';
import { Arena } from '../../kernel-lib/step/arena.js';
import * as plain from '../../kernel-lib/step/lock.js';
import { BUILD, choose, run } from '../../kernel-lib/step/step.js';
import { expectSameOnBothBuilds } from '../support/both-builds.js';

test('each run of this suite tests the build that it says', () => {
  expect(BUILD).toBe(process.env.FAULTBOOK_BUILD);
});

test('a sequential run takes the first of the choices', () => {
  expect(run(choose(3))).toBe(0);
});

test('locks do the same to memory on both builds, also where they would block', () => {
  const takes = ['spinLock', 'downRead', 'downWrite'] as const;
  fc.assert(
    fc.property(fc.constantFrom(...takes), fc.constantFrom(...takes), fc.nat(1), (first, second, i) => {
      const build = () => {
        const arena = new Arena(2);
        const locks = arena.words('locks', 2);
        run(plain[first](locks, 0));
        return { arena, locks };
      };
      expectSameOnBothBuilds(
        build,
        ({ locks }) => plain[second](locks, i),
        ({ locks }) => stepped[second](locks, i),
      );
    }),
  );
});
