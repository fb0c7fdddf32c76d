import { InputError } from './error.js';

/** The error of an argument: who was called, its name, its value and what is allowed. */
export function badArgument(call: string, argument: string, value: unknown, allowed: string): InputError {
  return new InputError(`${call}: ${argument} is ${shown(value)}; allowed: ${allowed}`);
}

/** @throws InputError unless `value` is a whole number from `from` to `to` */
export function checkWhole(
  call: string,
  argument: string,
  value: unknown,
  from: number,
  to = Infinity,
): void {
  if (Number.isSafeInteger(value) && (value as number) >= from && (value as number) <= to) return;
  const allowed = to === Infinity ? `a whole number from ${from}` : `a whole number, ${from} to ${to}`;
  throw badArgument(call, argument, value, allowed);
}

/** @throws InputError unless `value` is a byte */
export function checkByte(call: string, value: unknown): void {
  if (typeof value === 'number' && (value & 0xff) === value) return;
  throw badArgument(call, 'value', value, 'a whole number, 0 to 255');
}

/** @throws InputError unless `value` is an address: what the kernel says of it is the kernel's affair */
export function checkAddress(call: string, value: unknown): void {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return;
  throw badArgument(call, 'address', value, 'a whole number of bytes from 0');
}

/** @throws InputError unless `value` is a string that is not empty */
export function checkName(call: string, argument: string, value: unknown): void {
  if (typeof value !== 'string' || value === '') throw badArgument(call, argument, value, 'a name');
}

/** The value that `name` stands for. @throws InputError naming those that there are */
export function checkOneOf<T>(
  call: string,
  argument: string,
  name: unknown,
  of: Readonly<Record<string, T>>,
): T {
  if (typeof name === 'string' && Object.hasOwn(of, name)) return of[name]!;
  throw badArgument(call, argument, name, Object.keys(of).join(', '));
}

/** @throws InputError for an option that there is not, where a misspelt one would be passed over */
export function checkOptions(call: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw badArgument(call, 'the options', options, `an object with ${known.join(', ')}`);
  }
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new InputError(`${call}: there is no option '${unknown}'; there are ${known.join(', ')}`);
  }
}

/** How many names an error gives where there are many. */
const NAMED = 8;

/**
 * Some of the names that are allowed, where all of them would bury the error: those alike first, if there are any.
 *
 * @param command lists them all
 */
export function someOf(names: readonly string[], alike: (name: string) => boolean, command: string): string {
  const near = names.filter(alike);
  const named = (near.length > 0 ? near : names).slice(0, NAMED);
  const others = names.length - named.length;
  return others === 0
    ? named.join(', ')
    : `${named.join(', ')} and ${others} others, which \`${command}\` lists`;
}

function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  return typeof value === 'bigint' ? `${value}n` : String(value);
}
