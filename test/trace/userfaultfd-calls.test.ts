import { expect, test } from 'vitest';
import { Model } from '../../kernel-lib/trace/model.js';
import { parseOperation } from '../../kernel-lib/trace/operation.js';
import { parseHeader } from '../../kernel-lib/trace/program.js';

test('a second userfaultfd of a process ends what the first had registered', () => {
  const model = new Model({
    release: '6.1',
    arch: 'x86_64',
    program: parseHeader('prog id=two swap=none', []),
  });
  const registered = ['mmap 0 0 2 w p anon', 'uffd 0 0x0', 'ureg 0 0 0 1 w'];
  const partsAfter = (line: string) => {
    expect(model.execute(parseOperation(line))).toMatchObject({ err: 0 });
    return model.snapshot().processes.get(0)!.length;
  };
  expect(registered.map(partsAfter)).toEqual([1, 1, 2]);
  // The other half would still be the first one's, and refused with -EBUSY.
  expect(partsAfter('uffd 0 0x0')).toBe(1);
  expect(partsAfter('ureg 0 0 0 2 w')).toBe(1);
});
