/**
 * The state of an exploration: words that change only through `set`, which keeps an undo log and a hash up to date.
 * Going one step forward or back costs what the step wrote, whatever the size of the state.
 *
 * The hash is a sum over all words of (scrambled value x the address's own odd weight), twice, modulo 2^32: states
 * that differ in one word never collide, others with a probability of about 2^-64 a pair.
 */
export class State {
  readonly words: Int32Array;
  /** The two halves of the hash, relative to the first state, whose hash is 0. */
  low = 0;
  high = 0;
  readonly #weights: Int32Array;
  /** Address and old value of every change since the first state. */
  #log: Int32Array = new Int32Array(1 << 10);
  #top = 0;
  /** Length of the log and hash at every push. */
  #marks: Int32Array = new Int32Array(1 << 10);
  #nrMarks = 0;

  /** @param hashed says which addresses count for the identity of a state; all, unless a test makes a mistake */
  constructor(words: Int32Array, hashed: (address: number) => boolean = () => true) {
    this.words = words;
    this.#weights = weights(words.length, hashed);
  }

  set(address: number, value: number): void {
    const { words } = this;
    const old = words[address]!;
    if (old === value) return;
    if (this.#top === this.#log.length) this.#log = grown(this.#log);
    this.#log[this.#top++] = address;
    this.#log[this.#top++] = old;
    words[address] = value;
    const difference = (scramble(value) - scramble(old)) | 0;
    this.low = (this.low + Math.imul(difference, this.#weights[2 * address]!)) | 0;
    this.high = (this.high + Math.imul(difference, this.#weights[2 * address + 1]!)) | 0;
  }

  /** What a word's change from an earlier value is in the two halves of the hash. */
  share(address: number, from: number): { readonly low: number; readonly high: number } {
    const difference = (scramble(this.words[address]!) - scramble(from)) | 0;
    return {
      low: Math.imul(difference, this.#weights[2 * address]!),
      high: Math.imul(difference, this.#weights[2 * address + 1]!),
    };
  }

  /** Remembers this state for `pop`. */
  push(): void {
    if (this.#nrMarks + 3 > this.#marks.length) this.#marks = grown(this.#marks);
    const marks = this.#marks;
    marks[this.#nrMarks] = this.#top;
    marks[this.#nrMarks + 1] = this.low;
    marks[this.#nrMarks + 2] = this.high;
    this.#nrMarks += 3;
  }

  /** Goes back to the state of the last `push` and forgets it. */
  pop(): void {
    const marks = this.#marks;
    this.#nrMarks -= 3;
    const until = marks[this.#nrMarks]!;
    this.low = marks[this.#nrMarks + 1]!;
    this.high = marks[this.#nrMarks + 2]!;
    const { words } = this;
    const log = this.#log;
    let top = this.#top;
    while (top > until) {
      top -= 2;
      words[log[top]!] = log[top + 1]!;
    }
    this.#top = top;
  }

  /** Goes back to the first state. */
  rewind(): void {
    while (this.#nrMarks > 0) this.pop();
  }
}

/** A bijection of 32-bit words that leaves few of their patterns. */
function scramble(value: number): number {
  const product = Math.imul(value ^ (value >>> 16), 0x85eb_ca6b);
  return product ^ (product >>> 13);
}

function grown(array: Int32Array): Int32Array {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
}

/** Two odd weights an address, from a fixed seed: the same on every run. 0 for what is not hashed. */
function weights(n: number, hashed: (address: number) => boolean): Int32Array {
  const out = new Int32Array(2 * n);
  let x = 0x2545_f491;
  for (let i = 0; i < out.length; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    out[i] = hashed(i >> 1) ? Math.imul(x, 0x9e37_79b1) | 1 : 0;
  }
  return out;
}
