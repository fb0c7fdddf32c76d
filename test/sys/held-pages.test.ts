import { expect, test } from 'vitest';
import { boot } from '../../kernel-lib/sys/boot.js';

function spliced(release: string) {
  const linux = boot({ release, arch: 'x86_32_pae', swap: '64MiB' });
  const victim = linux.spawn('victim');
  const page = victim.mmap(1, { prot: 'rw', flags: 'private anon' });
  victim.write(page, 0x41);
  const pipe = victim.vmsplice(page);
  victim.madvise(page, 'MADV_PAGEOUT');
  victim.read(page);
  victim.write(page, 0x42);
  return { linux, victim, page, pipe };
}

test('without the exclusive marker, COW replaces a page that a pipe holds and that came back from swap', () => {
  const { pipe } = spliced('6.1');
  expect([pipe.peek(), pipe.read()]).toEqual([0x41, 0x41]);
});

test('with the series, the process still writes to the page in the pipe', () => {
  expect(spliced('6.5').pipe.read()).toBe(0x42);
});

test('an empty pipe says so', () => {
  const { pipe } = spliced('6.5');
  pipe.read();
  expect(() => pipe.read()).toThrow('the pipe is empty: every page in it has been read');
});

test('a device that pinned for reading sees later writes where the pin was unshared first', () => {
  const seen = ['v6.1', 'v6.2'].map((release) => {
    const process = boot({ release }).spawn('p');
    const page = process.mmap(1);
    process.read(page);
    const pin = process.pin(page);
    process.write(page, 9);
    return pin.read();
  });
  expect(seen).toEqual([0, 9]);
});

test('what a device writes, the process reads', () => {
  const process = boot().spawn('p');
  const page = process.mmap(2);
  const pin = process.pin(page, 2, { write: true });
  pin.write(7, 1);
  expect(process.read(page + 4096)).toBe(7);
});

test('pages beyond the pin and pins that were released are refused', () => {
  const process = boot().spawn('p');
  const pin = process.pin(process.mmap(2), 2);
  expect(() => pin.read(2)).toThrow('pin: index is 2; allowed: a whole number, 0 to 1');
  pin.release();
  expect(() => pin.read()).toThrow('the pin was released');
});

test('an address without a mapping cannot be given to a pipe or a device', () => {
  const process = boot().spawn('p');
  expect(() => process.vmsplice(0x1000)).toThrow('p: vmsplice fails with EFAULT');
  expect(() => process.pin(0x1000)).toThrow('p: pin fails with EFAULT');
});
