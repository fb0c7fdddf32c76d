import type { Arch } from '../arch/arch.js';
import { InputError } from '../base/error.js';

/**
 * The values in what people paste: `pte:80000001234567e7 pmd:…` (of which only the pte counts), or numbers.
 *
 * @throws InputError on anything else
 */
export function parseValues(text: string): bigint[] {
  const labelled = [...text.matchAll(/\bpte:\s*(?:0x)?([0-9a-f]{1,16})\b/gi)].map((match) => match[1]!);
  const words = labelled.length > 0 ? labelled : text.split(/[\s,;]+/).filter((word) => word !== '');
  return words.map((word) => {
    const digits = /^(?:0x)?([0-9a-f]{1,16})$/i.exec(word)?.[1];
    if (digits === undefined) {
      throw new InputError(
        `'${word}' is no page-table entry; allowed are 1 to 16 hexadecimal digits (80000001234567e7, 0x67), ` +
          'pte:80000001234567e7, and a line "BUG: Bad page map in process … pte:… pmd:…"',
      );
    }
    return BigInt(`0x${digits}`);
  });
}

/** @throws InputError when the value is wider than the architecture's entries */
export function checkFits({ id, pteBits }: Pick<Arch, 'id' | 'pteBits'>, value: bigint): void {
  if (value >> BigInt(pteBits) === 0n) return;
  throw new InputError(`0x${value.toString(16)} has more than the ${pteBits} bits of an entry of ${id}`);
}
