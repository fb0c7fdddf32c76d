import { expect, test } from 'vitest';
import { Model } from '../../kernel-lib/trace/model.js';
import { parseOperation } from '../../kernel-lib/trace/operation.js';
import { parseHeader } from '../../kernel-lib/trace/program.js';

function last(swap: string, lines: readonly string[]) {
  const program = parseHeader(`prog id=devices swap=${swap}`, []);
  const model = new Model({ release: '6.1', arch: 'x86_64', program });
  return lines.map((line) => model.execute(parseOperation(line))).at(-1);
}

test('swap goes on again after it went off, but not on a machine without the device', () => {
  expect(last('dm', ['swapoff', 'swapon'])).toMatchObject({ ret: 0 });
  expect(last('none', ['swapon'])).toMatchObject({ ret: -1, err: 22 });
});

test('only the device mapper can be told to fail', () => {
  expect(last('dm', ['swaperr 1'])).toMatchObject({ ret: 0 });
  expect(last('brd', ['swaperr 1'])).toMatchObject({ ret: -1, err: 22 });
});
