import { EAGAIN } from '../base/errno.js';
import { checkByte, checkWhole } from '../base/argument.js';
import { InputError } from '../base/error.js';
import { pageByte, setPageByte } from '../folio/frame.js';
import type { Machine } from '../machine/machine.js';
import { runOperation } from './operation.js';
import { type PinnedPages, pinnedPage, releasePins } from './pins.js';
import { type Pipe, pipePeek, pipeRead } from './pipe.js';

/** A pipe with pages of a process in it, as a notebook holds it: `process.vmsplice(page)`. */
export class PagePipe {
  readonly pipe: Pipe;
  readonly #k: Machine;

  constructor(k: Machine, pipe: Pipe) {
    this.#k = k;
    this.pipe = pipe;
  }

  /** The first byte of the next page; the page stays in the pipe. @throws InputError when the pipe is empty */
  peek(): number {
    return byteOf(pipePeek(this.#k, this.pipe));
  }

  /** The first byte of the next page, which leaves the pipe. @throws InputError when the pipe is empty */
  read(): number {
    return byteOf(runOperation(this.#k, pipeRead(this.#k, this.pipe)));
  }
}

function byteOf(result: number): number {
  if (result === -EAGAIN) throw new InputError('the pipe is empty: every page in it has been read');
  return result;
}

/** Pages that a device holds for a long time, as a notebook does: `process.pin(page)`. */
export class DevicePin {
  readonly #k: Machine;
  #pinned: PinnedPages | undefined;

  constructor(k: Machine, pinned: PinnedPages) {
    this.#k = k;
    this.#pinned = pinned;
  }

  /** What the device reads from its page of this number: the first byte. */
  read(index = 0): number {
    return pageByte(this.#k, this.#frame(index));
  }

  /** The device writes the first byte of its page of this number. */
  write(value: number, index = 0): void {
    checkByte('write', value);
    setPageByte(this.#k, this.#frame(index), value);
  }

  /** Lets the pages go. */
  release(): void {
    runOperation(this.#k, releasePins(this.#k, this.#held()));
    this.#pinned = undefined;
  }

  #held(): PinnedPages {
    if (this.#pinned === undefined) throw new InputError('the pin was released');
    return this.#pinned;
  }

  #frame(index: number): number {
    const held = this.#held();
    checkWhole('pin', 'index', index, 0, held.nrPages - 1);
    return pinnedPage(this.#k, held, index);
  }
}
