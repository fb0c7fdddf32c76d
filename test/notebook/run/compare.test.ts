import { expect, test } from 'vitest';
import type { Output } from '../../../kernel-lib/notebook/nbformat.js';
import { firstDifference } from '../../../kernel-lib/notebook/run/compare.js';
import { code, notebook } from '../notebook.js';

/** A notebook whose second code cell printed these lines. */
function printed(...lines: string[]): ReturnType<typeof notebook> {
  const outputs: Output[] = [{ output_type: 'stream', name: 'stdout', text: lines.join('\n') }];
  return notebook(code('1'), { ...code('2'), outputs });
}

test('the first line that differs is named with its cell, counted from 1', () => {
  expect(firstDifference(printed('a', 'b', 'c'), printed('a', 'x', 'y'))).toEqual({
    cell: 2,
    committed: 'b',
    fresh: 'x',
  });
});

test('a line that is missing on either side differs', () => {
  expect(firstDifference(printed('a'), printed('a', 'b'))).toEqual({
    cell: 2,
    committed: undefined,
    fresh: 'b',
  });
  expect(firstDifference(printed('a', 'b'), printed('a'))).toEqual({
    cell: 2,
    committed: 'b',
    fresh: undefined,
  });
});

test('equal outputs do not differ, whatever pictures go with them', () => {
  const shown = (svg: string) => ({ 'text/plain': 'a figure', 'image/svg+xml': svg });
  const withPicture = (svg: string) =>
    notebook({
      ...code('1'),
      outputs: [{ output_type: 'display_data', data: shown(svg), metadata: {} }],
    });
  expect(firstDifference(withPicture('<svg/>'), withPicture('<svg> </svg>'))).toBeUndefined();
});
