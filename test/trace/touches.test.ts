import { expect, test } from 'vitest';
import { recordings } from '../../kernel-lib/trace/node/recordings.js';
import { programTouches } from '../../kernel-lib/trace/touches.js';

async function recorded(id: string) {
  const { kernel, release, arch } = recordings.manifest().find((entry) => entry.kernel === 'amd64-6.1')!;
  return programTouches({ kernel, release, arch }, await recordings.program(kernel, id));
}

test('a touch tells what the page table held before it', async () => {
  const seen = await recorded('a-vmsplice-swap-dm');
  expect(seen.map(({ access, held, min }) => [access, held, min])).toEqual([
    ['write', 'nothing', 1],
    ['read', 'a swap entry', 1],
    ['write', 'an exclusive anonymous page', 1],
    ['read', 'an exclusive anonymous page', 0],
    ['read', 'an exclusive anonymous page', 0],
  ]);
  expect(seen.every(({ anonymous }) => anonymous)).toBe(true);
});

test('a fork makes the anonymous pages of both processes perhaps shared', async () => {
  const [first] = (await recorded('a-vmsplice-swap-fork')).filter(({ held }) => held.includes('shared'));
  expect(first).toMatchObject({ anonymous: true, program: 'a-vmsplice-swap-fork' });
});

test('a page of an object is not anonymous', async () => {
  const objects = (await recorded('f-dontneed-marker-shmem')).filter(
    ({ held }) => held === 'a page of an object',
  );
  expect(objects.length).toBeGreaterThan(0);
  expect(objects.every(({ anonymous }) => !anonymous)).toBe(true);
});
