import { Session } from 'node:inspector';

/** The name under which the cell thread offers its interrupt to this one. */
export const INTERRUPT = 'faultbook.interrupt';

const CALL_INTERRUPT = `globalThis[Symbol.for(${JSON.stringify(INTERRUPT)})]()`;

/**
 * Runs the cell thread's interrupt function inside that thread, now: between two of its instructions when it is
 * busy, also in a loop that never returns to the event loop. No message and no signal could do that; the inspector's
 * protocol can. It is attached only meanwhile, because an attached inspector keeps what `console` printed alive.
 *
 * @returns a promise for the call having been made
 */
export async function interruptCellThread(): Promise<void> {
  const session = new Session();
  session.connect();
  try {
    const worker = await attachWorker(session);
    await callInterrupt(session, worker);
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

function callInterrupt(session: Session, sessionId: string): Promise<void> {
  const message = JSON.stringify({
    id: 1,
    method: 'Runtime.evaluate',
    params: { expression: CALL_INTERRUPT },
  });
  return new Promise((resolve, reject) => {
    session.once('NodeWorker.receivedMessageFromWorker', () => resolve());
    session.post('NodeWorker.sendMessageToWorker', { sessionId, message }, (err) => err && reject(err));
  });
}
