import { expect, test } from 'vitest';
import { joinLines } from '../../../kernel-lib/notebook/nbformat.js';
import { checkParameters, withParameters } from '../../../kernel-lib/notebook/run/parameters.js';
import { code, notebook } from '../notebook.js';

const defaults = `const release: string = '6.1'; // of the machine
let pages = 4, quick = true;
const options = { arch: 'x86_64' };`;
const asked = notebook('1', code(defaults, ['parameters']), 'release');

/** The source of every cell after values were given. */
function cellsWith(values: Record<string, string>, from = asked): string[] {
  return withParameters('w.ipynb', from, new Map(Object.entries(values))).cells.map((cell) =>
    joinLines(cell.source),
  );
}

test('values go into a cell behind the defaults, each of the kind of its default', () => {
  expect(cellsWith({ release: '6.12', pages: '64', quick: 'false' })).toEqual([
    '1',
    defaults,
    'const release: string = "6.12";\nlet pages = 64;\nlet quick = false;',
    'release',
  ]);
});

test('values of an earlier run are replaced, and a notebook without these parameters stays as it is', () => {
  const once = withParameters('w.ipynb', asked, new Map([['pages', '8']]));
  expect(cellsWith({ pages: '16' }, once)).toEqual(['1', defaults, 'let pages = 16;', 'release']);
  expect(withParameters('w.ipynb', asked, new Map([['other', '1']]))).toBe(asked);
});

test('a value of another kind and a parameter that nobody has are refused with what is allowed', () => {
  expect(() => cellsWith({ pages: 'many' })).toThrow(
    "w.ipynb: parameter pages: 'many' is not a number; the default is 4",
  );
  expect(() => cellsWith({ quick: '1' })).toThrow(/is not true or false/);
  expect(() => checkParameters([asked], new Map([['arch', 'arm']]))).toThrow(
    'parameter arch: no such parameter; allowed: pages, quick, release',
  );
  expect(() => checkParameters([notebook('1')], new Map([['arch', 'arm']]))).toThrow(
    /these notebooks have none/,
  );
});
