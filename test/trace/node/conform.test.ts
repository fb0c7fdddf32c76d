import { expect, test } from 'vitest';
import { patchSource } from '../../../kernel-lib/own/own-patch.js';
import { conform } from '../../../kernel-lib/trace/node/conform.js';

const swapTest = { kernel: 'amd64-6.12', program: 'a-vmsplice-swap-dm' };

test('a recorded program agrees on its own release, and differs in one fault on 6.1', async () => {
  expect((await conform(swapTest)).total).toMatchObject({ programs: 1, disagree: 0 });
  const { first } = await conform(swapTest, { release: '6.1' });
  expect(first).toMatchObject([{ line: 'write 0 0 0 34', observable: 'min', expected: 0, got: 1 }]);
});

test('a patch makes up for the release', async () => {
  const backport = { release: '6.1', with: ['c18160dba5ff'] };
  expect((await conform(swapTest, backport)).total.disagree).toBe(0);
});

test('a patch of one’s own is judged by the recordings, and by the invariants if they are asked for', async () => {
  const forked = { kernel: 'amd64-6.12', program: 'd-ropin-anon-fork' };
  const copies = await patchSource(
    'fault/wp.ts',
    'const alone = !PageKsm(k, folio) && (yield* folioRefCount(k, folio)) === 1;',
    'const alone = false;',
  );
  expect((await conform(forked, { own: copies, check: true })).total).toMatchObject({
    failed: 0,
    identical: 0,
  });
  const unmapped = await patchSource(
    'fork/copy-page-range.ts',
    'if (!(yield* pageTryDupAnonRmap(k, page, src))) {',
    'if (false) {',
  );
  expect((await conform(forked, { own: unmapped, check: true })).total.failed).toBeGreaterThan(0);
});

test('an unknown mix, kernel or option names those that there are', async () => {
  await expect(conform({ profile: 'pins' })).rejects.toThrow('no profile "pins" is recorded; known: ');
  await expect(conform({ kernel: 'amd64-5.0' })).rejects.toThrow('known: amd64-6.1, ');
  await expect(conform({}, { patch: '+1' } as object)).rejects.toThrow(
    "there is no option 'patch'; there are release",
  );
});
