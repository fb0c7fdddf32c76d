import { expect, test } from 'vitest';
import { InputError } from '../../../kernel-lib/base/error.js';
import { guestText, readPrograms } from '../../../kernel-lib/trace/node/recordable.js';

const program = (...lines: string[]): string => ['prog id=p swap=none', ...lines, 'end'].join('\n');
const refused =
  (text: string): (() => unknown) =>
  () =>
    readPrograms('mine', text);

test('programs are read from text, comments and empty lines left out', () => {
  const text = `# mine\n${program('obj 0 memfd 2', 'mmap 0 0 2 w s o0', '', '# a store', 'write 0 0 0 17')}\n`;
  const [read, ...more] = readPrograms('mine', text);
  expect(more).toEqual([]);
  expect(read).toMatchObject({ id: 'p', hdr: 'prog id=p swap=none', objs: ['obj 0 memfd 2'] });
  expect(read!.ops).toEqual(['mmap 0 0 2 w s o0', 'write 0 0 0 17']);
});

test('the guest gets the words of the header in their order, and advices by number', () => {
  const text = program('mmap 0 0 1 w p anon', 'madvise 0 0 0 1 PAGEOUT');
  expect(guestText(readPrograms('mine', text))).toBe(
    'prog p none never copy\nmmap 0 0 1 w p anon\nmadvise 0 0 0 1 21\nend\n',
  );
});

test.each([
  [
    'an operation',
    program('lpin 0 0 0 1 0'),
    /^mine:1: the recorder does not know 'lpin' yet: .*known: mmap, /,
  ],
  ['a probe', program('fill 0 0 0 1 1'), /does not know 'fill' yet/],
  ['an advice', program('madvise 0 0 0 1 POPULATE'), /does not know the advice 'POPULATE'.*known: NORMAL, /],
  [
    'an object',
    program('obj 0 hugetlb 2'),
    /does not know 'hugetlb' objects yet, program p; known: memfd, tmpfs/,
  ],
  ['VFIO', 'prog id=p vfio=1\nend', /does not know 'vfio=1' yet, program p/],
])('%s that the recorder does not know is refused by name', (_what, text, message) => {
  expect(refused(text)).toThrow(InputError);
  expect(refused(text)).toThrow(message);
});

test.each([
  ['an operation outside', 'read 0 0 0', /^mine:1: "read 0 0 0" stands outside a program/],
  ['no end', 'prog id=p\nread 0 0 0', /^mine:1: this program has no end/],
  ['a program in a program', 'prog id=p\nprog id=q', /^mine:2: .* inside the program of line 1/],
  ['an id twice', `${program()}\n${program()}`, /two programs have the id "p"/],
  ['no program', '# nothing', /no program/],
  ['a pipe too many', program('pipepeek 16'), /pipe 16; the recorder has pipes 0 to 15/],
  ['an object that nobody made', program('oread 0 0'), /no obj line makes object 0/],
])('a file with %s is refused in one line', (_what, text, message) => {
  expect(refused(text)).toThrow(message);
});
