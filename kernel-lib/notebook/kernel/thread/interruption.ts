import { Session } from 'node:inspector';
import { INTERRUPT, type InterruptFunction } from '../interrupter.js';
import { Interrupted } from './cellError.js';
import { innermostFile, isOwnFile } from './stack.js';

/** Node's handler of uncaught exceptions, which also forgets the asynchronous contexts that are being left. */
interface ProcessInternals {
  _fatalException?: (err: Error, fromPromise: boolean) => boolean;
}

/**
 * Stops running JavaScript at the main thread's wish, without losing what it made. {@link install} offers a function
 * that the main thread calls through the inspector, that is, between two instructions of whatever runs here.
 */
export class Interruption {
  private readonly onInterrupt: (cell: number | undefined) => boolean;
  private shields = 0;
  private isWaiting = false;

  /** @param onInterrupt ends the cell of this number, and says whether what runs is to be stopped */
  constructor(onInterrupt: (cell: number | undefined) => boolean) {
    this.onInterrupt = onInterrupt;
  }

  install(): void {
    const interrupt: InterruptFunction = (cell, force) => {
      if (this.shields === 0 && !force && isAmidBookkeeping(interrupt)) return false;
      // The cell ends before its code is left: afterwards, a timer of it may run first, and for ever.
      const isMeant = this.onInterrupt(cell);
      if (isMeant && this.shields > 0) this.isWaiting = true;
      else if (isMeant) terminate();
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
      if (this.isWaiting && this.shields === 0) this.giveWay();
    }
  }

  private giveWay(): never {
    this.isWaiting = false;
    throw new Interrupted();
  }
}

/** Leaves the code that runs: nothing of it goes on, no `catch` and no `finally`. */
function terminate(): void {
  const session = new Session();
  session.connect();
  setImmediate(() => session.disconnect());
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
