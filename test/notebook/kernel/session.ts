import { EventEmitter, once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { Kernel } from '../../../kernel-lib/notebook/client/kernel.js';
import type { Message } from '../../../kernel-lib/notebook/client/wire.js';
import { kernelArgv } from '../../../kernel-lib/notebook/kernel/spec.js';

type Content = Record<string, any>; // eslint-disable-line @typescript-eslint/no-explicit-any

/** What a front end sees of one cell. */
export class CellView extends EventEmitter<{ message: [Message]; error: [unknown] }> {
  readonly messages: Message[] = [];
  /** The content of the `execute_reply`. */
  reply: Content = {};

  readonly add = (message: Message): void => {
    this.messages.push(message);
    this.emit('message', message);
  };

  /** The contents of the cell's messages of one type. */
  all(type: string): Content[] {
    return this.messages.filter(({ header }) => header.msg_type === type).map(({ content }) => content);
  }

  types(): string[] {
    return this.messages.map(({ header }) => header.msg_type);
  }

  /** All text of one stream. */
  text(name: 'stdout' | 'stderr' = 'stdout'): string {
    const streams = this.all('stream').filter((content) => content.name === name);
    return streams.map(({ text }) => text as string).join('');
  }

  /** The text form of the cell's result. */
  get result(): string | undefined {
    return this.all('execute_result')[0]?.data['text/plain'];
  }

  /** Resolves when the cell's messages, also late ones, fulfil the condition. */
  async until(condition: (cell: CellView) => boolean): Promise<void> {
    while (!condition(this)) await once(this, 'message');
  }
}

/** A real kernel in a new folder, for all tests of a file. */
export interface Session {
  readonly kernel: Kernel;
  readonly folder: string;
  /** Runs a cell; resolves when the kernel is idle again. */
  run(code: string, options?: { readonly stopOnError?: boolean }): Promise<CellView>;
  /** Starts a cell; `ended` resolves as {@link run} does. */
  start(code: string): { readonly cell: CellView; readonly ended: Promise<CellView> };
  ask(type: string, content: Content, channel?: 'shell' | 'control'): Promise<Content>;
}

/** Starts a kernel before the tests of a file and ends it after them. */
export function useKernel(): Session {
  const running: { kernel?: Kernel; folder?: string } = {};
  beforeAll(async () => {
    running.folder = mkdtempSync(join(tmpdir(), 'faultbook-notebook-'));
    running.kernel = await Kernel.start({
      argv: kernelArgv,
      cwd: running.folder,
      signal: new AbortController().signal,
    });
  });
  afterAll(async () => {
    await running.kernel?.close();
    if (running.folder) rmSync(running.folder, { recursive: true });
  });
  return sessionOf(running);
}

function sessionOf(running: { kernel?: Kernel; folder?: string }): Session {
  const begin = (code: string, stopOnError: boolean) => {
    const cell = new CellView();
    const ended = running.kernel!.execute(code, !stopOnError, cell.add).then(({ content }) => {
      cell.reply = content;
      return cell;
    });
    // Whoever waits for a message of a dead kernel learns of it.
    ended.catch((err) => cell.listenerCount('error') > 0 && cell.emit('error', err));
    return { cell, ended };
  };
  return {
    get kernel() {
      return running.kernel!;
    },
    get folder() {
      return running.folder!;
    },
    run: (code, { stopOnError = true } = {}) => begin(code, stopOnError).ended,
    start: (code) => begin(code, true),
    ask: async (type, content, channel = 'shell') =>
      (await running.kernel!.ask(type, content, undefined, channel)).content,
  };
}
