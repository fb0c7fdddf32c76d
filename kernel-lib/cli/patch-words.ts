import { InputError } from '../base/error.js';

/** Patches to add and to take away. */
export interface PatchWords {
  readonly with: readonly string[];
  readonly without: readonly string[];
}

/**
 * Reads `+8d6a0ac09a16,-93c0eac40d4e`: commits to add and to take away.
 *
 * @param option from which they come
 * @throws InputError for a word that begins with neither sign
 */
export function parsePatchWords(text: string, option: string): PatchWords {
  const words = text.split(',').filter((word) => word !== '');
  const wrong = words.find((word) => !/^[+-]./.test(word));
  if (wrong !== undefined) {
    throw new InputError(
      `${option}: "${wrong}" is no change; allowed: +COMMIT to add and -COMMIT to take away, joined by commas`,
    );
  }
  const those = (sign: string): string[] =>
    words.filter((word) => word.startsWith(sign)).map((word) => word.slice(1));
  return { with: those('+'), without: those('-') };
}

/** What `--with`, `--without` and `--patch` say together. */
export function patchOptions(options: {
  readonly with?: readonly string[];
  readonly without?: readonly string[];
  readonly patch?: string;
}): PatchWords {
  const words = parsePatchWords(options.patch ?? '', '--patch');
  return {
    with: [...(options.with ?? []), ...words.with],
    without: [...(options.without ?? []), ...words.without],
  };
}
