import type { Mem } from './mem.js';

/** The same memory, telling of every word before it is stored. MODEL: for onlookers; kernel code cannot tell. */
export function observedMem(mem: Mem, note: (word: number, value: number) => void): Mem {
  return new Proxy(mem, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      // Methods of typed arrays want the array itself.
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
    set(target, name, value) {
      note(Number(name), value as number);
      return Reflect.set(target, name, value, target);
    },
  });
}
