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
 * @param why what was promised, as one clause; words that have to be put together cost time even if all is well: then
 *   throw by yourself
 * @throws VmBug
 */
export function vmBugOn(cond: boolean, why: string): void {
  if (cond) throw new VmBug(why);
}
