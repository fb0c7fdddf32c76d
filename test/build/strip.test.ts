import { expect, test } from 'vitest';
import { strip } from '../../kernel-lib/build/strip.mjs';

test('stars and yields become spaces, and every other token keeps its line and column', () => {
  const source = [
    'export function* doWpPage(k: Machine): Step<number> {',
    '  yield;',
    '  const pte = yield* ptepGet(k);',
    '  if (k.slow) yield;',
    '  return yield* wpPageCopy(k, (yield* ptepGet(k)) + pte);',
    '}',
  ].join('\n');
  expect(strip(source, 'wp.ts')).toBe(
    [
      'export function  doWpPage(k: Machine): Step<number> {',
      '       ;',
      '  const pte =        ptepGet(k);',
      '  if (k.slow)      ;',
      '  return        wpPageCopy(k, (       ptepGet(k)) + pte);',
      '}',
    ].join('\n'),
  );
});

test('methods are stripped too, and an ordinary iterator inside or beside stays one', () => {
  const source = [
    'const ops = { *fault(k: K): Step<void> { yield; } };',
    'function* lines(): Iterable<string> { yield "a"; yield* rest(); }',
    'function* walk(): Step<void> { function* inner(): Iterable<number> { yield 1; } yield; }',
  ].join('\n');
  expect(strip(source, 'a.ts').split('\n')).toEqual([
    'const ops = {  fault(k: K): Step<void> {      ; } };',
    'function* lines(): Iterable<string> { yield "a"; yield* rest(); }',
    'function  walk(): Step<void> { function* inner(): Iterable<number> { yield 1; }      ; }',
  ]);
});

test('a yield in a comment or a string is left alone', () => {
  const source = 'function* f(): Step<string> {\n  // yield* here\n  return "yield;";\n}';
  expect(strip(source, 'a.ts')).toBe(source.replace('function*', 'function '));
});

test.each([
  ['const v = yield;', 'a bare yield is a statement'],
  ['yield 1;', 'a bare yield is a statement'],
  ['return yield*\n g();', 'yield* and its operand stand on one line'],
])('%j in a Step function is refused with its place', (body, why) => {
  expect(() => strip(`function* f(): Step<void> {\n${body}\n}`, 'mm/a.ts')).toThrow(
    new RegExp(`^mm/a\\.ts:2:\\d+: ${why.replace('*', '\\*')}`),
  );
});
