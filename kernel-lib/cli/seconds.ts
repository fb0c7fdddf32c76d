import { InputError } from '../base/error.js';

/** The value of `--timeout`. */
export function seconds(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 86_400)) {
    throw new InputError(
      `--timeout ${text}: not a number of seconds; allowed are numbers above 0, up to 86400`,
    );
  }
  return value;
}
