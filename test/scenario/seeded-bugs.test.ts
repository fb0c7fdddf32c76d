import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { patchSource } from '../../kernel-lib/own/own-patch.js';
import { resolvePatches } from '../../kernel-lib/patches/releases.js';
import { explore } from '../../kernel-lib/scenario/exploration.js';
import { raceByName, races as catalogue } from '../../kernel-lib/scenario/races.js';
import { seededBugs, soundKernels } from './seeded-bugs.js';

const slow = process.env.FAULTBOOK_SLOW === '1';
const races = Object.keys(soundKernels);
const of = (race: string) => seededBugs.filter((bug) => bug.race === race);

test.each(races)('%s: its promise has at least three lines to break it', (race) => {
  expect(of(race).length).toBeGreaterThanOrEqual(3);
});

test('every race whose promise some kernel keeps has seeded bugs', () => {
  // Of the others there is no line that could be made wrong: READ_ONCE() of two words, and two looks at one low half.
  const unkept = ['pae-torn-pte-low-first', 'pae-torn-pte-high-first', 'pae-torn-pte-same-low'];
  for (const name of unkept) for (const release of ['v6.1', '7.2']) expect(breaks(name, release)).toBe(true);
  const wanted = catalogue.map(({ name }) => name).filter((name) => !unkept.includes(name));
  expect([...races].sort()).toEqual(wanted.sort());
});

function breaks(name: string, release: string): boolean {
  const { arch, breaks } = raceByName(name);
  return breaks({ arch, patched: resolvePatches(release, arch) });
}

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
