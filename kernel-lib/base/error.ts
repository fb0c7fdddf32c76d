/**
 * Bad input from a person: a wrong argument, file or command line. The message is one line that says what was
 * wrong, where, and what is allowed; the command line prints it and exits with 2.
 */
export class InputError extends Error {
  override readonly name = 'InputError';
}

/** A broken promise inside the model: never the user's fault. The kernel's `VM_BUG_ON`. */
export class VmBug extends Error {
  override readonly name = 'VmBug';
}

/**
 * Stops the machine when `cond` holds.
 *
 * @param why what was promised, as one clause; where it names numbers, throw a vmBug
 * @throws VmBug
 */
export function vmBugOn(cond: boolean, why: string): void {
  if (cond) throw new VmBug(why);
}

/**
 * What is thrown where a promise is broken and the words name numbers: ``throw vmBug`frame ${pfn} is free` ``. A template
 * alone would cost time even if all is well: V8 makes text of its numbers before it asks whether anybody throws.
 */
export function vmBug(words: TemplateStringsArray, ...values: readonly (string | number)[]): VmBug {
  return new VmBug(String.raw({ raw: words }, ...values));
}
