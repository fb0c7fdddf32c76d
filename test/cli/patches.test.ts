import { expect, test } from 'vitest';
import { patches } from '../../kernel-lib/patches/catalogue.js';
import { faultbook } from './faultbook.js';

test('every patch has a line, with the release that first had it', async () => {
  const { code, stdout } = await faultbook(['patches'], '.');
  expect(code).toBe(0);
  expect(stdout.trimEnd().split('\n')).toHaveLength(patches.length);
  expect(stdout).toMatch(/^cdc5021cda19 +v6\.2-rc1 +UNSHARE outside COW mappings/m);
});

test('a release has some of the patches and lacks others', async () => {
  const { stdout } = await faultbook(
    ['patches', 'UNSHARE', 'consistency', '--release', '6.1', '--json'],
    '.',
  );
  expect(JSON.parse(stdout)).toMatchObject({ patches: [{ id: 'cdc5021cda19', has: false }] });
  const later = await faultbook(['patches', 'sanitize', '--release', '6.12'], '.');
  expect(later.stdout).toMatch(/^\+ cdc5021cda19 .*\n\+ 79881fed6052 /);
});

test('the command that a patch names shows what the patch does', async () => {
  const told = await faultbook(['patches', '8d6a0ac'], '.');
  const [, command] = /^seen by: faultbook (.*)$/m.exec(told.stdout)!;
  const shown = await faultbook(command!.split(' '), '.');
  expect(shown).toMatchObject({ code: 0, stderr: '' });
  expect(shown.stdout).toMatch(/^\+8d6a0ac09a16 /m);
});

test('a patch that decides a race names the race, and one that shows nowhere says why', async () => {
  const { stdout } = await faultbook(['patches', '57efa1fe5957'], '.');
  expect(stdout).toMatch(/^seen by: faultbook explore gup-fast-fork$/m);
  const rework = await faultbook(['patches', 'b9086fde6d44'], '.');
  expect(rework.stdout).toMatch(/^seen by: a rework/m);
});

test('words that no patch has are refused', async () => {
  const { code, stdout, stderr } = await faultbook(['patches', 'pdp11'], '.');
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(/no patch has 'pdp11' .*; `faultbook patches` lists all \d+\n$/);
});
