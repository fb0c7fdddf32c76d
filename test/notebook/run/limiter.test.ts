import { expect, test } from 'vitest';
import { limiter } from '../../../kernel-lib/notebook/run/limiter.js';

test('at most as many works as allowed run at once, in order, also after one has failed', async () => {
  const inTurn = limiter(2);
  let running = 0;
  let most = 0;
  const started: number[] = [];
  const work = (n: number) => async () => {
    started.push(n);
    most = Math.max(most, ++running);
    await new Promise(setImmediate);
    running--;
    if (n === 1) throw new Error('one');
    return n;
  };
  const all = await Promise.allSettled([0, 1, 2, 3, 4].map((n) => inTurn(work(n))));
  expect(all.map(({ status }) => status)).toEqual([
    'fulfilled',
    'rejected',
    'fulfilled',
    'fulfilled',
    'fulfilled',
  ]);
  expect(most).toBe(2);
  expect(started).toEqual([0, 1, 2, 3, 4]);
});
