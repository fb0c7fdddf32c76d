import { expect } from 'vitest';
import { run as runSteps } from '#stepped/step/step.js';
import type { Arena } from '../../kernel-lib/step/arena.js';
import { run, type Step } from '../../kernel-lib/step/step.js';

/**
 * Runs one operation on two machines that were built alike, plainly and as steps run to their end, and expects the
 * same result (or the same error) and the same memory, word for word. Import `plain` from `kernel-lib/…` and
 * `stepped` from `#stepped/…`.
 *
 * @param build makes a machine; called twice
 */
export function expectSameOnBothBuilds<M extends { readonly arena: Arena }, R>(
  build: () => M,
  plain: (machine: M) => Step<R>,
  stepped: (machine: M) => Step<R>,
): void {
  const [a, b] = [build(), build()];
  const expected = outcome(() => run(plain(a)));
  expect(outcome(() => runSteps(stepped(b)))).toEqual(expected);
  expect(b.arena.all()).toEqual(a.arena.all());
}

function outcome<R>(body: () => R): { result: R } | { error: string } {
  try {
    return { result: body() };
  } catch (err) {
    return { error: String(err) };
  }
}
