import { MessageChannel, receiveMessageOnPort, type MessagePort } from 'node:worker_threads';
import type { ChangeDirectory } from '../messages.js';

/** Lets cells call `process.chdir`, which Node keeps to the main thread: that one does it, and the cell waits. */
export function installChangeDirectory(port: MessagePort): void {
  process.chdir = (directory) => {
    const { port1: reply, port2: answer } = new MessageChannel();
    const done = new Int32Array(new SharedArrayBuffer(4));
    port.postMessage({ type: 'chdir', directory, answer, done } satisfies ChangeDirectory, [answer]);
    Atomics.wait(done, 0, 0);
    const received = receiveMessageOnPort(reply) as { readonly message: Error } | undefined;
    reply.close();
    if (received) throw received.message;
  };
}
