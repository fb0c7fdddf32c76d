import { expect, test } from 'vitest';
import { callSitesOf } from '../../kernel-lib/build/call-sites.mjs';

const source = `
export function* install(k, ptep) {
  if (k) yield* setPteAt(k, ptep, 1);
  else yield* setPteAt(k, ptep, 2);
}
function* setHugePteAt(k, ptep, pte) {
  yield* setPteAt(k, ptep, pte);
}
const remove = function* removeLeaf(k) {
  for (const at of places) yield* setPmdAt(k, at, 0);
};
// setPteAt(k, 0, 0)
`;

test('every function that stores an entry is a path, once; a setter that calls a setter is none', () => {
  expect(callSitesOf('huge/made-up.ts', source)).toEqual([
    { file: 'huge/made-up', name: 'install', setter: 'setPteAt' },
    { file: 'huge/made-up', name: 'removeLeaf', setter: 'setPmdAt' },
  ]);
});

test('what stages kernel code is no path', () => {
  expect(callSitesOf('scenario/made-up.ts', source)).toEqual([]);
});
