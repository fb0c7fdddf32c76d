import { expect, test } from 'vitest';
import { arches, boot, view } from '../../kernel-lib/index.js';

test('every table of a process is shown with what it holds, down to its entries', () => {
  const linux = boot({ release: '6.1', swap: '64MiB' });
  const process = linux.spawn('p');
  const page = process.mmap(3, { prot: 'rw', flags: 'private anon' });
  process.write(page, 1);
  process.read(page + 4096);
  process.write(page + 8192, 2);
  process.madvise(page + 8192, 'MADV_PAGEOUT');
  const { text, html } = view.pageTables(process);
  expect(text.split('\n').slice(2)).toEqual([
    'pgd: 1 of 512 entries used',
    '  entry 0 → pud: 1 of 512 entries used',
    '    entry 0 → pmd: 1 of 512 entries used',
    '      entry 256 → pte: 3 of 512 entries used',
    expect.stringMatching(/^ {8}0: 0x20000000, frame 0x\w+, writable, dirty, young$/),
    '        1: 0x20001000, the zero page, read-only, clean, young',
    expect.stringMatching(/^ {8}2: 0x20002000, swap: area 0, page 0x\w+, exclusive, soft-dirty$/),
  ]);
  expect(html).toContain('<svg');
  expect(html).toContain('swap: area 0');
});

test('a process that has touched nothing has one empty table', () => {
  const { text } = view.pageTables(boot().spawn('fresh'));
  expect(text).toBe('Page tables of fresh: 1 table, 0 entries\n\npgd: 0 of 512 entries used');
});

test('a huge page is an entry one level above the lowest', () => {
  const linux = boot({ release: '6.1', thp: 'always' });
  const process = linux.spawn('p');
  const memory = process.mmap(1024, { prot: 'rw', flags: 'private anon' });
  process.write(memory, 1);
  expect(view.pageTables(process).text).toMatch(
    /pmd: 1 of 512 entries used\n {6}\d+: 0x\w+, huge page, frame/,
  );
});

test('more entries than asked for are counted', () => {
  const linux = boot();
  const process = linux.spawn('p');
  const page = process.mmap(5, { prot: 'rw', flags: 'private anon' });
  for (let i = 0; i < 5; i++) process.write(page + i * 4096, i);
  expect(view.pageTables(process, { limit: 2 }).text).toContain('… and 3 more');
});

test('on every architecture the picture finds the page that was written', () => {
  for (const { id, pageShift } of arches) {
    const process = boot({ release: 'v6.3', arch: id }).spawn('p');
    const page = process.mmap(2);
    process.write(page + 2 ** pageShift, 1);
    expect(view.pageTables(process).text, id).toContain(`0x${(page + 2 ** pageShift).toString(16)}, frame`);
  }
});

test('who has exited has no page tables', () => {
  const process = boot().spawn('gone');
  process.exit();
  expect(() => view.pageTables(process)).toThrow('gone has exited');
});
