import type { PublishedType, StreamText } from './messages.js';

/** Sends one message that belongs to the cell. */
export type SendOutput = (
  msgType: PublishedType | 'stream',
  content: Readonly<Record<string, unknown>>,
) => void;

/** Texts of one stream that come within this time travel in one message, in milliseconds. */
const COALESCE_TIME = 20;
/** Largest stream message, in UTF-16 units. */
const CHUNK = 1 << 20;

type Entry =
  | { readonly kind: 'stream'; readonly name: StreamText['name']; readonly parts: string[] }
  | { readonly kind: 'message'; readonly msgType: PublishedType; readonly json: string }
  | { readonly kind: 'held'; readonly slot: number };

/**
 * The outputs of one cell, in the order in which the cell made them. Texts are gathered into few messages; a held
 * place keeps back what comes after it until it is filled.
 */
export class CellOutput {
  private readonly send: SendOutput;
  private entries: Entry[] = [];
  private timer: NodeJS.Timeout | undefined;

  constructor(send: SendOutput) {
    this.send = send;
  }

  stream(name: StreamText['name'], text: string): void {
    const last = this.entries.at(-1);
    if (last?.kind === 'stream' && last.name === name) last.parts.push(text);
    else this.entries.push({ kind: 'stream', name, parts: [text] });
    this.timer ??= setTimeout(() => this.flush(), COALESCE_TIME);
  }

  publish(msgType: PublishedType, json: string): void {
    this.entries.push({ kind: 'message', msgType, json });
    this.flush();
  }

  hold(slot: number): void {
    this.entries.push({ kind: 'held', slot });
  }

  /** Puts a message in a held place, or nothing. */
  fill(slot: number, message?: { readonly msgType: PublishedType; readonly json: string }): void {
    const at = this.entries.findIndex((entry) => entry.kind === 'held' && entry.slot === slot);
    if (at < 0) return;
    this.entries.splice(at, 1, ...(message ? [{ kind: 'message', ...message } as const] : []));
    this.flush();
  }

  /** Gives up all held places and sends what is left: the cell has ended. */
  finish(): void {
    this.entries = this.entries.filter((entry) => entry.kind !== 'held');
    this.flush();
  }

  /** Sends what is there, up to a held place. */
  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const held = this.entries.findIndex((entry) => entry.kind === 'held');
    const ready = this.entries.splice(0, held < 0 ? this.entries.length : held);
    for (const entry of ready) {
      if (entry.kind === 'stream') this.sendText(entry.name, entry.parts.join(''));
      else if (entry.kind === 'message') this.send(entry.msgType, JSON.parse(entry.json));
    }
  }

  private sendText(name: StreamText['name'], text: string): void {
    for (let from = 0; from < text.length;) {
      let to = Math.min(from + CHUNK, text.length);
      // The two halves of a surrogate pair stay together.
      if (to < text.length && isHighSurrogate(text.charCodeAt(to - 1))) to++;
      this.send('stream', { name, text: text.slice(from, to) });
      from = to;
    }
  }
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}
