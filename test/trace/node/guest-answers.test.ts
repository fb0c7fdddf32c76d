import { expect, test } from 'vitest';
import {
  AnswerReader,
  type GuestAnswer,
  type GuestMapping,
} from '../../../kernel-lib/trace/node/guest-answers.js';
import { GuestReader } from '../../../kernel-lib/trace/node/record.js';
import { readPrograms } from '../../../kernel-lib/trace/node/recordable.js';

const [program] = readPrograms('mine', 'prog id=p swap=none\nread 0 0 0\nfork 0 1\nend');

const mapping = (pg: GuestMapping['pg']): GuestMapping => ({
  ...{ start: '21003000', end: '21005000', pr: 'rw-s', off: '1000', fl: 'rd wr sh rr sd ' },
  ...{ sm: { Size: 8, Referenced: 4, Rss: 8 }, pg },
});

const answer = (i: number, pg: GuestMapping['pg'], vm: GuestAnswer['vm'] = {}): GuestAnswer => ({
  ...{ i, ret: 0, err: 0, vm },
  S: { '0': [mapping(pg)] },
});

const read = (release: string, pg: GuestMapping['pg']): unknown =>
  new AnswerReader(program!, { release }).read(answer(0, pg)).S['0']![0]!.pg;

test('a mapping is told by region and page, with those flags and figures that recordings have', () => {
  const { op, S } = new AnswerReader(program!, { release: '6.1.0' }).read(answer(0, [[2, '0']]));
  expect(op).toBe('read 0 0 0');
  expect(S['0']![0]).toEqual({
    ...{ r: 1, i: 3, n: 2, pr: 'rw-s', o: 1, fl: 'rd wr sh sd' },
    ...{ sm: { Rss: 8, Referenced: 4 }, pg: [[2, ['-']]] },
  });
});

test('present pages with consecutive frames are one run, named from 1', () => {
  expect(read('6.1.0', [[2, '8180000000002f9e', '400005828', 1, 1]])).toEqual([
    [2, ['PXD', 1, 'umabe', 1], 1],
  ]);
});

test('the zero page has no number, and bit 34 says exclusive of anonymous pages alone', () => {
  const runs = [
    [1, '8000000000000005', '1000000', 0, 0],
    [1, 'a100000000000006', '400000828', 1, 0],
  ] as const;
  expect(read('6.1.0', runs)).toEqual([
    [1, ['P', 'Z', 'z', 0]],
    [1, ['PFX', 1, 'um', 1]],
  ]);
});

test('what is no swap entry depends on the release: v6.2 made a marker of the swap-in error', () => {
  const runs = [
    [1, (0x4000000000000000n | 31n).toString(16)],
    [1, (0x4000000000000000n | 30n | (1n << 5n)).toString(16)],
  ] as const;
  expect(read('6.1.0', runs)).toEqual([
    [1, ['S', 'E']],
    [1, ['S', 'M1']],
  ]);
  const marker = [[2, (0x4000000000000000n | 31n | (2n << 5n)).toString(16)]] as const;
  expect(read('6.12.3', marker)).toEqual([[2, ['S', 'M2']]]);
});

test('a page keeps its number from answer to answer, and a fork says nothing of the unevictable', () => {
  const reader = new AnswerReader(program!, { release: '6.1.0' });
  const pages = [[2, '8180000000002f9e', '400005828', 1, 1]] as const;
  reader.read(answer(0, pages));
  const { vm, S } = reader.read(answer(1, pages, { unevictable_pgs_culled: 9, pswpin: 1, pgfault: 3 }));
  expect(S['0']![0]!.pg).toEqual([[2, ['PXD', 1, 'umabe', 1], 1]]);
  expect(vm).toEqual({ pswpin: 1 });
});

test('a guest that stops in a program drops it and what it had said of it', () => {
  const outcomes = new Map();
  const ended: string[] = [];
  const reader = new GuestReader([program!], (id) => ended.push(id), outcomes);
  reader.push('{"release":"6.1.0","machine":"x86_64"}');
  reader.push('{"prog":"p"}');
  reader.push(JSON.stringify(answer(0, [[2, '0']])));
  expect(reader.stop('the guest ended', 'kernel BUG')).toBe('p');
  expect(outcomes.get('p')).toEqual({ dropped: 'the guest ended', console: 'kernel BUG' });
  expect(ended).toEqual(['p']);
});

test('a guest that cannot go on says why', () => {
  const reader = new GuestReader([program!], () => {}, new Map());
  expect(() => reader.push('{"failed":"/dev/ram0: No such file or directory"}')).toThrow(
    'the guest gave up: /dev/ram0: No such file or directory',
  );
});
