import { expect, test } from 'vitest';
import { runScenario } from '../../kernel-lib/scenario/run.js';

const FOLLOWS_CHILD = '49d6d7fb6313';
const ERRORS_SURVIVE = '7e3ce3f8d2d2';
const SWAP_MARKERS = '15520a3f0469';

const verdictOf = (name: string, release: string, ...added: string[]): string =>
  runScenario(name, { release, with: added }).verdict;

test('fork with stray markers warns on v6.1, and no more with 49d6d7fb6313', () => {
  const { steps } = runScenario('marker-fork', { release: 'v6.1' });
  expect(steps.flatMap(({ warnings = [] }) => warnings)).toEqual([
    'copy_nonpresent_pte: a child without userfaultfd write-protection gets a marker',
  ]);
  expect(verdictOf('marker-fork', 'v6.1', FOLLOWS_CHILD)).toMatch(/^no warning/);
});

test.each([
  ['a swap error of its own type', 'v6.1', [], 'no warning; gets SIGBUS'],
  ['a marker that fork warns of', 'v6.2-rc1', [], 'a warning; gets SIGBUS'],
  ['a marker that fork drops', 'v6.2-rc1', [FOLLOWS_CHILD], 'no warning; reads 0x0'],
  ['a marker that fork spares', 'v6.2-rc1', [FOLLOWS_CHILD, ERRORS_SURVIVE], 'no warning; gets SIGBUS'],
  ['the marker of v6.2', 'v6.2', [], 'no warning; gets SIGBUS'],
  ['v6.1 with all three', 'v6.1', [SWAP_MARKERS, FOLLOWS_CHILD, ERRORS_SURVIVE], 'no warning; gets SIGBUS'],
])('a child whose parent lost a page to %s', (_, release, added, verdict) => {
  expect(verdictOf('swap-error-child', release, ...added)).toBe(verdict);
});

test('a child that lost the error of a private copy sees the file behind it', () => {
  expect(verdictOf('swap-error-child-file', 'v6.2-rc1', FOLLOWS_CHILD)).toBe('no warning; reads 0x9');
});

test('7e3ce3f8d2d2 without the marker that it repairs is refused', () => {
  expect(() => verdictOf('swap-error-child', 'v6.1', ERRORS_SURVIVE)).toThrow(SWAP_MARKERS);
});
