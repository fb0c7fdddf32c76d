import { InputError } from '../base/error.js';
import type { Mem } from './mem.js';

/** A named piece of machine state, e.g. the frames' reference counts. */
export interface Region {
  readonly name: string;
  /** Global index of its first word. */
  readonly start: number;
  readonly length: number;
}

/**
 * One zeroed buffer that a machine's whole state is cut from, so that every word has a global index (its byte offset
 * divided by four) and two machines that were built alike can be compared word by word. The operating system hands
 * out the buffer's pages on first touch: a large arena costs nothing before it is used.
 */
export class Arena {
  readonly buffer: ArrayBuffer;
  readonly regions: Region[] = [];
  #used = 0;

  /**
   * @param words capacity, in 32-bit words
   * @throws InputError where there is no room for so many, touched or not
   */
  constructor(words: number) {
    try {
      this.buffer = new ArrayBuffer(words * 4);
    } catch {
      const gib = (words / 2 ** 28).toFixed(1);
      throw new InputError(
        `the machine needs ${gib} GiB of address space, which are not to be had here: boot a smaller one`,
      );
    }
  }

  /** Words handed out so far. */
  get used(): number {
    return this.#used;
  }

  /**
   * Cuts the next `length` words, all zero.
   *
   * @param name what they hold, for people: it stands in printed state differences
   */
  words(name: string, length: number): Mem {
    const start = this.#used;
    if ((start + length) * 4 > this.buffer.byteLength)
      throw new InputError(
        `arena: ${name} wants ${length} words; ${this.buffer.byteLength / 4 - start} are left of ${this.buffer.byteLength / 4}`,
      );
    this.#used += length;
    this.regions.push({ name, start, length });
    return new Int32Array(this.buffer, start * 4, length);
  }

  /** All words handed out, for comparing, hashing and restoring: not for kernel code. */
  all(): Int32Array {
    return new Int32Array(this.buffer, 0, this.#used);
  }

  /** The name of a word, e.g. `folio.refcount[3]`. */
  nameOf(address: number): string {
    const region = this.regions.find((r) => address >= r.start && address < r.start + r.length);
    return region ? `${region.name}[${address - region.start}]` : `word ${address}`;
  }
}
