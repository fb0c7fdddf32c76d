import { expect, test } from 'vitest';
import { InputError } from '../../kernel-lib/base/error.js';
import { RecordingParser } from '../../kernel-lib/trace/parser.js';

const kernel = { oracle: 1, kernel: 'amd64-6.1', release: '6.1.0-53-amd64', bits: 64, dm: 1 };
const opening = { prog: 'a', hdr: 'prog id=a', objs: [], nops: 2 };
const page = [1, ['PXD', 1, 'umabe', 1]];
const mapping = { r: 0, i: 0, n: 1, pr: 'rw-p', o: 0, fl: 'rd wr', sm: { Rss: 4 }, pg: [page] };
const first = {
  i: 0,
  op: 'mmap 0 0 1 w p anon',
  ret: 0,
  err: 0,
  min: 0,
  maj: 0,
  vm: {},
  S: { 0: [mapping] },
};
const second = { ...first, i: 1, op: 'read 0 0 0', val: 0 };
const closing = { endprog: 'a', bad: 0 };

function read(...lines: readonly unknown[]) {
  const parser = new RecordingParser('file.jsonl');
  const programs = lines.map((line) => parser.push(typeof line === 'string' ? line : JSON.stringify(line)));
  parser.close();
  return programs.filter((program) => program !== undefined);
}

test('a program is handed out when its last line has come', () => {
  const [program, ...others] = read(kernel, opening, first, second, closing);
  expect(others).toEqual([]);
  expect(program).toMatchObject({
    id: 'a',
    nrOperations: 2,
    bad: 0,
    cut: undefined,
    dropped: undefined,
    line: 2,
  });
  expect(program!.operations[1]).toMatchObject({
    val: 0,
    operation: { name: 'read', index: 0 },
    S: { 0: [mapping] },
  });
});

test('a program that two boots ran differently ends where they parted', () => {
  const cut = { i: 1, op: 'reclaim', differs: ['.vm.pswpout'] };
  expect(read(kernel, opening, first, { ...closing, cut })[0]).toMatchObject({ cut, nrOperations: 2 });
});

test('a program in which the guest stopped has no operations', () => {
  const dropped = {
    prog: 'a',
    hdr: 'prog id=a',
    objs: [],
    dropped: 'panic',
    lines: ['prog id=a'],
    console: 'Oops',
  };
  expect(
    read(kernel, dropped, { ...opening, prog: 'b' }, first, second, { ...closing, endprog: 'b' }),
  ).toMatchObject([
    { id: 'a', dropped: 'panic', operations: [] },
    { id: 'b', dropped: undefined },
  ]);
});

test('a value that two boots did not agree on is null', () => {
  const masked = { ...first, S: { 0: [{ ...mapping, sm: { Referenced: null } }] } };
  expect(read(kernel, { ...opening, nops: 1 }, masked, closing)[0]!.operations[0]!.S[0]![0]!.sm).toEqual({
    Referenced: null,
  });
});

const bad = (change: object): unknown[] => [kernel, opening, { ...first, ...change }];
const badMapping = (change: object): unknown[] => bad({ S: { 0: [mapping, { ...mapping, ...change }] } });

test.each<[string, unknown[], string]>([
  ['no line', [], 'file.jsonl:1: the file is empty; the first line must describe the kernel'],
  ['no JSON', [kernel, '{"prog":'], 'file.jsonl:2: not JSON: '],
  ['no object', [kernel, '[1]'], 'file.jsonl:2: each line must be a JSON object'],
  ['another format', [{ ...kernel, oracle: 2 }], 'file.jsonl:1: field oracle: must be one of 1'],
  ['a program first', [opening], 'file.jsonl:1: field oracle: is missing'],
  [
    'a strange line',
    [kernel, {}],
    'file.jsonl:2: the line is of no known kind; allowed: prog, op or endprog',
  ],
  ['a bad header', [kernel, { ...opening, hdr: 'prog id=a swap=x' }], 'file.jsonl:2: field hdr: header'],
  [
    'a field too many',
    bad({ pid: 3 }),
    'file.jsonl:3: field pid: is unknown; allowed: i, op, ret, err, vm, S, sig',
  ],
  ['a field too few', bad({ vm: undefined }), 'file.jsonl:3: field vm: is missing'],
  ['text for a number', bad({ min: '1' }), 'file.jsonl:3: field min: must be integer'],
  [
    'a bad operation',
    bad({ op: 'read 0 0' }),
    'file.jsonl:3: field op: operation "read 0 0": index is missing',
  ],
  ['a bad byte', bad({ vals: [0, 300] }), 'file.jsonl:3: field vals[1]: must be <= 255'],
  ['an unknown signal', bad({ sig: 'KILL' }), 'file.jsonl:3: field sig: must be one of SEGV, BUS'],
  ['bad permissions', badMapping({ pr: 'rw' }), 'file.jsonl:3: field S.0[1].pr: must match pattern'],
  ['no pages', badMapping({ pg: undefined }), 'file.jsonl:3: field S.0[1].pg: is missing'],
  ['a bad run', badMapping({ pg: [[0, ['-']]] }), 'file.jsonl:3: field S.0[1].pg[0][0]: must be >= 1'],
  ['a bad page', badMapping({ pg: [[1, [7]]] }), 'file.jsonl:3: field S.0[1].pg[0][1][0]: must be string'],
  ['a lost operation', [kernel, opening, second], 'file.jsonl:3: field i: is 1; operation 0 is missing'],
  [
    'operations missing',
    [kernel, opening, first, closing],
    'file.jsonl:4: program a: 1 operations recorded, 2 announced',
  ],
  [
    'too many',
    [kernel, { ...opening, nops: 0 }, first],
    'file.jsonl:3: field i: is 0; the program has 0 operations',
  ],
  ['no program', [kernel, first], 'file.jsonl:2: field op: an operation outside a program'],
  [
    'the wrong end',
    [kernel, opening, { ...closing, endprog: 'b' }],
    'file.jsonl:3: field endprog: is b; the open program is a',
  ],
  ['no end', [kernel, opening, first, second], 'file.jsonl:5: the file ends inside program a'],
  [
    'a program in a program',
    [kernel, opening, opening],
    'file.jsonl:3: program a begins before the endprog line of a',
  ],
])('a recording with %s is refused, and file, line and field are named', (_, lines, message) => {
  expect(() => read(...lines)).toThrow(InputError);
  expect(() => read(...lines)).toThrow(message);
});
