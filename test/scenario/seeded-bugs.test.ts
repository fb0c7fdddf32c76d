import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { patchSource } from '../../kernel-lib/own/own-patch.js';
import { explore } from '../../kernel-lib/scenario/exploration.js';
import { seededBugs, soundKernels } from './seeded-bugs.js';

const slow = process.env.FAULTBOOK_SLOW === '1';
const races = Object.keys(soundKernels);
const of = (race: string) => seededBugs.filter((bug) => bug.race === race);

test.each(races)('%s: its promise has at least three lines to break it', (race) => {
  expect(of(race).length).toBeGreaterThanOrEqual(3);
});

// Each evaluates the library anew: one of a race is enough for every day.
test.each(slow ? races : [])('%s: the kernel without a seeded bug keeps its promise', (race) => {
  const { verdict, complete } = explore(race, soundKernels[race]);
  expect({ verdict, complete }).toEqual({ verdict: 'absent', complete: true });
});

test.each(slow ? seededBugs : races.map((race) => of(race)[0]!))(
  '$race: a search finds that $bug',
  async ({ race, file, line, instead }) => {
    const own = await patchSource(file, line, instead);
    expect(explore(race, { ...soundKernels[race], own }).verdict).toBe('found');
  },
);

test('every seeded bug is still one change to a line that is there', async () => {
  for (const { file, line, instead } of seededBugs) await patchSource(file, line, instead);
});

test('README.md lists the seeded bugs', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const rows = [...readme.matchAll(/^\| `([\w-]+)` +\| ([^|`]+?) +\| `([\w/-]+\.ts)` +\|$/gm)];
  expect(rows.map(([, race, bug, file]) => ({ race, bug, file }))).toEqual(
    seededBugs.map(({ race, bug, file }) => ({ race, bug, file })),
  );
});
