import { Session } from 'node:inspector';
import { setImmediate } from 'node:timers/promises';

/** The name under which the cell thread offers its interrupt to this one. */
export const INTERRUPT = 'faultbook.interrupt';

/** How long to wait for a moment in which stopping is safe, in milliseconds. */
const PATIENCE = 2_000;

const INTERRUPT_FUNCTION = `globalThis[Symbol.for(${JSON.stringify(INTERRUPT)})]`;

/**
 * The cell thread's interrupt function: stops what runs, which is the fault of the cell of this number (none: of no
 * cell). Says whether that is done, or this was no moment to stop; with `force`, every moment is.
 */
export type InterruptFunction = (cell: number | undefined, force: boolean) => boolean;

/**
 * Runs the cell thread's interrupt function inside that thread, now: between two of its instructions when it is
 * busy, also in a loop that never returns to the event loop. No message and no signal could do that; the inspector's
 * protocol can. It is attached only meanwhile, because an attached inspector keeps what `console` printed alive.
 *
 * @returns a promise for the call having been made
 */
export async function interruptCellThread(cell: number | undefined): Promise<void> {
  const session = new Session();
  session.connect();
  try {
    const worker = await attachWorker(session);
    const patienceEnds = Date.now() + PATIENCE;
    const call = () => `${INTERRUPT_FUNCTION}?.(${cell}, ${Date.now() > patienceEnds})`;
    while ((await evaluate(session, worker, call())) !== true) await setImmediate();
  } finally {
    session.disconnect();
  }
}

/** The inspector's name for the only worker that this thread has: workers of cells belong to the cell thread. */
function attachWorker(session: Session): Promise<string> {
  return new Promise((resolve, reject) => {
    session.once('NodeWorker.attachedToWorker', ({ params }) => resolve(params.sessionId));
    session.post('NodeWorker.enable', { waitForDebuggerOnStart: false }, (err) => err && reject(err));
  });
}

/**
 * Calls the interrupt function.
 *
 * @returns what it returned; undefined when the call was stopped itself, by an interrupt before it that had not taken
 *   effect: this call has taken its place, so what was to be stopped goes on, and the call must be made again
 */
function evaluate(session: Session, sessionId: string, expression: string): Promise<unknown> {
  const message = JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: { expression } });
  return new Promise((resolve, reject) => {
    session.once('NodeWorker.receivedMessageFromWorker', ({ params }) => {
      const { result } = JSON.parse(params.message) as EvaluateReply;
      resolve(result?.result.value);
    });
    session.post('NodeWorker.sendMessageToWorker', { sessionId, message }, (err) => err && reject(err));
  });
}

/** The inspector's reply; without a result when the evaluation itself was stopped. */
interface EvaluateReply {
  readonly result?: { readonly result: { readonly value?: unknown } };
}
