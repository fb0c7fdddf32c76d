import { expect, test } from 'vitest';
import { resolvePatches } from '../../kernel-lib/patches/releases.js';
import { thpSplitOrders } from '../../kernel-lib/patches/thp-split-order.js';
import { thpSplitOrderOptions, variantsOf } from '../../kernel-lib/patches/variants.js';

const orderIn = (release: string, added: readonly string[] = [], taken: readonly string[] = []) =>
  variantsOf(resolvePatches(release, 'x86_64', added, taken)).thpSplitOrder.name;

test.each([
  ['v6.1', 'clean again'],
  ['6.1', 'clean again'],
  ['v6.2-rc1', 'protected last'],
  ['v6.2', 'protected last'],
  ['v6.3', 'protected last'],
  ['6.5', 'writable if written'],
  ['6.12', 'writable if written'],
  ['7.2', 'writable if written'],
])('the split of a huge page in %s builds its entries in the order "%s"', (release, name) => {
  expect(orderIn(release)).toBe(name);
});

test('every release can be put into every order', () => {
  for (const release of ['v6.1', 'v6.2', '7.2']) {
    for (const order of thpSplitOrders) {
      const { with: added, without: taken } = thpSplitOrderOptions(order);
      expect(orderIn(release, added, taken)).toBe(order.name);
    }
  }
});

test('without any of its patches the order is the one that was before them', () => {
  expect(orderIn('v6.1', [], ['0ccf7f168e17', '624a2c94f5b7'])).toBe('clean');
  expect(orderIn('v6.1', [], ['624a2c94f5b7'])).toBe('dirty last');
});
