import { expect, test } from 'vitest';
import { Model } from '../../kernel-lib/trace/model.js';
import { parseOperation } from '../../kernel-lib/trace/operation.js';
import { parseHeader } from '../../kernel-lib/trace/program.js';

function run(lines: readonly string[]) {
  const program = parseHeader('prog id=probe swap=dm vfio=1', []);
  const model = new Model({ release: 'v6.1', arch: 'x86_64', program });
  return lines.map((line) => model.execute(parseOperation(line)));
}

const fill = ['mmap 0 0 1 w p anon', 'write 0 0 0 7'];

test('a driver reads and writes the page that it holds, until it lets go', () => {
  const [, , gup, read, write, through, put, gone] = run([
    ...[...fill, 'gup 0 0 0 1 3 get,write', 'pinread 3 0', 'pinwrite 3 0 9', 'read 0 0 0'],
    ...['unpin 3', 'pinread 3 0'],
  ]);
  expect(gup).toMatchObject({ ret: 0 });
  expect(read).toMatchObject({ ret: 1, val: 7 });
  expect(write).toMatchObject({ ret: 1 });
  expect(through).toMatchObject({ val: 9 });
  expect(put).toMatchObject({ ret: 1 });
  expect(gone).toMatchObject({ ret: -1, err: 9 });
});

test('pages that cannot all be had are not held at all', () => {
  const [, , gup] = run([...fill, 'gup 0 0 0 2 3 pin']);
  expect(gup).toMatchObject({ ret: -1, err: 14 });
});

test('a fault from inside the kernel gives VM_FAULT_* bits', () => {
  const [, fault] = run(['mmap 0 0 1 r p anon', 'fault 0 0 0 write']);
  expect(fault).toMatchObject({ ret: 0, err: 0 });
});

test('a page that a slow device still writes stays in the swap cache', () => {
  const [, , , , fast] = run([...fill, 'slowswap 1', 'madvise 0 0 0 1 PAGEOUT', 'read 0 0 0']);
  expect(fast).toMatchObject({ min: 1, maj: 0 });
  const [, , , slow] = run([...fill, 'madvise 0 0 0 1 PAGEOUT', 'read 0 0 0']);
  expect(slow).toMatchObject({ min: 0, maj: 1 });
});

test('a flag that there is not is refused with those that there are', () => {
  expect(() => parseOperation('gup 0 0 0 1 0 pin,often')).toThrow(
    /gupFlags is "pin,often"; allowed: some of get, pin, write, force, longterm, fast/,
  );
});
