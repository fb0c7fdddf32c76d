/** A source that a machine is made of. */
export interface Source {
  readonly text: string;
  /** The same as a CommonJS module, without types. */
  readonly script: string;
}

/** By path below kernel-lib/. The build fills it: build/sources.mjs. */
export const sources: Readonly<Record<string, Source>> = {};
