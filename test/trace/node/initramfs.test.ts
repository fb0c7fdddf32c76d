import { expect, test } from 'vitest';
import { initramfs } from '../../../kernel-lib/trace/node/initramfs.js';

/** Path, mode and content of each entry, as the kernel's unpacker walks them. */
function entries(archive: Buffer): [path: string, mode: string, content: string][] {
  const found: [string, string, string][] = [];
  for (let at = 0; at < archive.length;) {
    expect(archive.toString('latin1', at, at + 6)).toBe('070701');
    const field = (n: number): number =>
      parseInt(archive.toString('latin1', at + 6 + 8 * n, at + 14 + 8 * n), 16);
    const [size, nameSize] = [field(6), field(11)];
    const content = (at + 110 + nameSize + 3) & ~3;
    const name = archive.toString('latin1', at + 110, at + 110 + nameSize - 1);
    found.push([name, field(1).toString(8), archive.toString('latin1', content, content + size)]);
    at = (content + size + 3) & ~3;
  }
  return found;
}

test('an initramfs holds its files behind the folders that they lie in, and ends with a trailer', () => {
  const archive = initramfs([
    { path: 'init', content: Buffer.from('#!'), executable: true },
    { path: 'modules/brd.ko', content: Buffer.from('module') },
  ]);
  expect(entries(archive)).toEqual([
    ['modules', '40755', ''],
    ['init', '100755', '#!'],
    ['modules/brd.ko', '100644', 'module'],
    ['TRAILER!!!', '0', ''],
  ]);
});

test('equal files give equal bytes', () => {
  const files = [{ path: 'a/b', content: Buffer.from('x') }];
  expect(initramfs(files)).toEqual(initramfs(files));
});
