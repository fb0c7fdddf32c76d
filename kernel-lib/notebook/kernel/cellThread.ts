import { EventEmitter } from 'node:events';
import { getHeapStatistics } from 'node:v8';
import { Worker, SHARE_ENV } from 'node:worker_threads';
import { interruptCellThread } from './interrupter.js';
import type { Answer, ChangeDirectory, Order, QueryOrder, Report, ThreadData } from './messages.js';

const ENTRY = new URL('thread/main.js', import.meta.url);
const MIB = 1 << 20;

/** What the thread tells about itself and its cells. */
export type CellReport = Exclude<Report, Answer | ChangeDirectory>;

interface CellThreadEvents {
  report: [CellReport];
  /** The thread has ended: a cell left the process, or ran out of memory. */
  exit: [exitCode: number, why: string | undefined];
}

/** The main thread's side of the thread that runs the cells. */
export class CellThread extends EventEmitter<CellThreadEvents> {
  private readonly inFlight = new Int32Array(new SharedArrayBuffer(4));
  private readonly worker: Worker;
  private readonly queries = new Map<number, (content: Answer['content']) => void>();
  private lastQuery = 0;
  private interrupting: Promise<void> = Promise.resolve();
  private why: string | undefined;

  constructor() {
    super();
    const workerData: ThreadData = { inFlight: this.inFlight };
    this.worker = new Worker(ENTRY, {
      workerData,
      // Assignments to process.env in a cell reach the child processes that it starts.
      env: SHARE_ENV,
      // A worker's own default is lower than what the process may use.
      resourceLimits: { maxOldGenerationSizeMb: Math.floor(getHeapStatistics().heap_size_limit / MIB) },
    });
    this.worker.on('message', (report: Report) => this.receive(report));
    this.worker.on('error', (err) => (this.why = err.message));
    this.worker.on('exit', (exitCode) => this.emit('exit', exitCode, this.why));
  }

  send(order: Order): void {
    this.worker.postMessage(order);
  }

  /** Asks about code; resolves with the content of the reply. */
  query(what: QueryOrder['what'], content: QueryOrder['content']): Promise<Answer['content']> {
    const id = ++this.lastQuery;
    this.send({ type: 'query', id, what, content });
    return new Promise((resolve) => this.queries.set(id, resolve));
  }

  /**
   * Stops what the thread is doing; what its cells made stays.
   *
   * @param cell the number of the cell that ends with it, also when the thread has not come to it yet
   */
  interrupt(cell: number | undefined): void {
    this.interrupting = this.interrupting.then(() => interruptCellThread(cell));
  }

  async terminate(): Promise<void> {
    this.worker.removeAllListeners('exit');
    await this.worker.terminate();
  }

  private receive(report: Report): void {
    if (report.type === 'answer') {
      this.queries.get(report.id)?.(report.content);
      this.queries.delete(report.id);
      return;
    }
    if (report.type === 'chdir') {
      changeDirectory(report);
      return;
    }
    if (report.type === 'stream') this.take(report.text.length);
    this.emit('report', report);
  }

  /** Counts output as taken and wakes the thread if it waits for that. */
  private take(length: number): void {
    Atomics.sub(this.inFlight, 0, length);
    Atomics.notify(this.inFlight, 0);
  }
}

function changeDirectory({ directory, answer, done }: ChangeDirectory): void {
  try {
    process.chdir(directory);
  } catch (err) {
    answer.postMessage(err);
  }
  answer.close();
  Atomics.store(done, 0, 1);
  Atomics.notify(done, 0);
}
