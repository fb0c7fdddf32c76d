/** What a function of kernel-lib/ cites: a function of the kernel, and the file where that stands. */
export interface Citation {
  readonly file: string;
  readonly name: string;
}

/** By file and name of the function here, `zap/zap:zapPteRange`. The build fills it from the comments that cite: build/citations.mjs. */
export const citations: Readonly<Record<string, Citation | undefined>> = {};
