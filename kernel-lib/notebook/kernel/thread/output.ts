import type { MessagePort } from 'node:worker_threads';
import type { Done, Filled, Published, PublishedType, Report, StreamText } from '../messages.js';

/** Output that the main thread has not taken yet may grow to this many characters. */
const IN_FLIGHT_LIMIT = 1 << 24;

/** Hands what cells make to the main thread, which sends it on while the cell still runs. */
export class Output {
  private readonly port: MessagePort;
  private readonly inFlight: Int32Array;
  private lastSlot = 0;

  constructor(port: MessagePort, inFlight: Int32Array) {
    this.port = port;
    this.inFlight = inFlight;
  }

  stream(cell: number, name: StreamText['name'], text: string): void {
    if (text === '') return;
    // A loop that prints for ever must not fill the memory faster than the sockets empty it.
    for (
      let taken = Atomics.load(this.inFlight, 0);
      taken > IN_FLIGHT_LIMIT;
      taken = Atomics.load(this.inFlight, 0)
    ) {
      Atomics.wait(this.inFlight, 0, taken);
    }
    Atomics.add(this.inFlight, 0, text.length);
    this.post({ type: 'stream', cell, name, text });
  }

  /** @throws TypeError when `content` cannot be written as JSON */
  publish(cell: number, msgType: PublishedType, content: object): void {
    this.post(published(cell, msgType, content));
  }

  /**
   * Holds a place for a message whose content is not known yet.
   *
   * @returns what fills the place; with undefined the place is given up
   */
  reserve(cell: number, msgType: PublishedType): (content: object | undefined) => void {
    const slot = ++this.lastSlot;
    this.post({ type: 'reserve', cell, slot });
    return (content) => {
      const filled: Filled = { type: 'fill', cell, slot };
      this.post(content ? { ...filled, message: published(cell, msgType, content) } : filled);
    };
  }

  done(report: Done): void {
    this.post(report);
  }

  private post(report: Report): void {
    this.port.postMessage(report);
  }
}

function published(cell: number, msgType: PublishedType, content: object): Published {
  return { type: 'publish', cell, msgType, json: JSON.stringify(content) };
}
