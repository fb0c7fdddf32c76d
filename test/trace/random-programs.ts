import fc from 'fast-check';

const oneOf = <const T>(...values: readonly T[]) => fc.constantFrom(...values);
const process = fc.nat(2);
const region = fc.nat(2);
const index = fc.nat(3);
const number = fc.nat(1);
const nrPages = fc.integer({ min: 1, max: 3 });
const value = fc.integer({ min: 1, max: 9 });
const prot = oneOf('n', 'r', 'w', 'w');
/** Private and shared, anonymous and of two objects, which other mappings and processes may map too. */
const mapped = fc.oneof(
  { weight: 2, arbitrary: oneOf('p anon', 'p zero') },
  { weight: 2, arbitrary: oneOf('s anon', 's zero') },
  { weight: 2, arbitrary: oneOf('p o0', 's o0', 'p o1 1', 's o1', 's o1 1') },
);
const object = fc.nat(1);
const advice = oneOf('DONTNEED', 'PAGEOUT', 'PAGEOUT', 'FREE', 'COLD', 'WILLNEED', 'REMOVE');

/** A line of the recordings' notation. */
function line(name: string, ...words: readonly fc.Arbitrary<string | number>[]): fc.Arbitrary<string> {
  return fc.tuple(...words).map((values) => [name, ...values].join(' ').trimEnd());
}

const place = [process, region, index] as const;
const range = [...place, nrPages] as const;

const mmap = line('mmap', process, region, fc.constant(4), fc.constant('w'), mapped);

const operation = fc.oneof(
  { weight: 2, arbitrary: line('mmap', process, region, nrPages, prot, mapped) },
  { weight: 1, arbitrary: line('munmap', ...range) },
  { weight: 2, arbitrary: line('mprotect', ...range, prot) },
  { weight: 6, arbitrary: line('write', ...place, value) },
  { weight: 4, arbitrary: line('read', ...place) },
  { weight: 2, arbitrary: line('readall', ...range) },
  { weight: 3, arbitrary: line('fork', process, process) },
  { weight: 1, arbitrary: line('exit', process) },
  { weight: 4, arbitrary: line('madvise', ...range, advice) },
  { weight: 1, arbitrary: line('mremap', ...place, fc.constant(1), region, index, oneOf('', 'dontunmap')) },
  { weight: 1, arbitrary: line('mlock', ...range) },
  { weight: 1, arbitrary: line('munlock', ...range) },
  { weight: 2, arbitrary: line('vmsplice', ...range, number) },
  { weight: 1, arbitrary: line('pipepeek', number) },
  { weight: 1, arbitrary: line('piperead', number) },
  { weight: 2, arbitrary: line('ioreg', ...range, number) },
  { weight: 1, arbitrary: line('iounreg', number) },
  { weight: 2, arbitrary: line('ioread', number, number) },
  { weight: 2, arbitrary: line('iowrite', number, number, value) },
  { weight: 1, arbitrary: line('lpin', ...range, number) },
  { weight: 1, arbitrary: line('pvread', process, ...place) },
  { weight: 1, arbitrary: line('memwrite', process, ...place, value) },
  { weight: 1, arbitrary: line('odwrite', ...place) },
  { weight: 1, arbitrary: line('odread', ...place, value) },
  { weight: 2, arbitrary: line('owrite', object, index, value) },
  { weight: 2, arbitrary: line('oread', object, index) },
  { weight: 1, arbitrary: line('opunch', object, index, nrPages) },
  { weight: 1, arbitrary: line('otrunc', object, fc.nat(4)) },
  { weight: 1, arbitrary: line('reclaim') },
  { weight: 1, arbitrary: line('dropcaches') },
  { weight: 1, arbitrary: line('swapoff') },
  { weight: 1, arbitrary: line('swapon') },
);

/** Programs: a header, mappings to begin with, and operations. */
export const program: fc.Arbitrary<string[]> = fc
  .tuple(
    oneOf('dm', 'brd', 'none'),
    fc.array(mmap, { maxLength: 3 }),
    fc.array(operation, { maxLength: 40, size: 'max' }),
  )
  .map(([swap, mappings, operations]) => [
    `prog id=random swap=${swap}`,
    'obj 0 memfd 4',
    'obj 1 tmpfs 3',
    ...mappings,
    ...operations,
  ]);

/** Programs on private memory in huge pages, of which each has `nr` small ones: they go by its quarters. */
export function hugeProgram(nr: number): fc.Arbitrary<string[]> {
  const quarter = nr / 4;
  const at = [process, region, index.map((n) => n * quarter)] as const;
  const quarters = [...at, fc.integer({ min: 1, max: 4 }).map((n) => n * quarter)] as const;
  const map = line('mmap', process, region, fc.constant(2 * nr), fc.constant('w'), fc.constant('p anon'));
  const operations = fc.oneof(
    { weight: 2, arbitrary: map },
    { weight: 1, arbitrary: line('munmap', ...quarters) },
    { weight: 2, arbitrary: line('mprotect', ...quarters, prot) },
    { weight: 6, arbitrary: line('write', ...at, value) },
    { weight: 4, arbitrary: line('read', ...at) },
    { weight: 3, arbitrary: line('fork', process, process) },
    { weight: 1, arbitrary: line('exit', process) },
    {
      weight: 4,
      arbitrary: line('madvise', ...quarters, oneOf('DONTNEED', 'PAGEOUT', 'FREE', 'COLD', 'COLLAPSE')),
    },
    { weight: 1, arbitrary: line('mlock', ...quarters) },
    { weight: 1, arbitrary: line('munlock', ...quarters) },
    { weight: 2, arbitrary: line('vmsplice', ...at, nrPages, number) },
    { weight: 1, arbitrary: line('piperead', number) },
    { weight: 2, arbitrary: line('ioreg', ...at, nrPages, number) },
    { weight: 1, arbitrary: line('iounreg', number) },
    { weight: 2, arbitrary: line('ioread', number, number) },
    { weight: 2, arbitrary: line('iowrite', number, number, value) },
    { weight: 1, arbitrary: line('lpin', ...at, nrPages, number) },
    { weight: 1, arbitrary: line('reclaim') },
    { weight: 1, arbitrary: line('swapoff') },
    { weight: 1, arbitrary: line('swapon') },
  );
  return fc
    .tuple(oneOf('dm', 'brd'), map, fc.array(operations, { maxLength: 40, size: 'max' }))
    .map(([swap, first, rest]) => [`prog id=random swap=${swap} thp=always`, first, ...rest]);
}
