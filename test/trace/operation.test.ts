import { expect, test } from 'vitest';
import { InputError } from '../../kernel-lib/base/error.js';
import { parseOperation } from '../../kernel-lib/trace/operation.js';

test('a store names its process, region, page and byte', () => {
  expect(parseOperation('write 0 3 1 17')).toEqual({
    ...{ name: 'write', process: 0, region: 3, index: 1, value: 17 },
    line: 'write 0 3 1 17',
  });
});

test('a mapping of an object starts at offset 0 unless the line says otherwise', () => {
  expect(parseOperation('mmap 0 2 8 w s o1')).toMatchObject({ source: { object: 1 }, offset: 0 });
  expect(parseOperation('mmap 0 2 8 w s o1 3')).toMatchObject({ source: { object: 1 }, offset: 3 });
  expect(parseOperation('mmap 0 2 8 n p anon')).toMatchObject({ source: 'anon', prot: 'n', visibility: 'p' });
});

test('last words that may be missing become yes or no', () => {
  expect(parseOperation('mremap 3 7 7 6 5 0 dontunmap')).toMatchObject({ toRegion: 5, dontunmap: true });
  expect(parseOperation('mremap 3 7 7 6 5 0')).toMatchObject({ dontunmap: false });
  expect(parseOperation('ucopy 0 5 0 6 wp')).toMatchObject({ value: 6, wp: true });
  expect(parseOperation('uwp 0 0 0 8 1')).toMatchObject({ protect: true });
  expect(parseOperation('uffd 0 0xa006')).toMatchObject({ features: 0xa006 });
});

test.each([
  ['poke 0 0', /no operation is called "poke"; known: mmap, munmap/],
  ['write 0 0 0', /value is missing; allowed: an integer from 0 to 255/],
  ['write 0 0 0 256', /value is "256"; allowed: an integer from 0 to 255/],
  ['read 8 0 0', /process is "8"; allowed: an integer from 0 to 7/],
  ['read 0 12 0', /region is "12"; allowed: an integer from 0 to 11/],
  ['read 0 0 32768', /index is "32768"; allowed: an integer from 0 to 32767/],
  ['read 0 0 -1', /index is "-1"/],
  ['read  0 0 0', /process is ""/],
  ['swapoff now', /"now" is one word too many for swapoff/],
  ['mmap 0 0 4 x p anon', /prot is "x"; allowed: n or r or w/],
  ['mmap 0 0 4 w p file', /source is "file"; allowed: anon, zero or oK/],
  ['ucopy 0 0 0 1 ro', /wp is "ro"; allowed: wp or nothing/],
  ['toString', /no operation is called "toString"/],
])('the line "%s" is refused with what is allowed', (line, message) => {
  expect(() => parseOperation(line)).toThrow(message);
  expect(() => parseOperation(line)).toThrow(InputError);
});
