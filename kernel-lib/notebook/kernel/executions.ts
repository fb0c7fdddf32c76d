import { setImmediate } from 'node:timers/promises';
import { CellOutput } from './cellOutput.js';
import type { CellReport, CellThread } from './cellThread.js';
import type { History } from './history.js';
import type { CellError, Done } from './messages.js';
import type { Request } from './sockets.js';

/** How an execution speaks to the clients: `publish` to all, `reply` to the one that asked. */
export interface Speaker {
  publish(request: Request, msgType: string, content: Readonly<Record<string, unknown>>): void;
  reply(request: Request, content: Readonly<Record<string, unknown>>): void;
}

/** One execute request and what became of it. */
interface Execution {
  readonly request: Request;
  readonly code: string;
  readonly silent: boolean;
  readonly stopOnError: boolean;
  readonly executionCount: number;
  readonly output: CellOutput;
}

/**
 * Runs execute requests one after the other. When one fails and says `stop_on_error`, those that were waiting behind
 * it are answered `aborted` and do not run; whatever comes later runs.
 */
export class Executions {
  private readonly thread: CellThread;
  private readonly history: History;
  private readonly speaker: Speaker;
  private readonly waiting: Request[] = [];
  /** By number of the cell: output may come long after a cell has ended. */
  private readonly executions = new Map<number, Execution>();
  private running: Execution | undefined;
  private executionCount = 0;

  constructor(thread: CellThread, history: History, speaker: Speaker) {
    this.thread = thread;
    this.history = history;
    this.speaker = speaker;
    thread.on('report', (report) => this.receive(report));
  }

  add(request: Request): void {
    this.waiting.push(request);
    this.next();
  }

  /** The number of the cell that has been sent to the thread and has not ended. */
  runningCell(): number | undefined {
    return this.running && this.executions.size;
  }

  /** Tells in the running cell why the thread that ran it is gone. */
  reportDeath(why: string): void {
    this.running?.output.stream('stderr', `${why}\n`);
    this.running?.output.finish();
    this.flush();
  }

  /** Publishes what earlier cells have printed by now: a client that waits for this cell may then close the kernel. */
  private flush(): void {
    for (const { output } of this.executions.values()) output.flush();
  }

  private next(): void {
    if (this.running) return;
    const request = this.waiting.shift();
    if (request) this.start(request);
  }

  private start(request: Request): void {
    const { code, silent, store_history: storeHistory, stop_on_error: stopOnError } = request.message.content;
    const counted = silent !== true && storeHistory !== false;
    if (counted) this.executionCount++;
    const execution: Execution = {
      request,
      code: String(code ?? ''),
      silent: silent === true,
      stopOnError: stopOnError !== false,
      executionCount: this.executionCount,
      output: new CellOutput((msgType, content) => {
        if (silent !== true) this.speaker.publish(request, msgType, withCount(msgType, content, execution));
      }),
    };
    this.running = execution;
    const cell = this.executions.size + 1;
    this.executions.set(cell, execution);
    if (counted) this.history.add(execution.executionCount, execution.code);
    this.speaker.publish(request, 'status', { execution_state: 'busy' });
    if (!execution.silent) {
      const input = { code: execution.code, execution_count: execution.executionCount };
      this.speaker.publish(request, 'execute_input', input);
    }
    const name = `Cell [${counted ? execution.executionCount : '*'}]`;
    this.thread.send({ type: 'execute', cell, code: execution.code, name });
  }

  private receive(report: CellReport): void {
    if (report.type === 'ready') return;
    const execution = this.executions.get(report.cell)!;
    const { output } = execution;
    if (report.type === 'stream') output.stream(report.name, report.text);
    else if (report.type === 'publish') output.publish(report.msgType, report.json);
    else if (report.type === 'reserve') output.hold(report.slot);
    else if (report.type === 'fill') output.fill(report.slot, report.message);
    else void this.finish(execution, report);
  }

  private async finish(execution: Execution, { error }: Done): Promise<void> {
    execution.output.finish();
    this.flush();
    // Only what was sent before the reply is aborted, so the socket is emptied before the reply: a client that waits
    // for it finds the kernel willing to go on.
    const aborted = error && execution.stopOnError ? await this.takeWaiting() : [];
    this.speaker.reply(execution.request, replyContent(execution, error));
    this.speaker.publish(execution.request, 'status', { execution_state: 'idle' });
    for (const request of aborted) this.abort(request);
    this.running = undefined;
    this.next();
  }

  private async takeWaiting(): Promise<Request[]> {
    await setImmediate();
    await setImmediate();
    return this.waiting.splice(0);
  }

  private abort(request: Request): void {
    this.speaker.publish(request, 'status', { execution_state: 'busy' });
    this.speaker.reply(request, { status: 'aborted', execution_count: this.executionCount });
    this.speaker.publish(request, 'status', { execution_state: 'idle' });
  }
}

function withCount(
  msgType: string,
  content: Readonly<Record<string, unknown>>,
  { executionCount }: Execution,
) {
  return msgType === 'execute_result' ? { execution_count: executionCount, ...content } : content;
}

function replyContent({ request, executionCount }: Execution, error: CellError | undefined) {
  if (error) return { status: 'error', execution_count: executionCount, ...error };
  const { user_expressions: expressions } = request.message.content;
  return {
    status: 'ok',
    execution_count: executionCount,
    payload: [],
    user_expressions: Object.fromEntries(Object.keys(expressions ?? {}).map((name) => [name, NOT_EVALUATED])),
  };
}

const NOT_EVALUATED = {
  status: 'error',
  ename: 'NotSupported',
  evalue: 'this kernel does not evaluate user_expressions',
  traceback: [],
};
