/** What has come of an answer: its points, and what the reader learns from it. */
export interface Judgement {
  readonly points: number;
  /** One sentence or two: what the answer did, and what to look at if that is not it. */
  readonly message: string;
}

/**
 * A question at the end of a workbook. Its judge lets the answer act on machines and looks at what happens: two answers
 * that do the same are worth the same, however they are written.
 */
export interface Exercise<Answer> {
  /** The workbook's number and a noun: `01-fork`. */
  readonly id: string;
  /** Full points. */
  readonly points: number;
  /** May throw what the answer throws. */
  readonly judge: (answer: Answer) => Judgement;
}

/** A judgement of no points. */
export function notYet(message: string): Judgement {
  return { points: 0, message };
}
