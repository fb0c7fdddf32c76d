import fc from 'fast-check';

const oneOf = <const T>(...values: readonly T[]) => fc.constantFrom(...values);
const process = fc.nat(2);
const region = fc.nat(2);
const index = fc.nat(3);
const nrPages = fc.integer({ min: 1, max: 3 });
const value = fc.integer({ min: 1, max: 9 });
const prot = oneOf('n', 'r', 'w', 'w');
const source = oneOf('anon', 'zero');
const advice = oneOf('DONTNEED', 'PAGEOUT', 'PAGEOUT', 'PAGEOUT');

/** A line of the recordings' notation. */
function line(name: string, ...words: readonly fc.Arbitrary<string | number>[]): fc.Arbitrary<string> {
  return fc.tuple(...words).map((values) => [name, ...values].join(' '));
}

const place = [process, region, index] as const;
const range = [...place, nrPages] as const;

const mmap = line('mmap', process, region, fc.constant(4), fc.constant('w'), fc.constant('p'), source);

const operation = fc.oneof(
  { weight: 2, arbitrary: line('mmap', process, region, nrPages, prot, fc.constant('p'), source) },
  { weight: 1, arbitrary: line('munmap', ...range) },
  { weight: 2, arbitrary: line('mprotect', ...range, prot) },
  { weight: 6, arbitrary: line('write', ...place, value) },
  { weight: 4, arbitrary: line('read', ...place) },
  { weight: 2, arbitrary: line('readall', ...range) },
  { weight: 3, arbitrary: line('fork', process, process) },
  { weight: 1, arbitrary: line('exit', process) },
  { weight: 4, arbitrary: line('madvise', ...range, advice) },
);

/** Programs: a header, mappings to begin with, and operations. */
export const program: fc.Arbitrary<string[]> = fc
  .tuple(
    oneOf('dm', 'brd', 'none'),
    fc.array(mmap, { maxLength: 3 }),
    fc.array(operation, { maxLength: 40, size: 'max' }),
  )
  .map(([swap, mappings, operations]) => [`prog id=random swap=${swap}`, ...mappings, ...operations]);
