import { format } from 'node-inspect-extracted';
import { escapeHtml } from '../../view/html.js';
import { mimeBundle, type MimeBundle } from '../../view/mime.js';
import type { Output, StreamOutput } from '../nbformat.js';
import { outputHtml } from '../site/outputs.js';
import { report } from './port.js';

/** A page shows this many characters of a cell; more would only make it slow. */
const OUTPUT_LIMIT = 1 << 20;

/** The outputs of a running cell, in the order in which it makes them. */
export class CellOutput {
  readonly #cell: string;
  #room = OUTPUT_LIMIT;
  #pending = 0;
  #sent: Promise<void> = Promise.resolve();

  constructor(cell: string) {
    this.#cell = cell;
  }

  stream(name: 'stdout' | 'stderr', text: string): void {
    if (this.#room <= 0) return;
    this.#room -= text.length;
    this.#send({ output_type: 'stream', name, text });
    if (this.#room <= 0)
      this.#send({
        output_type: 'stream',
        name: 'stderr',
        text: '[output cut: a page shows no more of a cell]\n',
      });
  }

  show(value: unknown): void {
    this.#send({ output_type: 'display_data', data: bundleOf(value), metadata: {} });
  }

  fail(thrown: unknown): void {
    const error = thrown instanceof Error ? thrown : undefined;
    const ename = error ? error.name : typeof thrown;
    this.#send({
      output_type: 'error',
      ename,
      evalue: error ? error.message : format(thrown),
      traceback: [],
    });
  }

  /** Everything is with the page. */
  finished(): Promise<void> {
    return this.#sent;
  }

  #send(output: Output): void {
    // Texts at once where nothing is before them: a loop without end is to be seen while it runs.
    if (output.output_type === 'stream' && this.#pending === 0) return this.#print(output);
    this.#pending++;
    this.#sent = this.#sent.then(() => this.#post(output)).finally(() => this.#pending--);
  }

  async #post(output: Output): Promise<void> {
    if (output.output_type === 'stream') return this.#print(output);
    const html = await outputHtml(output, (source) => `<pre>${escapeHtml(source)}</pre>`);
    report({ type: 'output', cell: this.#cell, html });
  }

  #print({ name, text }: StreamOutput): void {
    report({ type: 'output', cell: this.#cell, html: '', stream: name, text: String(text) });
  }
}

function bundleOf(value: unknown): MimeBundle {
  const method: unknown =
    typeof value === 'object' && value !== null ? Reflect.get(value, mimeBundle) : undefined;
  if (typeof method !== 'function') return { 'text/plain': format(value) };
  const bundle = Reflect.apply(method, value, []) as MimeBundle;
  return 'text/plain' in bundle ? bundle : { 'text/plain': format(value), ...bundle };
}
