/** Frames of a large machine, 1 GiB in pages of 4 KiB: whoever boots one touches pages by the hundred thousand. */
const MANY_FRAMES = 2 ** 18;

/** Where the kernel of notebooks installs what makes the JavaScript engine ready for that. */
export const LARGE_MACHINE = Symbol.for('faultbook.largeMachine');

/** Announces a machine of so many frames, before anything runs on it. */
export function announceMachine(nrFrames: number): void {
  const prepare: unknown = nrFrames >= MANY_FRAMES && Reflect.get(globalThis, LARGE_MACHINE);
  if (typeof prepare === 'function') prepare();
}
