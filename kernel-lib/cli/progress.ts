import { SingleBar } from 'cli-progress';

/** A progress bar on a terminal, nothing elsewhere. It writes to standard error. */
export interface Progress {
  start(total: number): void;
  /** One step is done; `label` says what is being worked on. */
  step(label: string): void;
  /** So much is done in all. */
  moveTo(done: number): void;
  /** Writes a line to `stream` where it does not tear the bar apart: after its end. */
  print(stream: NodeJS.WritableStream, line: string): void;
  stop(): void;
}

/** @param unit what is counted, in the plural */
export function progressBar(unit: string): Progress {
  return process.stderr.isTTY ? bar(unit) : NO_BAR;
}

const NO_BAR: Progress = {
  start: () => {},
  step: () => {},
  moveTo: () => {},
  print: (stream, line) => void stream.write(`${line}\n`),
  stop: () => {},
};

function bar(unit: string): Progress {
  const waiting: (() => void)[] = [];
  const single = new SingleBar({
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
    start: (total) => single.start(total, 0, { label: '' }),
    step: (label) => single.increment(1, { label }),
    moveTo: (done) => single.update(done),
    print: (stream, line) => waiting.push(() => NO_BAR.print(stream, line)),
    stop: () => {
      single.stop();
      for (const print of waiting.splice(0)) print();
    },
  };
}
