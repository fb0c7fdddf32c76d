import { expect, test } from 'vitest';
import type { FaultEvent, FaultFunction } from '../../kernel-lib/machine/machine.js';
import { FaultLog } from '../../kernel-lib/sys/fault-log.js';

const ways: readonly (readonly FaultFunction[])[] = [
  [],
  ['do_anonymous_page'],
  ['do_wp_page', 'wp_page_copy'],
];

/** Faults at addresses of up to 53 bits, more of them than one part of the log holds. */
function someFaults(count: number): FaultEvent[] {
  return Array.from({ length: count }, (_, i) => ({
    pid: 1 + (i % 3),
    address: i * 0x1_8000_1000,
    flags: i & 0xfff,
    result: i & 0xf00,
    major: i % 5 === 0,
    way: ways[i % ways.length]!,
  }));
}

test('faults come out of the log as they went in, oldest first', () => {
  const faults = someFaults(5000);
  const log = new FaultLog();
  faults.forEach((fault) => log.note(fault));
  expect(log.events).toEqual(faults);
});

test('a list of faults that was asked for before is brought up to date, not replaced', () => {
  const faults = someFaults(600);
  const log = new FaultLog();
  faults.slice(0, 300).forEach((fault) => log.note(fault));
  const before = log.events;
  const [first] = before;
  faults.slice(300).forEach((fault) => log.note(fault));
  expect(log.events).toBe(before);
  expect(before[0]).toBe(first);
  expect(before).toEqual(faults);
});
