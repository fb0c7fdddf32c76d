import { ld, st } from '../step/memory.js';
import type { Machine } from './machine.js';

/**
 * Kernel objects live in the machine's slab, an Int32Array, so that a run can be hashed and undone. A struct type
 * is declared once as a table of fields; `at(k, address)` gives a handle that reads and writes through ld and st.
 *
 * MODEL: address 0 is NULL.
 */
export type FieldKind = 'i32' | 'u32' | 'u64';
type Fields = Record<string, FieldKind>;

/** A handle on one object. Handles hold no state of their own: two handles on one address are the same object. */
export type Handle<F extends Fields> = { readonly k: Machine; readonly at: number } & {
  -readonly [N in keyof F]: number;
};

export interface StructType<F extends Fields> {
  readonly name: string;
  readonly fields: F;
  /** Size in 32-bit words. */
  readonly words: number;
  /** Word offset of each field. */
  readonly offset: { readonly [N in keyof F]: number };
  /** The object at `address`, which must not be NULL. */
  at(k: Machine, address: number): Handle<F>;
}

/** Declares a struct type. `u64` fields take two words and hold integers up to 2^53. */
export function struct<const F extends Fields>(name: string, fields: F): StructType<F> {
  const offset: Record<string, number> = {};
  let words = 0;
  class Object32 {
    readonly k: Machine;
    readonly at: number;
    constructor(k: Machine, at: number) {
      this.k = k;
      this.at = at;
    }
  }
  for (const [field, kind] of Object.entries(fields)) {
    offset[field] = words;
    Object.defineProperty(Object32.prototype, field, accessor(kind, words));
    words += kind === 'u64' ? 2 : 1;
  }
  return {
    name,
    fields,
    words,
    offset: offset as StructType<F>['offset'],
    at(k, address) {
      const known = k.handles[address];
      // The address may have belonged to another type of the same size.
      if (known instanceof Object32) return known as unknown as Handle<F>;
      const made = new Object32(k, address);
      k.handles[address] = made;
      return made as unknown as Handle<F>;
    },
  };
}

function accessor(kind: FieldKind, word: number): PropertyDescriptor & ThisType<{ k: Machine; at: number }> {
  if (kind === 'u64') {
    return {
      get() {
        return ld(this.k.slab, this.at + word + 1) * 0x1_0000_0000 + (ld(this.k.slab, this.at + word) >>> 0);
      },
      set(value: number) {
        st(this.k.slab, this.at + word, value | 0);
        st(this.k.slab, this.at + word + 1, Math.floor(value / 0x1_0000_0000));
      },
    };
  }
  if (kind === 'u32') {
    return {
      get() {
        return ld(this.k.slab, this.at + word) >>> 0;
      },
      set(value: number) {
        st(this.k.slab, this.at + word, value | 0);
      },
    };
  }
  return {
    get() {
      return ld(this.k.slab, this.at + word);
    },
    set(value: number) {
      st(this.k.slab, this.at + word, value);
    },
  };
}
