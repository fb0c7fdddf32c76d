import { evaluated } from '../base/evaluated.js';
import { ld, ldText, st, stText } from '../step/memory.js';
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

/**
 * Declares a struct type. `u64` fields take two words and hold integers up to 2^53.
 *
 * The accessors are written as text and evaluated: functions of one text share what the compiler learns about their
 * `this`, and of thirty types it learns nothing.
 */
export function struct<const F extends Fields>(name: string, fields: F): StructType<F> {
  const offsets: string[] = [];
  const accessors: string[] = [];
  let words = 0;
  for (const [field, kind] of Object.entries(fields)) {
    offsets.push(`${field}: ${words}`);
    accessors.push(accessor(field, kind, words));
    words += kind === 'u64' ? 2 : 1;
  }
  // Written as a literal: an object that is put together key by key becomes a dictionary.
  const offset = evaluated<StructType<F>['offset']>(`({ ${offsets.join(', ')} })`);
  return { name, fields, words, offset, at: typeOf<Handle<F>>(name, accessors) };
}

/** The function that gives handles of a type, the same one for the same address of a machine. */
function typeOf<H>(name: string, accessors: readonly string[]): (k: Machine, address: number) => H {
  const text = `(() => {
    class ${name} {
      constructor(k, at) { this.k = k; this.at = at; this.slab = k.slab; }
      ${accessors.join('\n')}
    }
    ${name}.prototype.struct = ${name};
    return (k, address) => {
      const known = k.handles[address];
      // The address may have belonged to another type of the same size. Where V8 has met one type alone the question
      // costs nothing; instanceof would look through the prototypes. No field is named so: C reserves the word.
      if (known !== undefined && known.struct === ${name}) return known;
      return k.handles[address] = new ${name}(k, address);
    };
  })()`;
  return evaluated(text, { ld, st });
}

const HIGH = 0x1_0000_0000;

function accessor(field: string, kind: FieldKind, word: number): string {
  // Where a word stands is a small integer: said so, no sum is looked at for being none.
  const at = `(this.at + ${word}) | 0`;
  const low = ldText('this.slab', at);
  const set = `${stText('this.slab', at, 'value | 0')};`;
  if (kind !== 'u64') {
    return `get ${field}() { return ${low}${kind === 'u32' ? ' >>> 0' : ''}; } set ${field}(value) { ${set} }`;
  }
  const high = `(this.at + ${word + 1}) | 0`;
  return `
    get ${field}() { return ${ldText('this.slab', high)} * ${HIGH} + (${low} >>> 0); }
    set ${field}(value) { ${set} ${stText('this.slab', high, `Math.floor(value / ${HIGH})`)}; }`;
}
