import { describe, expect, test } from 'vitest';
import { boot } from '../../kernel-lib/sys/boot.js';

describe('the smallest machine', () => {
  test('a first write to anonymous memory is one minor fault and a page of its own', () => {
    const linux = boot({ release: '6.1', arch: 'x86_64' });
    const p = linux.spawn('p');
    const page = p.mmap(1, { prot: 'rw', flags: 'private anon' });
    p.write(page, 0x41);
    expect(p.read(page)).toBe(0x41);
    expect(p.faults).toEqual({ min: 1, maj: 0 });
    expect(linux.vmstat.pgfault).toBe(1);
    expect(p.mm.rssAnon).toBe(1);
  });

  test('a first read maps the zero page, the write behind it takes a second fault', () => {
    const linux = boot({ release: '6.12', arch: 'x86_32_pae' });
    const p = linux.spawn('p');
    const page = p.mmap(1);
    expect(p.read(page)).toBe(0);
    expect(p.mm.rssAnon).toBe(0);
    p.write(page, 7);
    expect(p.faults).toEqual({ min: 2, maj: 0 });
    expect(p.mm.rssAnon).toBe(1);
  });

  test('after fork the first writer copies, and the last owner reuses', () => {
    const linux = boot({ release: '6.1', arch: 'x86_32' });
    const parent = linux.spawn('parent');
    const page = parent.mmap(1);
    parent.write(page, 1);
    const child = parent.fork('child');
    child.write(page, 2);
    expect([parent.read(page), child.read(page)]).toEqual([1, 2]);
    expect(linux.vmstat.pgreuse).toBe(0);
    parent.write(page, 3);
    expect(linux.vmstat.pgreuse).toBe(1);
    expect([parent.read(page), child.read(page)]).toEqual([3, 2]);
  });

  test('memory costs nothing before it is touched: a machine of 256 GiB faults like any other', () => {
    const linux = boot({ memory: '256GiB' });
    const p = linux.spawn('p');
    const page = p.mmap(2);
    p.write(page, 1);
    expect(linux.machine.nrFrames).toBe(2 ** 26);
    expect(linux.machine.globals.nrUsedFrames).toBe(1);
    expect(p.faults).toEqual({ min: 1, maj: 0 });
  });

  test('when everybody has exited no frame and no page table is left', () => {
    const linux = boot();
    const parent = linux.spawn('parent');
    const page = parent.mmap(40);
    for (let i = 0; i < 40; i++) parent.write(page + i * 4096, i);
    const child = parent.fork('child');
    for (let i = 0; i < 20; i++) child.write(page + i * 4096, i);
    parent.exit();
    child.exit();
    const { globals } = linux.machine;
    // Pages that are still queued for the LRU keep a reference until their batch is drained.
    expect(globals.nrUsedFrames).toBeLessThan(16);
    expect(globals.nrTables).toBe(0);
  });

  test('an unknown release is refused by name', () => {
    expect(() => boot({ release: '5.4' })).toThrow(/no release '5.4'; there are v6.1,/);
  });

  test('84209e87c696 without 8d6a0ac09a16 is refused with the reason', () => {
    expect(() => boot({ release: 'v6.1', with: ['84209e87c696'] })).toThrow(
      /needs 8d6a0ac09a16: .* loops for ever/,
    );
  });
});
