import { expect, test } from 'vitest';
import { boot } from '../../kernel-lib/sys/boot.js';

test('a fault names the functions that it went through, first to last', () => {
  const linux = boot();
  const p = linux.spawn('p');
  const page = p.mmap(1);
  p.write(page, 1);
  p.fork('child').write(page, 2);
  expect(linux.events.map(({ way }) => way)).toEqual([['do_anonymous_page'], ['do_wp_page', 'wp_page_copy']]);
});

test('faults that went the same way share one list, which nobody can change', () => {
  const linux = boot();
  const p = linux.spawn('p');
  const page = p.mmap(2);
  p.write(page, 1);
  p.write(page + 4096, 1);
  const [first, second] = linux.events.map(({ way }) => way);
  expect(second).toBe(first);
  expect(() => (first as string[]).push('do_wp_page')).toThrow(TypeError);
});
