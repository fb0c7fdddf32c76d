/** Types of the notebook format 4.5, in its own field names. */
import type { MimeBundle } from '../view/mime.js';

/** Text as one string, or as the pieces that make it when joined. */
export type Multiline = string | readonly string[];

// In a notebook file, a bundle holds texts as `Multiline`, `application/json` and `…+json` as any value.
export type { MimeBundle };

export interface StreamOutput {
  readonly output_type: 'stream';
  readonly name: string;
  readonly text: Multiline;
}

export interface DisplayOutput {
  readonly output_type: 'display_data';
  readonly data: MimeBundle;
  readonly metadata: Readonly<Record<string, unknown>>;
}

export interface ResultOutput {
  readonly output_type: 'execute_result';
  readonly execution_count: number | null;
  readonly data: MimeBundle;
  readonly metadata: Readonly<Record<string, unknown>>;
}

export interface ErrorOutput {
  readonly output_type: 'error';
  readonly ename: string;
  readonly evalue: string;
  readonly traceback: readonly string[];
}

export type Output = StreamOutput | DisplayOutput | ResultOutput | ErrorOutput;

export interface CellMetadata {
  readonly name?: string;
  readonly tags?: readonly string[];
  readonly [key: string]: unknown;
}

export interface CodeCell {
  readonly cell_type: 'code';
  readonly id: string;
  readonly metadata: CellMetadata;
  readonly source: Multiline;
  /** The prompt number of the run, null for a cell that has not run. */
  readonly execution_count: number | null;
  readonly outputs: readonly Output[];
}

export interface TextCell {
  readonly cell_type: 'markdown' | 'raw';
  readonly id: string;
  readonly metadata: CellMetadata;
  readonly source: Multiline;
  /** Files that the text shows, by name. */
  readonly attachments?: Readonly<Record<string, MimeBundle>>;
}

export type Cell = CodeCell | TextCell;

export interface KernelspecMetadata {
  readonly name: string;
  readonly display_name: string;
  readonly language?: string;
}

export interface LanguageInfo {
  readonly name: string;
  readonly [key: string]: unknown;
}

export interface NotebookMetadata {
  readonly kernelspec?: KernelspecMetadata;
  readonly language_info?: LanguageInfo;
  readonly title?: string;
  readonly faultbook?: {
    /** It takes much longer than others: a run starts with it. */
    readonly long?: boolean;
  };
  readonly [key: string]: unknown;
}

export interface Notebook {
  readonly nbformat: 4;
  readonly nbformat_minor: number;
  readonly metadata: NotebookMetadata;
  readonly cells: readonly Cell[];
}

/** The text of a multi-line string as one string. */
export function joinLines(text: Multiline): string {
  return typeof text === 'string' ? text : text.join('');
}

/** Whether a media type holds a JSON value; any other holds text. */
export function isJsonMime(mime: string): boolean {
  return /^application\/(.*\+)?json$/.test(mime);
}
