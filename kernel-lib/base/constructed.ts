import { evaluated } from './evaluated.js';

type Maker = new (from: object) => object;

/** By the names of the fields: records of the same fields, in the same order, are of one form to V8. */
const makers = new Map<string, Maker>();

/**
 * The same record with all its fields in the object itself, as a constructor that names them leaves it. Of a record that
 * was put together by `...` or key by key V8 keeps most fields in a second object: every access would pay for that.
 */
export function constructed<T extends object>(record: T): T {
  const names = Object.keys(record);
  const key = names.join(' ');
  const made = makers.get(key) ?? maker(names);
  makers.set(key, made);
  return new made(record) as T;
}

function maker(names: readonly string[]): Maker {
  const assignments = names.map((name) => `this.${name} = from.${name};`).join(' ');
  return evaluated<Maker>(`class { constructor(from) { ${assignments} } }`);
}
