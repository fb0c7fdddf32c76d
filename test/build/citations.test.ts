import { expect, test } from 'vitest';
import { citationsOf, remarksOf } from '../../kernel-lib/build/citations.mjs';

const text = `
/**
 * Keeps a page.
 *
 * @kernel mm/memory.c wp_page_reuse v6.2
 * @differs no memory cgroup,
 *   no NUMA
 * @returns 0
 */
export function* wpPageReuse(): Step<number> {}

/** @kernel mm/memory.c do_wp_page v6.2 */
function* doWpPage() {}

/** What is kept. MODEL: one word for each. */
const kept = 1;
`;

test('a citation has its place, the function below it and what differs, on one line', () => {
  expect(citationsOf('fault/wp.ts', text)).toEqual([
    {
      source: 'fault/wp.ts',
      line: 2,
      file: 'mm/memory.c',
      name: 'wp_page_reuse',
      release: 'v6.2',
      declared: 'wpPageReuse',
      differs: 'no memory cgroup, no NUMA',
    },
    expect.objectContaining({ line: 12, name: 'do_wp_page', declared: 'doWpPage', differs: null }),
  ]);
});

test('what Linux does not have is a remark', () => {
  expect(remarksOf('fault/wp.ts', text)).toEqual([
    { source: 'fault/wp.ts', line: 15, text: 'one word for each.' },
  ]);
});
