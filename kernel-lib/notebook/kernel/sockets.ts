import { Publisher, Reply, Router } from 'zeromq';
import { decode, encode, type Message } from '../client/wire.js';
import type { ConnectionFile } from './connectionFile.js';

/** How long a closing kernel waits for clients to fetch what was sent, in milliseconds. */
const LINGER = 1_000;

/** A request as it came: `route` leads back to the client that sent it. */
export interface Request {
  readonly message: Message;
  readonly route: readonly Buffer[];
  readonly channel: 'shell' | 'control';
}

/** Sends one message after the other: a ZeroMQ socket refuses a second one while the first is under way. */
class SendQueue {
  private readonly waiting: Buffer[][] = [];
  private running: Promise<void> | undefined;
  private readonly socket: Publisher | Router;

  constructor(socket: Publisher | Router) {
    this.socket = socket;
  }

  push(frames: Buffer[]): void {
    this.waiting.push(frames);
    this.running ??= this.run();
  }

  /** Resolves when everything has been handed to ZeroMQ. */
  async drained(): Promise<void> {
    await this.running;
  }

  private async run(): Promise<void> {
    for (let frames = this.waiting.shift(); frames; frames = this.waiting.shift())
      await this.socket.send(frames);
    this.running = undefined;
  }
}

/** The kernel's five sockets. */
export class Sockets {
  private readonly connection: ConnectionFile;
  // Without a limit: at its default one, a publisher silently drops what a slow client has not fetched yet.
  private readonly iopub = new Publisher({ linger: LINGER, sendHighWaterMark: 0 });
  private readonly shell = new Router({ linger: LINGER, sendHighWaterMark: 0 });
  private readonly control = new Router({ linger: LINGER, sendHighWaterMark: 0 });
  private readonly stdin = new Router({ linger: 0 });
  private readonly heartbeat = new Reply({ linger: 0 });
  private readonly queues = {
    iopub: new SendQueue(this.iopub),
    shell: new SendQueue(this.shell),
    control: new SendQueue(this.control),
  };

  constructor(connection: ConnectionFile) {
    this.connection = connection;
  }

  /** Binds all sockets; from then on `onRequest` sees each request of the shell and control channels in order. */
  async open(onRequest: (request: Request) => void): Promise<void> {
    const { address } = this.connection;
    await Promise.all([
      this.iopub.bind(address.iopub),
      this.shell.bind(address.shell),
      this.control.bind(address.control),
      this.stdin.bind(address.stdin),
      this.heartbeat.bind(address.hb),
    ]);
    void this.receive('shell', onRequest);
    void this.receive('control', onRequest);
    void this.echo();
  }

  /** Publishes to every client. */
  publish(message: Message): void {
    this.queues.iopub.push(encode(message, this.connection.key));
  }

  /** Answers the client that sent `request`, on the same channel. */
  reply(request: Request, message: Message): void {
    this.queues[request.channel].push([...request.route, ...encode(message, this.connection.key)]);
  }

  /** Closes the sockets once everything is sent. */
  async close(): Promise<void> {
    await Promise.all(Object.values(this.queues).map((queue) => queue.drained()));
    for (const socket of [this.iopub, this.shell, this.control, this.stdin, this.heartbeat]) socket.close();
  }

  private async receive(channel: 'shell' | 'control', onRequest: (request: Request) => void): Promise<void> {
    for await (const frames of this[channel]) {
      try {
        const message = decode(frames, this.connection.key);
        // Router prefixes: everything before the delimiter, the signature and the message's parts.
        const route = frames.slice(
          0,
          frames.findIndex((frame) => frame.equals(DELIMITER)),
        );
        onRequest({ message, route, channel });
      } catch (err) {
        // A forged or broken message must not stop the kernel.
        process.stderr.write(`faultbook kernel: ${(err as Error).message}\n`);
      }
    }
  }

  private async echo(): Promise<void> {
    for await (const frames of this.heartbeat) await this.heartbeat.send(frames);
  }
}

const DELIMITER = Buffer.from('<IDS|MSG>');
