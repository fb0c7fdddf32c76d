import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate } from 'node:timers/promises';
import type { Diagnostic } from 'tslab/dist/converter.js';
import type { MimeBundle } from '../../../view/mime.js';
import type { CellError, ExecuteOrder, PublishedType } from '../messages.js';
import { cellError, Interrupted } from './cellError.js';
import { CellTimers, watchTimers } from './cellTimers.js';
import { compileError } from './diagnostics.js';
import { Interruption } from './interruption.js';
import type { Output } from './output.js';
import { bundleOf } from './richDisplay.js';
import type { SourceMaps } from './sourceMaps.js';
import { startTslab, type Tslab, type TslabListener } from './tslab.js';

/** A cell that runs or has run. */
interface Cell extends ExecuteOrder {
  /** Outputs that are still being rendered: the cell ends after them. */
  readonly rendering: Set<Promise<void>>;
  readonly timers: CellTimers;
  error?: CellError;
  ended: boolean;
}

/**
 * Runs cells, and knows for everything that happens afterwards which cell it belongs to: the cell is the asynchronous
 * context in which its code, its timers and its promises run.
 */
export class Cells implements TslabListener {
  readonly tslab: Tslab;
  private readonly output: Output;
  private readonly context = new AsyncLocalStorage<Cell>();
  private readonly interruption = new Interruption((cell) => this.interrupted(cell));
  private latest: Cell | undefined;
  /** The number of a cell that was interrupted before its order came. */
  private doomed: number | undefined;

  constructor(output: Output, maps: SourceMaps) {
    this.output = output;
    this.tslab = startTslab(this, maps);
    process.on('uncaughtException', (err) => this.failHere(err));
    process.on('unhandledRejection', (reason) => this.failHere(reason));
    this.interruption.install();
    watchTimers((timer) => this.context.getStore()?.timers.add(timer));
  }

  /** Runs one cell; its end is reported to the main thread, which sends the next one only then. */
  execute(order: ExecuteOrder): void {
    const cell: Cell = { ...order, rendering: new Set(), timers: new CellTimers(), ended: false };
    this.latest = cell;
    if (cell.cell === this.doomed) {
      this.stop(cell);
      return;
    }
    // No await here: an interrupt of the cell's synchronous part also ends this function.
    this.context
      .run(cell, () => this.tslab.executor.execute(order.code))
      .then(
        () => this.conclude(cell),
        (err: unknown) => {
          this.fail(cell, err);
          return this.conclude(cell);
        },
      );
  }

  /** The cell in which the caller runs; the latest one for callers that no cell has started. */
  here(): Cell | undefined {
    return this.context.getStore() ?? this.latest;
  }

  /** Shows a value among the outputs of the cell in which the caller runs. */
  display(value: unknown): void {
    const cell = this.here();
    if (cell) this.show(cell, 'display_data', value);
  }

  onResult(value: unknown): void {
    const cell = this.here()!;
    if (!cell.ended) this.show(cell, 'execute_result', value);
  }

  onDiagnostics(diagnostics: readonly Diagnostic[]): void {
    const cell = this.here()!;
    this.failWith(cell, compileError(diagnostics, cell.code, cell.name));
  }

  onThrown(thrown: unknown): void {
    const cell = this.here()!;
    if (!cell.ended) this.fail(cell, thrown);
  }

  onDisplay(data: object, isUpdate: boolean): void {
    const cell = this.here();
    if (cell) this.output.publish(cell.cell, isUpdate ? 'update_display_data' : 'display_data', data);
  }

  cellName(): string {
    return this.here()!.name;
  }

  shield<T>(work: () => T): T {
    return this.interruption.shield(work);
  }

  /** Waits for what belongs to the cell, then ends it. */
  private async conclude(cell: Cell): Promise<void> {
    // Node reports a rejection that nobody handles when the microtasks are through: before the next turn.
    await setImmediate();
    while (cell.rendering.size > 0) await Promise.all(cell.rendering);
    this.end(cell);
  }

  private end(cell: Cell): void {
    if (cell.ended) return;
    cell.ended = true;
    this.output.done({ type: 'done', cell: cell.cell, ...(cell.error && { error: cell.error }) });
  }

  private interrupted(number: number | undefined): boolean {
    const cell = this.latest;
    if (cell && !cell.ended) {
      if (number !== cell.cell) return false;
      this.stop(cell);
      // Lets go of the cell's promise if tslab waits for it.
      this.tslab.executor.interrupt();
      return true;
    }
    if (number !== undefined && number !== cell?.cell) this.doomed = number;
    // What runs although no cell does was left behind by one, and keeps others from starting.
    return true;
  }

  private stop(cell: Cell): void {
    // A loop that is waiting for its next turn would go on in the background.
    cell.timers.cancel();
    this.fail(cell, new Interrupted());
    this.end(cell);
  }

  private failHere(thrown: unknown): void {
    const cell = this.here();
    if (cell) this.fail(cell, thrown);
  }

  private fail(cell: Cell, thrown: unknown): void {
    // What keeps an interrupted cell from running once it is compiled says nothing new.
    if (thrown instanceof Interrupted && cell.ended) return;
    this.failWith(cell, cellError(thrown));
  }

  /** A cell's first error is its outcome; later ones, also those after its end, are shown all the same. */
  private failWith(cell: Cell, error: CellError): void {
    cell.error ??= error;
    this.output.publish(cell.cell, 'error', error);
  }

  private show(cell: Cell, msgType: PublishedType, value: unknown): void {
    const bundle = bundleOf(value);
    if (!(bundle instanceof Promise)) {
      this.output.publish(cell.cell, msgType, displayContent(bundle));
      return;
    }
    const fill = this.output.reserve(cell.cell, msgType);
    const rendered = bundle.then(
      (data) => fill(displayContent(data)),
      (err: unknown) => {
        fill(undefined);
        this.fail(cell, err);
      },
    );
    cell.rendering.add(rendered);
    void rendered.finally(() => cell.rendering.delete(rendered));
  }
}

function displayContent(data: MimeBundle): object {
  return { data, metadata: {} };
}
