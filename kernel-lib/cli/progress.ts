import { SingleBar } from 'cli-progress';

/** A progress bar on a terminal, nothing elsewhere. It writes to standard error. */
export interface Progress {
  readonly start: (total: number) => void;
  /** One step is done; `label` says what is being worked on. */
  readonly step: (label: string) => void;
  /** So much is done in all. */
  readonly moveTo: (done: number) => void;
  readonly stop: () => void;
}

/** @param unit what is counted, in the plural */
export function progressBar(unit: string): Progress {
  if (!process.stderr.isTTY) return { start: () => {}, step: () => {}, moveTo: () => {}, stop: () => {} };
  const bar = new SingleBar({
    format: `{bar} {value}/{total} ${unit} {label}`,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    clearOnComplete: true,
    hideCursor: true,
    linewrap: false,
    // The command that shows the bar says itself how it ends.
    gracefulExit: false,
  });
  return {
    start: (total) => bar.start(total, 0, { label: '' }),
    step: (label) => bar.increment(1, { label }),
    moveTo: (done) => bar.update(done),
    stop: () => bar.stop(),
  };
}
