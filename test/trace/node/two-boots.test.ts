import { expect, test } from 'vitest';
import type { OperationLine } from '../../../kernel-lib/trace/node/guest-answers.js';
import { agreedProgram } from '../../../kernel-lib/trace/node/two-boots.js';

function line(i: number, vm: OperationLine['vm'], referenced: number, val = 0): OperationLine {
  const sm: Record<string, number> = referenced === 0 ? { Rss: 4 } : { Rss: 4, Referenced: referenced };
  const mapping = { r: 0, i: 0, n: 1, pr: 'rw-p', o: 0, fl: 'rd wr', sm, pg: [[1, ['D']]] } as const;
  return { i, op: 'read 0 0 0', ret: 0, err: 0, val, vm, S: { '0': [mapping] } };
}

const booted = (...operations: OperationLine[]) => ({ operations, bad: 0 as const });

test('two boots that saw the same agree on all', () => {
  const both = booted(line(0, {}, 4), line(1, { pswpin: 1 }, 4));
  expect(agreedProgram(both, both)).toEqual(both);
});

test('counters and Referenced that differ become null, listed by their paths', () => {
  const agreed = agreedProgram(booted(line(0, { pswpin: 1 }, 4)), booted(line(0, { pswpout: 2 }, 0)));
  expect(agreed.cut).toBeUndefined();
  const [operation] = agreed.operations;
  expect(operation!.vm).toEqual({ pswpin: null, pswpout: null });
  expect(operation!.S['0']![0]!.sm).toEqual({ Rss: 4, Referenced: null });
  expect(operation!.masked).toEqual(['.vm.pswpin', '.vm.pswpout', '.S.0[0].sm.Referenced']);
});

test('any other difference ends the program there', () => {
  const agreed = agreedProgram(
    booted(line(0, {}, 4), line(1, {}, 4, 1)),
    booted(line(0, {}, 4), line(1, {}, 4, 2)),
  );
  expect(agreed.operations).toHaveLength(1);
  expect(agreed.cut).toEqual({ i: 1, op: 'read 0 0 0', differs: ['.val'] });
});

test('a boot that ended earlier cuts the program where it ended', () => {
  const agreed = agreedProgram(booted(line(0, {}, 4), line(1, {}, 4)), {
    ...booted(line(0, {}, 4)),
    bad: -1,
  });
  expect(agreed).toMatchObject({ bad: 0, cut: { i: 1, differs: ['.i'] } });
});
