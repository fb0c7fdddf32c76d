import { Session } from 'node:inspector';
import { INTERRUPT, type InterruptFunction } from '../interrupter.js';
import { Interrupted } from './cellError.js';
import { innermostFile, isOwnFile } from './stack.js';

/** Node's handler of uncaught exceptions, which also forgets the asynchronous contexts that are being left. */
interface ProcessInternals {
  _fatalException?: (err: Error, fromPromise: boolean) => boolean;
}

/**
 * Is told which cell an interrupt is meant for, and decides at once: later, another cell may run. What it returns is
 * called when the code that ran has been left; undefined spares that code.
 */
export type OnInterrupt = (cell: number | undefined) => ((err: Interrupted) => void) | undefined;

/**
 * Stops running JavaScript at the main thread's wish, without losing what it made. {@link install} offers a function
 * that the main thread calls through the inspector, that is, between two instructions of whatever runs here.
 */
export class Interruption {
  private readonly onInterrupt: OnInterrupt;
  private shields = 0;
  /** What to call when a shielded work that an interrupt waits for has been left. */
  private waiting: ((err: Interrupted) => void) | undefined;

  constructor(onInterrupt: OnInterrupt) {
    this.onInterrupt = onInterrupt;
  }

  install(): void {
    const interrupt: InterruptFunction = (cell, force) => {
      if (this.shields === 0 && !force && isAmidBookkeeping(interrupt)) return false;
      const onLeft = this.onInterrupt(cell);
      if (onLeft && this.shields > 0) this.waiting = onLeft;
      else if (onLeft) terminate(onLeft);
      return true;
    };
    Reflect.set(globalThis, Symbol.for(INTERRUPT), interrupt);
  }

  /**
   * Does work that must not be left halfway, such as the compiler's; an interrupt waits for its end.
   *
   * @throws Interrupted when one came
   */
  shield<T>(work: () => T): T {
    this.shields++;
    try {
      return work();
    } finally {
      this.shields--;
      if (this.waiting && this.shields === 0) this.giveWay(this.waiting);
    }
  }

  private giveWay(onLeft: (err: Interrupted) => void): never {
    this.waiting = undefined;
    const err = new Interrupted();
    setImmediate(onLeft, err);
    throw err;
  }
}

/** Leaves the code that runs, as if it had never called anything: no `catch` and no `finally` of it runs. */
function terminate(onLeft: (err: Interrupted) => void): void {
  const err = new Interrupted();
  const session = new Session();
  session.connect();
  setImmediate(() => {
    session.disconnect();
    onLeft(err);
  });
  leaveAsyncContexts();
  session.post('Runtime.terminateExecution');
}

/**
 * Whether Node or this kernel is doing something that is left whole or not at all. Termination takes effect at the next
 * call or turn of a loop; up to there, Node may still enter an asynchronous context that it would then never leave.
 */
function isAmidBookkeeping(interrupt: InterruptFunction): boolean {
  const file = innermostFile(interrupt);
  return file !== undefined && (file.startsWith('node:') || isOwnFile(file));
}

/**
 * Forgets the stack of asynchronous contexts. A terminated callback does not pop its own, and Node aborts the whole
 * process when it finds it later; the handler of uncaught exceptions meets the same situation and knows what to do.
 */
function leaveAsyncContexts(): void {
  if (process.hasUncaughtExceptionCaptureCallback()) process.setUncaughtExceptionCaptureCallback(null);
  process.setUncaughtExceptionCaptureCallback(() => {});
  (process as ProcessInternals)._fatalException?.(new Interrupted(), false);
  process.setUncaughtExceptionCaptureCallback(null);
}
