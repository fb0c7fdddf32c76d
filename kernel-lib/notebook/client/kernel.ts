import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { Dealer, Subscriber } from 'zeromq';
import { randomUUID } from 'node:crypto';
import { openConnection, type Connection } from './connection.js';
import { KernelProcess } from './process.js';
import { decode, encode, request, type Message } from './wire.js';

/** How long a kernel may take to answer its first request, in milliseconds. */
const START_LIMIT = 60_000;
/** How long a kernel may take to leave after a shutdown request, in milliseconds. */
const SHUTDOWN_LIMIT = 2_000;
/** How long the sockets of a process that has ended may take to notice it, in milliseconds. */
const HANG_UP_LIMIT = 500;
/** Pause between two first requests: an answer published before the subscription stood is lost. */
const HELLO_INTERVAL = 200;

const EXECUTE = {
  silent: false,
  store_history: true,
  user_expressions: {},
  allow_stdin: false,
  stop_on_error: true,
};

/** The kernel process ended by itself, or was killed, while it was needed. */
export class KernelDied extends Error {
  override readonly name = 'KernelDied';
}

export interface KernelOptions {
  /** The kernel's command and arguments for a connection file. */
  readonly argv: (connectionFile: string) => readonly string[];
  /** The folder from which cells resolve modules and files. */
  readonly cwd: string;
  /** Kills the kernel when it fires. */
  readonly signal: AbortSignal;
  /** Further variables of the kernel's environment. */
  readonly environment?: Readonly<Record<string, string>>;
}

interface Pending {
  readonly onMessage: (message: Message) => void;
  readonly resolve: (reply: Message) => void;
  readonly reject: (err: Error) => void;
  reply?: Message;
  idle: boolean;
}

/** A client of one running Jupyter kernel. */
export class Kernel {
  /** The content of the kernel's `kernel_info_reply`. */
  info: Message['content'] = {};
  private readonly process: KernelProcess;
  private readonly connection: Connection;
  private readonly session = randomUUID();
  private readonly shell = new Dealer({ linger: 0, receiveHighWaterMark: 0 });
  private readonly control = new Dealer({ linger: 0, receiveHighWaterMark: 0 });
  private readonly iopub = new Subscriber({ linger: 0, receiveHighWaterMark: 0 });
  private readonly requests = new Map<string, Pending>();
  private readonly stop: AbortSignal;
  private readonly onStop = () => this.kill();
  /** Resolves when the process has ended and all that it published has been read. */
  private readonly buried: Promise<void>;
  private death: KernelDied | undefined;

  private constructor({ argv, cwd, signal, environment }: KernelOptions) {
    this.stop = signal;
    signal.addEventListener('abort', this.onStop);
    this.connection = openConnection();
    this.process = new KernelProcess(argv(this.connection.file), cwd, environment);
    this.shell.connect(this.connection.endpoint.shell);
    this.control.connect(this.connection.endpoint.control);
    this.iopub.connect(this.connection.endpoint.iopub);
    this.iopub.subscribe();
    for (const socket of [this.shell, this.control]) {
      void this.receive(socket, (pending, message) => (pending.reply = message));
    }
    void this.receive(this.iopub, (pending, message) => this.published(pending, message));
    const hungUp = new Promise((resolve) => this.iopub.events.on('disconnect', resolve));
    this.buried = this.process.exited.then((how) => this.bury(how, hungUp));
  }

  /**
   * Starts a kernel and waits until both its channels answer.
   *
   * @throws KernelDied when it ends or does not answer within a minute
   */
  static async start(options: KernelOptions): Promise<Kernel> {
    options.signal.throwIfAborted();
    const kernel = new Kernel(options);
    let late = false;
    const limit = setTimeout(() => {
      late = true;
      kernel.kill();
    }, START_LIMIT);
    try {
      kernel.info = (await kernel.hello()).content;
      return kernel;
    } catch (err) {
      await kernel.close();
      throw late ? new KernelDied(`no answer within ${START_LIMIT / 1000} s`) : err;
    } finally {
      clearTimeout(limit);
    }
  }

