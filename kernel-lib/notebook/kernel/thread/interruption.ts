import { Session } from 'node:inspector';
import { INTERRUPT } from '../interrupter.js';
import { Interrupted } from './cellError.js';

/** Node's handler of uncaught exceptions, which also forgets the asynchronous contexts that are being left. */
interface ProcessInternals {
  _fatalException?: (err: Error, fromPromise: boolean) => boolean;
}

/**
 * Stops running JavaScript at the main thread's wish, without losing what it made. {@link install} offers a function
 * that the main thread calls through the inspector, that is, between two instructions of whatever runs here.
 */
export class Interruption {
  private readonly onInterrupt: (err: Interrupted) => () => void;
  private shields = 0;
  private wanted = false;

  /** @param onInterrupt is told at once; what it returns is called when the stopped code has been left */
  constructor(onInterrupt: (err: Interrupted) => () => void) {
    this.onInterrupt = onInterrupt;
  }

  install(): void {
    Reflect.set(globalThis, Symbol.for(INTERRUPT), () => this.interrupt());
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
      if (this.wanted && this.shields === 0) this.giveWay();
    }
  }

  private interrupt(): void {
    if (this.shields > 0) {
      this.wanted = true;
      return;
    }
    const after = this.onInterrupt(new Interrupted());
    const session = new Session();
    session.connect();
    setImmediate(() => {
      session.disconnect();
      after();
    });
    leaveAsyncContexts();
    session.post('Runtime.terminateExecution');
  }

  private giveWay(): never {
    this.wanted = false;
    const err = new Interrupted();
    setImmediate(this.onInterrupt(err));
    throw err;
  }
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
