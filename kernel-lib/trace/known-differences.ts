/** A program in which the model is known not to do as the kernel did. */
export interface KnownDifference {
  /** Short name of the kernel, `amd64-6.1`. */
  readonly kernel: string;
  readonly program: string;
  /** Index of the first operation after which something differs. */
  readonly op: number;
  /** What the model lacks, or what nobody knows yet. */
  readonly cause: string;
}

/** Every recorded program that does not agree in everything, and why; all others do. */
export const knownDifferences: readonly KnownDifference[] = [
  {
    kernel: 'amd64-7.2',
    program: 'train-103-2-swap',
    op: 24,
    cause:
      'a clean page of the swap cache went at operation 20 that the model keeps active; all agrees if the timer goes off between operations 15 and 20',
  },
  {
    kernel: 'amd64-7.2',
    program: 'x-thp-split',
    op: 5,
    cause:
      'smaps calls pages of the child referenced that nobody has touched: on this kernel alone Referenced may differ from boot to boot (175 of 24,542 recorded values, elsewhere none of 156,286), and here two boots happened to agree. The model has no DAMON_STAT (369c415e6073, v6.17), which samples pages in the background and notes them as young',
  },
  {
    kernel: 'amd64-7.2',
    program: 'train-103-128-thp',
    op: 27,
    cause: 'the same, of a whole huge page',
  },
];
