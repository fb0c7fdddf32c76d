/** What a function of kernel-lib/ cites: a function of the kernel, and the file where that stands. */
export interface Citation {
  readonly file: string;
  readonly name: string;
}

/** By the name of the function here. The build fills it from the comments that cite: build/citations.mjs. */
export const citations: Readonly<Record<string, Citation>> = {};
