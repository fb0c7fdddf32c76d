/** One operation that the benchmark times. */
export interface BenchOperation {
  /** As the command line names it; the program that runs on the host kernel knows some of the same names. */
  readonly name: string;
  readonly title: string;
  /** What is counted. */
  readonly unit: 'pages' | 'operations';
  /** The largest size that makes sense, in units: the cost of one does not depend on how many there are. */
  readonly most?: number;
  /** Makes all that is needed for `units` of them. Not timed. */
  prepare(units: number): BenchRun;
}

/** One run of an operation, ready to go. */
export interface BenchRun {
  /** What is timed. */
  run(): void;
  /** How many units were done, counted from what the run has left behind. */
  done(): number;
  /** Bytes of the machine's memory for each page that is resident after the run; absent: of no interest. */
  bytesPerPage?(): number;
}
