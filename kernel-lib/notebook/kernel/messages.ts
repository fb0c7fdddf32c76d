import type { MessagePort } from 'node:worker_threads';

/**
 * What the two threads of a kernel tell each other. The main thread owns the sockets and never runs a cell, so that it
 * always hears an interrupt; the cell thread owns tslab and everything that cells create.
 */

/** A failed cell as the Jupyter protocol describes it. `traceback` has one entry per line. */
export interface CellError {
  readonly ename: string;
  readonly evalue: string;
  readonly traceback: readonly string[];
}

export interface ExecuteOrder {
  readonly type: 'execute';
  /** Number of the request: unlike the execution count it also counts silent ones. */
  readonly cell: number;
  readonly code: string;
  /** What the cell calls itself in tracebacks: `Cell [3]`. */
  readonly name: string;
}

/** A question about code that does not run it. */
export interface QueryOrder {
  readonly type: 'query';
  readonly id: number;
  readonly what: 'complete' | 'inspect' | 'is_complete';
  readonly content: { readonly code: string; readonly cursor_pos: number };
}

export type Order = ExecuteOrder | QueryOrder;

export interface Ready {
  readonly type: 'ready';
  readonly languageVersion: string;
}

/** Text of one of the cell's streams. */
export interface StreamText {
  readonly type: 'stream';
  readonly cell: number;
  readonly name: 'stdout' | 'stderr';
  readonly text: string;
}

export type PublishedType = 'display_data' | 'update_display_data' | 'execute_result' | 'error';

/** A message for the front end. Its content comes as JSON text: cells may display what cannot be cloned. */
export interface Published {
  readonly type: 'publish';
  readonly cell: number;
  readonly msgType: PublishedType;
  readonly json: string;
}

/** Holds a place in the cell's outputs for something that is still being rendered. */
export interface Reserved {
  readonly type: 'reserve';
  readonly cell: number;
  readonly slot: number;
}

/** Fills a held place, or gives it up. */
export interface Filled {
  readonly type: 'fill';
  readonly cell: number;
  readonly slot: number;
  readonly message?: Published;
}

/** The cell has ended. */
export interface Done {
  readonly type: 'done';
  readonly cell: number;
  readonly error?: CellError;
}

export interface Answer {
  readonly type: 'answer';
  readonly id: number;
  readonly content: Readonly<Record<string, unknown>>;
}

/** Asks the main thread to change the working directory: only it can. Whoever asks waits. */
export interface ChangeDirectory {
  readonly type: 'chdir';
  readonly directory: string;
  /** Takes the error, if any; `done` is set afterwards. */
  readonly answer: MessagePort;
  readonly done: Int32Array;
}

export type Report = Ready | StreamText | Published | Reserved | Filled | Done | Answer | ChangeDirectory;

/** What the cell thread is started with. */
export interface ThreadData {
  /** Characters of output that the main thread has not taken yet: the cell thread waits while there are too many. */
  readonly inFlight: Int32Array;
}
