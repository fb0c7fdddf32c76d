import { inspect, type InspectOptions } from 'node:util';

/**
 * Keeps Node's own bookkeeping out of printed values: the asynchronous context in promises, clock times and identities
 * in timers. They say nothing to a reader and differ from run to run.
 */
export function installInspection(): void {
  definePrinting(Promise.prototype, printWithoutSymbols);
  const timeout = setTimeout(() => {});
  clearTimeout(timeout);
  const immediate = setImmediate(() => {});
  clearImmediate(immediate);
  definePrinting(Object.getPrototypeOf(timeout) as object, () => 'Timeout {}');
  definePrinting(Object.getPrototypeOf(immediate) as object, () => 'Immediate {}');
}

type Printing = (this: object, depth: number, options: InspectOptions) => string;

function definePrinting(prototype: object, value: Printing): void {
  Object.defineProperty(prototype, inspect.custom, { value, configurable: true, writable: true });
}

/** Prints as Node does, with the object's symbols out of the way meanwhile. */
function printWithoutSymbols(this: object, _depth: number, options: InspectOptions): string {
  const hidden = Object.getOwnPropertySymbols(this).map(
    (key) => [key, Reflect.get(this, key) as unknown] as const,
  );
  for (const [key] of hidden) Reflect.deleteProperty(this, key);
  // An own property, so that printing does not come back here.
  Object.defineProperty(this, inspect.custom, { value: undefined, configurable: true });
  try {
    return inspect(this, options);
  } finally {
    Reflect.deleteProperty(this, inspect.custom);
    for (const [key, value] of hidden) Reflect.set(this, key, value);
  }
}
