import { expect, test } from 'vitest';
import { Arena } from '../../kernel-lib/step/arena.js';
import { downRead, downWrite, spinLock, spinUnlock, upRead, upWrite } from '../../kernel-lib/step/lock.js';
import { run } from '../../kernel-lib/step/step.js';

const locks = () => new Arena(1).words('locks', 1);

test('a spinlock is taken, given back and taken again', () => {
  const mem = locks();
  for (let i = 0; i < 2; i++) {
    run(spinLock(mem, 0));
    spinUnlock(mem, 0);
  }
  expect(() => spinUnlock(mem, 0)).toThrow('a spinlock is released that nobody holds');
});

test('taking a spinlock twice says that it would spin for ever', () => {
  const mem = locks();
  run(spinLock(mem, 0));
  expect(() => run(spinLock(mem, 0))).toThrow('would block on a spinlock, and nothing else runs');
});

test('readers share a semaphore and keep a writer out, a writer keeps everybody out', () => {
  const mem = locks();
  run(downRead(mem, 0));
  run(downRead(mem, 0));
  expect(() => run(downWrite(mem, 0))).toThrow('would block');
  upRead(mem, 0);
  upRead(mem, 0);
  run(downWrite(mem, 0));
  expect(() => run(downRead(mem, 0))).toThrow('would block');
  expect(() => run(downWrite(mem, 0))).toThrow('would block');
  upWrite(mem, 0);
  run(downRead(mem, 0));
});
