import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { DRAWING_SOCKET } from './drawing.js';

// Sources and build lie equally deep below the package, so the tests find the built thread too.
const THREAD = new URL('../../../dist/notebook/plotly/service-thread.js', import.meta.url);

/**
 * Draws the figures of all kernels of a run in one thread: loading Plotly and its document takes two seconds, which
 * each kernel would need for itself.
 */
export class DrawingService {
  /** What a kernel's environment needs for its figures to be drawn here. */
  readonly environment: Readonly<Record<string, string>>;
  readonly #folder: string;
  readonly #thread: Worker;

  private constructor(folder: string, socket: string, thread: Worker) {
    this.environment = { [DRAWING_SOCKET]: socket };
    this.#folder = folder;
    this.#thread = thread;
  }

  /** Starts the thread and waits until it listens. */
  static async start(): Promise<DrawingService> {
    const folder = mkdtempSync(join(tmpdir(), 'faultbook-drawing-'));
    const socket = process.platform === 'win32' ? join('\\\\.\\pipe', folder) : join(folder, 'socket');
    const thread = new Worker(THREAD, { workerData: socket });
    await once(thread, 'message');
    // Whoever runs kernels has them to wait for.
    thread.unref();
    return new DrawingService(folder, socket, thread);
  }

  /** Stops the thread; kernels that are left draw for themselves. */
  async close(): Promise<void> {
    await this.#thread.terminate();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
