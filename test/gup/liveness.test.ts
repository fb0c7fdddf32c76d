import { expect, test } from 'vitest';
import { patchSource } from '../../kernel-lib/own/own-patch.js';
import { runScenario } from '../../kernel-lib/scenario/run.js';

const LOOPS = 'BUG: GUP would loop for ever: its faults change nothing';

test('a read-only long-term pin of the zero page never ends where unshare faults leave it alone', async () => {
  const own = await patchSource('fault/wp.ts', '!k.patched.unshareAnyCow', 'true');
  expect(runScenario('longterm-pin-zeropage', { release: 'v6.2', own }).verdict).toBe(LOOPS);
  expect(runScenario('longterm-pin-file', { release: 'v6.2', own }).verdict).toBe(LOOPS);
});

test('pins end on a kernel that does not ask for that', async () => {
  const own = await patchSource('fault/wp.ts', '!k.patched.unshareAnyCow', 'true');
  expect(runScenario('longterm-pin-zeropage', { release: 'v6.1', own }).verdict).toMatch(/^FAIL/);
});

test('a machine with 84209e87c696 but without 8d6a0ac09a16 is refused, with that reason', () => {
  expect(() => runScenario('longterm-pin-zeropage', { release: 'v6.1', with: ['84209e87c696'] })).toThrow(
    /84209e87c696 needs 8d6a0ac09a16: .*GUP loops for ever/,
  );
});
