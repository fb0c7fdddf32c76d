import { expect, test } from 'vitest';
import { resolvePatches } from '../../kernel-lib/patches/releases.js';
import { odirectSwapout } from '../../kernel-lib/scenario/odirect-swapout.js';

/** The five events of the published test, whole: no other CPU runs in the middle of one. */
const events = ['submit', 'swap out', 'read', 'write', 'complete'] as const;
type Event = (typeof events)[number];

/** Every order in which the device completes what was submitted, and the user writes after reading. */
function orders(rest: readonly Event[] = events): Event[][] {
  if (rest.length === 0) return [[]];
  const all = rest.flatMap((first) =>
    orders(rest.filter((event) => event !== first)).map((tail) => [first, ...tail]),
  );
  const inOrder = (order: Event[], a: Event, b: Event) =>
    !order.includes(a) || !order.includes(b) || order.indexOf(a) < order.indexOf(b);
  return all.filter((order) => inOrder(order, 'submit', 'complete') && inOrder(order, 'read', 'write'));
}

function loses(order: readonly Event[], ids: readonly string[]): boolean {
  const [release, arch] = ['v6.1', 'x86_32_pae'];
  const patched = resolvePatches(release, arch, ids);
  const { threads, broken } = odirectSwapout({
    release,
    arch,
    patched,
    bound: { pages: 1, stores: 1, reads: 1 },
  });
  const [device, swapOut, user] = threads as [(typeof threads)[0], (typeof threads)[0], (typeof threads)[0]];
  const places: Record<Event, [(typeof threads)[0], number, number]> = {
    submit: [device, 0, 1],
    complete: [device, 1, 2],
    'swap out': [swapOut, 0, 3],
    read: [user, 0, 1],
    write: [user, 1, 2],
  };
  for (const event of order) {
    const [thread, from, to] = places[event];
    for (const operation of thread.operations.slice(from, to)) {
      thread.enter?.();
      operation();
    }
  }
  return broken() !== null;
}

test('of the 30 orders of five whole events, 3 lose what the device wrote, and none with the exclusive marker', () => {
  expect(orders()).toHaveLength(30);
  const numbers = (order: Event[]) => order.map((event) => events.indexOf(event) + 1).join('');
  expect(
    orders()
      .filter((order) => loses(order, []))
      .map(numbers)
      .sort(),
  ).toEqual(['12345', '13245', '31245']);
  expect(orders().filter((order) => loses(order, ['93c0eac40d4e']))).toEqual([]);
});
