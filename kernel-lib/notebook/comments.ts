import { readFileSync } from 'node:fs';

/** A piece of the model that stands for something in Linux. */
export interface Citation {
  /** Path below kernel-lib/, and the line of the comment. */
  readonly source: string;
  readonly line: number;
  /** File of Linux, a name in it, and the version or commit that was read. */
  readonly file: string;
  readonly name: string;
  readonly release: string;
  /** The model's function, if it is one. */
  readonly declared: string | null;
  /** What the model leaves out or does otherwise; null where nothing is known. */
  readonly differs: string | null;
}

/** Something in the model that Linux does not have. */
export interface Remark {
  readonly source: string;
  readonly line: number;
  readonly text: string;
}

/** What the model's sources say about Linux, as the build collected it, in the order of their paths. */
export interface Comments {
  readonly citations: readonly Citation[];
  readonly remarks: readonly Remark[];
}

/** Written by the build; the same file for the sources and for dist/. */
const COLLECTED = new URL('../../dist/comments.json', import.meta.url);

/** Reads what the build has collected. Nothing is read before the first call. */
export function modelComments(): Comments {
  return JSON.parse(readFileSync(COLLECTED, 'utf8')) as Comments;
}
