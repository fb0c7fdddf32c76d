import { afterEach, expect, test, vi } from 'vitest';
import { display, Table } from '../../kernel-lib/index.js';

const hook = Symbol.for('faultbook.display');

afterEach(() => {
  Reflect.deleteProperty(globalThis, hook);
  vi.restoreAllMocks();
});

test('display hands the object to the kernel that is there', () => {
  const shown: unknown[] = [];
  Reflect.set(globalThis, hook, (value: unknown) => shown.push(value));
  const table = new Table({ columns: ['a'], rows: [] });
  display(table);
  expect(shown).toEqual([table]);
});

test('display prints the text form where there is no kernel', () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  display(new Table({ columns: ['pfn'], rows: [[7]] }));
  display(42);
  expect(log.mock.calls).toEqual([['pfn\n---\n  7'], [42]]);
});