  /**
   * Runs `code` as a cell and resolves with the `execute_reply` once everything that it published has arrived.
   *
   * @param mayFail whether requests that follow this one may run although it fails
   * @param onMessage sees each message that the kernel publishes for this cell, also those after the reply
   * @throws KernelDied when the kernel ends first
   */
  execute(code: string, mayFail: boolean, onMessage: (message: Message) => void): Promise<Message> {
    return this.ask('execute_request', { ...EXECUTE, code, stop_on_error: !mayFail }, onMessage);
  }

  /**
   * Runs `code` without a trace: it has no number and shows nothing.
   *
   * @throws KernelDied when the kernel ends first
   */
  executeSilently(code: string): Promise<Message> {
    return this.ask('execute_request', { ...EXECUTE, silent: true, store_history: false, code });
  }

  /**
   * Sends a request of any type and resolves with its reply once the kernel is idle again.
   *
   * @param onMessage sees each message that the kernel publishes for this request
   * @param channel `control` is heard also while a cell runs
   * @throws KernelDied when the kernel ends first
   */
  ask(
    type: string,
    content: Message['content'],
    onMessage: Pending['onMessage'] = () => {},
    channel: 'shell' | 'control' = 'shell',
  ): Promise<Message> {
    if (this.death) return Promise.reject(this.death);
    const message = request(type, this.session, content);
    return new Promise((resolve, reject) => {
      this.requests.set(message.header.msg_id, { onMessage, resolve, reject, idle: false });
      this[channel].send(encode(message, this.connection.key)).catch(reject);
    });
  }

  /** Asks the running cell to stop, as the front ends' stop button does. */
  interrupt(): void {
    this.process.signal('SIGINT');
  }

  /** Ends the process and all its descendants at once. */
  kill(): void {
    this.process.signal('SIGKILL');
  }

  /** Shuts the kernel down and removes its files; kills it when it does not go by itself. */
  async close(): Promise<void> {
    const limit = setTimeout(() => this.kill(), SHUTDOWN_LIMIT);
    await this.control.send(
      encode(request('shutdown_request', this.session, { restart: false }), this.connection.key),
    );
    await this.buried;
    clearTimeout(limit);
    this.stop.removeEventListener('abort', this.onStop);
    this.shell.close();
    this.control.close();
    this.iopub.close();
    this.connection.remove();
  }

  /** Repeats the first request until an answer has come over both channels. */
  private async hello(): Promise<Message> {
    let again: NodeJS.Timeout | undefined;
    try {
      return await new Promise((resolve, reject) => {
        const attempt = () => this.ask('kernel_info_request', {}).then(resolve, reject);
        again = setInterval(attempt, HELLO_INTERVAL);
        void attempt();
      });
    } finally {
      clearInterval(again);
    }
  }

  private async receive(
    socket: Dealer | Subscriber,
    note: (pending: Pending, message: Message) => void,
  ): Promise<void> {
    for await (const frames of socket) {
      const message = decode(frames, this.connection.key);
      const pending = this.requests.get(message.parent.msg_id ?? '');
      if (!pending) continue;
      note(pending, message);
      if (pending.reply && pending.idle) pending.resolve(pending.reply);
    }
  }

  private published(pending: Pending, message: Message): void {
    const { header, content } = message;
    if (header.msg_type !== 'status') pending.onMessage(message);
    else if (content.execution_state === 'idle') pending.idle = true;
  }

  /** Fails what still waits, after everything that the kernel managed to publish has been read. */
  private async bury(how: string, hungUp: Promise<unknown>): Promise<void> {
    await Promise.race([hungUp, sleep(HANG_UP_LIMIT, undefined, { ref: false })]);
    while (this.iopub.readable) await setImmediate();
    this.death = new KernelDied(`the kernel died (${how})`);
    for (const pending of this.requests.values()) pending.reject(this.death);
  }
}
