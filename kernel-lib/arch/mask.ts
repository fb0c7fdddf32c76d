import { type Words, maskOf, parseSlices, toWords } from '../base/bitfield.js';
import { vmBug } from '../base/error.js';
import { type Arch, type Mask } from './arch.js';

/** Reads masks by the flag names of one architecture. */
export interface MaskReader {
  value(mask: Mask): bigint;
  words(mask: Mask): Words;
}

/**
 * @throws VmBug (from the reader) on a name that the record does not declare, or that is defined by itself
 */
export function maskReader(arch: Pick<Arch, 'id' | 'pteBits' | 'bits' | 'masks' | 'pgprots'>): MaskReader {
  const known = new Map<string, bigint>();
  const open = new Set<string>();

  function named(name: string): bigint {
    const seen = known.get(name);
    if (seen !== undefined) return seen;
    const bit = arch.bits[name];
    const mask = arch.masks[name] ?? arch.pgprots[name];
    if (bit === undefined && (mask === undefined || open.has(name))) {
      throw vmBug`${arch.id}: '${name}' is ${open.has(name) ? 'defined by itself' : 'no flag'}`;
    }
    open.add(name);
    const found = bit ? maskOf(parseSlices(String(bit[0]))) : value(mask!);
    open.delete(name);
    known.set(name, found);
    return found;
  }

  function term(text: string): bigint {
    if (/^(0x[0-9a-f]+|\d+)$/i.test(text)) return BigInt(text);
    if (text.startsWith('[')) return maskOf(parseSlices(text.slice(1, -1)));
    return named(text);
  }

  function value(mask: Mask): bigint {
    const [, not, terms] = /^(~?)\(?(.*?)\)?$/.exec(mask)!;
    const bits = terms!.split('|').reduce((sum, text) => sum | term(text.trim()), 0n);
    return BigInt.asUintN(arch.pteBits, not ? ~bits : bits);
  }

  return { value, words: (mask) => toWords(value(mask)) };
}
