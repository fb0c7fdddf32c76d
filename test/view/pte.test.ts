import { expect, test } from 'vitest';
import { runScenario } from '../../kernel-lib/scenario/run.js';
import { boot } from '../../kernel-lib/sys/boot.js';
import { faults, pte } from '../../kernel-lib/view/view.js';

test('an entry shows its raw value, its meaning and its fields, present and swapped out', () => {
  const process = boot({ release: '6.5', arch: 'x86_32_pae', swap: '1MiB' }).spawn('p');
  const page = process.mmap(1);
  expect(pte(process, page).text).toMatch(/^0x0: empty\n/);
  process.write(page, 1);
  expect(pte(process, page).text).toMatch(/^0x[0-9a-f]+: present: writable, dirty, young; frame /);
  process.madvise(page, 'MADV_PAGEOUT');
  const { text } = pte(process, page);
  expect(text).toMatch(/^0x[0-9a-f]+: swap: area 0, page 0x1, exclusive\n/);
  expect(text).toContain('exclusive = 1');
});

test('faults are counted by process and by what they were', () => {
  const linux = boot({ swap: '1MiB' });
  const [first, second] = [linux.spawn('first'), linux.spawn('second')];
  const page = first.mmap(1);
  first.read(page);
  first.write(page, 1);
  expect(() => second.read(0x1000)).toThrow('SIGSEGV');
  second.write(second.mmap(1), 1);
  const figure = faults(linux.events);
  expect(figure.title).toBe('3 faults');
  expect(figure.toString()).toMatch(/read +write\n.*\npid \d+ +1 +1\npid \d+ +0? +1/);
});

test('a marker is called one in the numbering of the machine’s own release', () => {
  const marked = ['v6.1', 'v6.2'].map((release) => {
    const steps = runScenario('marker-dontneed', { release }).steps;
    return steps.find(({ op }) => op.endsWith('DONTNEED'))!.pages[0]!.text;
  });
  expect(marked).toEqual(Array(2).fill('marker: write-protected by userfaultfd'));
});
