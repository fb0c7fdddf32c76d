import type { Message } from '../client/wire.js';
import {
  isJsonMime,
  type DisplayOutput,
  type ErrorOutput,
  type MimeBundle,
  type Output,
  type ResultOutput,
} from '../nbformat.js';

/**
 * How much output of one cell is kept, in characters. Above it front ends and browsers no longer open the notebook;
 * 100,000 lines of 160 characters still fit.
 */
export const OUTPUT_LIMIT = 16 * 2 ** 20;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Shown = Mutable<DisplayOutput> | Mutable<ResultOutput>;
type Kept =
  Shown | ErrorOutput | { readonly output_type: 'stream'; readonly name: string; readonly pieces: string[] };

/** Displays of one notebook that a later message may update, by their id; one id may be shown in several places. */
export type Displays = Map<string, Shown[]>;

/** Collects what a kernel publishes for one cell, as a front end would show it. */
export class CellOutputs {
  /** Characters that came beyond `OUTPUT_LIMIT` and were dropped. */
  dropped = 0;
  private kept: Kept[] = [];
  private size = 0;
  private clearNext = false;
  private readonly displays: Displays;

  constructor(displays: Displays) {
    this.displays = displays;
  }

  /** Takes in one published message; those that are no output are ignored. */
  add({ header, content }: Message): void {
    switch (header.msg_type) {
      case 'stream':
        return this.addText(String(content.name), String(content.text));
      case 'display_data':
      case 'execute_result':
        return this.addData(header.msg_type, content);
      case 'update_display_data':
        return this.update(content);
      case 'error':
        return this.addError(content);
      case 'clear_output':
        if (content.wait) this.clearNext = true;
        else this.clear();
    }
  }

  /** Adds an error as the kernel reports it. */
  addError({ ename, evalue, traceback }: Message['content']): void {
    this.clearIfAsked();
    const lines = Array.isArray(traceback) ? traceback.map(String) : [];
    this.kept.push({ output_type: 'error', ename: String(ename), evalue: String(evalue), traceback: lines });
  }

  /** The first error that the cell raised. */
  get error(): ErrorOutput | undefined {
    return this.kept.find((output) => output.output_type === 'error');
  }

  /** Puts `error` in the place of every error that the kernel itself reported. */
  overrule(error: ErrorOutput): void {
    this.kept = this.kept.filter((output) => output.output_type !== 'error');
    this.kept.push(error);
  }

  /** What is kept, in the notebook format; a cut is announced at the end. */
  finish(): Output[] {
    const outputs: Output[] = this.kept.map((output) =>
      output.output_type === 'stream'
        ? { output_type: 'stream', name: output.name, text: output.pieces.join('') }
        : output,
    );
    if (this.dropped > 0)
      outputs.push({ output_type: 'stream', name: 'stderr', text: `[${this.cutNotice()}]\n` });
    return outputs;
  }

  /** Says how much was cut, as a clause. */
  cutNotice(): string {
    const mib = (chars: number) => `${(chars / 2 ** 20).toFixed(1)} MiB`;
    return `output cut after ${mib(OUTPUT_LIMIT)}: ${mib(this.dropped)} more were printed and not kept`;
  }

  private addText(name: string, text: string): void {
    this.clearIfAsked();
    // Once something was dropped, nothing follows: the kept part has no holes.
    const room = this.dropped > 0 ? 0 : OUTPUT_LIMIT - this.size;
    const piece = text.slice(0, room);
    this.size += piece.length;
    this.dropped += text.length - piece.length;
    if (piece === '') return;
    const last = this.kept.at(-1);
    if (last?.output_type === 'stream' && last.name === name) last.pieces.push(piece);
    else this.kept.push({ output_type: 'stream', name, pieces: [piece] });
  }

  private addData(type: Shown['output_type'], content: Message['content']): void {
    this.clearIfAsked();
    const output = shown(type, content);
    const size = bundleSize(output.data);
    if (!this.fits(size)) {
      this.dropped += size;
      return;
    }
    this.size += size;
    this.kept.push(output);
    const id = displayId(content);
    if (id !== undefined) this.displays.set(id, [...(this.displays.get(id) ?? []), output]);
  }

  private update(content: Message['content']): void {
    const { data, metadata } = shown('display_data', content);
    if (bundleSize(data) > OUTPUT_LIMIT) return;
    for (const output of this.displays.get(displayId(content) ?? '') ?? []) {
      output.data = data;
      output.metadata = metadata;
    }
  }

  private fits(size: number): boolean {
    return this.dropped === 0 && this.size + size <= OUTPUT_LIMIT;
  }

  private clearIfAsked(): void {
    if (this.clearNext) this.clear();
  }

  private clear(): void {
    this.kept = [];
    this.size = 0;
    this.dropped = 0;
    this.clearNext = false;
  }
}

function shown(type: Shown['output_type'], content: Message['content']): Shown {
  const data = bundle(content.data);
  const metadata = (content.metadata ?? {}) as Record<string, unknown>;
  if (type === 'display_data') return { output_type: type, data, metadata };
  const count = content.execution_count;
  return { output_type: type, execution_count: typeof count === 'number' ? count : null, data, metadata };
}

/** What a cell displays may be anything, but a notebook holds nothing but text under a media type of text. */
function bundle(data: unknown): MimeBundle {
  const entries = Object.entries(data ?? {}).map(([mime, value]) => {
    const fits = typeof value === 'string' || isJsonMime(mime);
    return [mime, fits ? value : JSON.stringify(value)];
  });
  return Object.fromEntries(entries);
}

function displayId(content: Message['content']): string | undefined {
  return (content.transient as { display_id?: string } | undefined)?.display_id;
}

function bundleSize(data: MimeBundle): number {
  const length = (value: unknown) =>
    typeof value === 'string' ? value.length : JSON.stringify(value).length;
  return Object.values(data).reduce<number>((sum, value) => sum + length(value), 0);
}
