import { randomUUID } from 'node:crypto';
import { request as newMessage, type Message } from '../client/wire.js';
import { CellThread } from './cellThread.js';
import type { ConnectionFile } from './connectionFile.js';
import { cursorPosition, cursorUnits } from './cursor.js';
import { Executions, type Speaker } from './executions.js';
import { History } from './history.js';
import { kernelInfo } from './info.js';
import { Sockets, type Request } from './sockets.js';

type Content = Readonly<Record<string, unknown>>;

/** A Jupyter kernel: answers requests on the sockets of a connection, and runs cells in a thread of their own. */
export class KernelServer implements Speaker {
  private readonly session = randomUUID();
  private readonly sockets: Sockets;
  private readonly thread = new CellThread();
  private readonly history = new History();
  private readonly executions = new Executions(this.thread, this.history, this);
  /** Resolves with the language's version when the thread can run cells. */
  private readonly ready = new Promise<string>((resolve) => {
    this.thread.on('report', (report) => {
      if (report.type === 'ready') resolve(report.languageVersion);
    });
  });

  constructor(connection: ConnectionFile) {
    this.sockets = new Sockets(connection);
    this.thread.on('exit', (exitCode, why) => void this.die(exitCode, why));
  }

  /** Opens the sockets and serves until a shutdown request. */
  async start(): Promise<void> {
    await this.sockets.open((request) => this.handle(request));
  }

  /** Stops the running cell, as `interrupt_request` and SIGINT ask. */
  interrupt(): void {
    this.thread.interrupt(this.executions.runningCell());
  }

  publish(request: Request, msgType: string, content: Content): void {
    this.sockets.publish(this.answerTo(request, msgType, content));
  }

  reply(request: Request, content: Content): void {
    const msgType = request.message.header.msg_type.replace(/_request$/, '_reply');
    this.sockets.reply(request, this.answerTo(request, msgType, content));
  }

  private answerTo({ message }: Request, msgType: string, content: Content): Message {
    return { ...newMessage(msgType, this.session, content), parent: message.header };
  }

  private handle(request: Request): void {
    const type = request.message.header.msg_type;
    if (type === 'execute_request') this.executions.add(request);
    else if (type === 'shutdown_request') void this.shutDown(request);
    else void this.handleAtOnce(request);
  }

  /** Requests that need not wait for the running cell. */
  private async handleAtOnce(request: Request): Promise<void> {
    this.publish(request, 'status', { execution_state: 'busy' });
    const content = await this.contentFor(request);
    if (content) this.reply(request, content);
    this.publish(request, 'status', { execution_state: 'idle' });
  }

  private async contentFor(request: Request): Promise<Content | undefined> {
    const { header, content } = request.message;
    switch (header.msg_type) {
      case 'kernel_info_request':
        return kernelInfo(await this.ready);
      case 'interrupt_request':
        // Answered at once: a cell that waits for a child process hears it only afterwards.
        this.interrupt();
        return { status: 'ok' };
      case 'history_request':
        return { status: 'ok', history: this.history.answer(content) };
      case 'comm_info_request':
        return { status: 'ok', comms: {} };
      case 'comm_open':
        // No comm target is ever registered, and the protocol asks to say so.
        this.publish(request, 'comm_close', { comm_id: content.comm_id, data: {} });
        return undefined;
      case 'complete_request':
        return this.complete(content);
      case 'inspect_request':
        return this.thread.query('inspect', { code: codeOf(content), cursor_pos: cursorUnits(content) });
      case 'is_complete_request':
        return this.thread.query('is_complete', { code: codeOf(content), cursor_pos: 0 });
      default:
        return undefined;
    }
  }

  private async complete(content: Content): Promise<Content> {
    const code = codeOf(content);
    const reply = await this.thread.query('complete', { code, cursor_pos: cursorUnits(content) });
    if (reply.status !== 'ok') return reply;
    return {
      ...reply,
      cursor_start: cursorPosition(code, Number(reply.cursor_start)),
      cursor_end: cursorPosition(code, Number(reply.cursor_end)),
    };
  }

  private async shutDown(request: Request): Promise<void> {
    const content = { status: 'ok', restart: request.message.content.restart === true };
    this.publish(request, 'status', { execution_state: 'busy' });
    this.reply(request, content);
    this.publish(request, 'shutdown_reply', content);
    this.publish(request, 'status', { execution_state: 'idle' });
    await this.thread.terminate();
    await this.leave(0);
  }

  private async die(exitCode: number, why: string | undefined): Promise<void> {
    const reason = why ?? `process.exit(${exitCode})`;
    process.stderr.write(`faultbook kernel: ${reason}\n`);
    this.executions.reportDeath(`The kernel has ended: ${reason}`);
    await this.leave(exitCode);
  }

  private async leave(exitCode: number): Promise<void> {
    await this.sockets.close();
    process.exit(exitCode);
  }
}

function codeOf(content: Content): string {
  return String(content.code ?? '');
}
