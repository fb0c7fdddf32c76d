import { expect, test } from 'vitest';
import { explore } from '../../kernel-lib/scenario/exploration.js';
import { races } from '../../kernel-lib/scenario/races.js';
import { kernelsOf } from './race-kernels.js';

/** Races whose every interleaving, without reduction, is too much for a test that runs each time. */
const LARGE = new Set(['swapin-bypass', 'pte-marker-clear', 'migration-fork', 'delayed-rmap-full-batch']);

const slow = process.env.FAULTBOOK_SLOW === '1';
/** Milliseconds that the largest may take on a busy machine. */
const LONG = 600_000;
const kernels = races.flatMap((race) => (slow || !LARGE.has(race.name) ? kernelsOf(race) : []));

test.each(kernels)(
  '$name with $options: the reduced search and the full one come to the same verdict',
  ({ name, options }) => {
    const [reduced, full] = [explore(name, options), explore(name, { ...options, reduction: false })];
    expect(full.verdict).toBe(reduced.verdict);
    expect(reduced.complete ? reduced.states : 0).toBeLessThanOrEqual(full.complete ? full.states : Infinity);
  },
  slow ? LONG : undefined,
);
