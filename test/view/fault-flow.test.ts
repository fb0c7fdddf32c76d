import { expect, test } from 'vitest';
import { type Linux, boot, view } from '../../kernel-lib/index.js';

const SIZE = 4096;

/** The rows of the diagram's text: access, handler, end, faults. */
function flows(linux: Linux): string[][] {
  const rows = view.faultFlow(linux).text.split('\n\n')[1]!.split('\n').slice(2);
  return rows.map((row) => row.trim().split(/ {2,}/));
}

test('anonymous memory: the zero page, new pages, copies and reuse, as many as the counters say', () => {
  const linux = boot({ release: '6.1' });
  const parent = linux.spawn('parent');
  const page = parent.mmap(2, { prot: 'rw', flags: 'private anon' });
  parent.read(page);
  parent.write(page, 1);
  parent.write(page + SIZE, 1);
  const child = parent.fork('child');
  child.write(page, 2);
  parent.write(page, 3);
  expect(flows(linux)).toEqual([
    ['read', 'do_anonymous_page', 'the zero page', '1'],
    ['write', 'do_wp_page', 'a copy', '2'],
    ['write', 'do_anonymous_page', 'a new page', '1'],
    ['write', 'do_wp_page', 'reused in place', '1'],
  ]);
  expect(linux.vmstat).toMatchObject({ pgfault: 5, pgreuse: 1 });
  expect(view.faultFlow(linux).html).toContain('do_wp_page 3');
});

test('a page comes back from swap by a read', () => {
  const linux = boot({ release: '6.1', swap: '64MiB' });
  const process = linux.spawn('p');
  const page = process.mmap(1, { prot: 'rw', flags: 'private anon' });
  process.write(page, 1);
  process.madvise(page, 'MADV_PAGEOUT');
  process.read(page);
  expect(flows(linux).at(-1)).toEqual(['read', 'do_swap_page', 'read from swap', '1']);
  expect(linux.vmstat['pgmajfault']).toBe(1);
});

test('a write to a page that was shared when it went to swap brings it back and copies it, in one fault', () => {
  const linux = boot({ release: '6.1', swap: '64MiB' });
  const parent = linux.spawn('parent');
  const page = parent.mmap(1, { prot: 'rw', flags: 'private anon' });
  parent.write(page, 1);
  const child = parent.fork('child');
  // The first round only takes note of who was young.
  for (let round = 0; round < 3; round++) linux.reclaim(1);
  child.write(page, 2);
  expect(flows(linux).at(-1)).toEqual(['write', 'do_swap_page', 'read, then a copy', '1']);
  expect(parent.read(page)).toBe(1);
});

test('files: mapped for reading, shared for writing, copied', () => {
  const linux = boot({ release: '6.1' });
  const process = linux.spawn('p');
  const file = linux.diskFile('f', { pages: 4 });
  const shared = process.mmap(4, { file, flags: 'shared' });
  const own = process.mmap(4, { file, flags: 'private' });
  process.write(shared + SIZE, 1);
  process.write(own + SIZE, 1);
  process.read(shared);
  const handlers = flows(linux).map(([, handler, end]) => `${handler}: ${end}`);
  expect(handlers).toContain('do_read_fault: the file’s page');
  expect(handlers).toContain('do_shared_fault: the file’s page');
  expect(handlers).toContain('do_cow_fault: a copy');
});

test('a store that userfaultfd watches is shown to its monitor', () => {
  const linux = boot({ release: '6.1' });
  const process = linux.spawn('p');
  const page = process.mmap(1, { prot: 'rw', flags: 'private anon' });
  process.userfaultfd().register(page, 1, 'missing');
  process.read(page);
  expect(flows(linux)).toEqual([
    ['read', 'do_anonymous_page', 'asked a monitor', '1'],
    ['read', 'handle_mm_fault', 'already in place', '1'],
  ]);
});

test('huge pages have functions of their own', () => {
  const linux = boot({ release: '6.1', thp: 'always', hugepages: 2 });
  const process = linux.spawn('p');
  process.write(process.mmap(1024, { prot: 'rw', flags: 'private anon' }), 1);
  process.write(process.mmap(512, { prot: 'rw', flags: 'private anon hugetlb' }), 1);
  expect(flows(linux)).toEqual([
    ['write', 'create_huge_pmd', 'a huge page', '1'],
    ['write', 'hugetlb_fault', 'a huge page', '1'],
  ]);
});

test('before the first fault there is nothing to draw', () => {
  expect(view.faultFlow(boot()).html).toContain('No fault yet.');
});

test('what is no machine is refused', () => {
  expect(() => view.faultFlow({} as Linux)).toThrow('a machine, as boot() gives');
});
