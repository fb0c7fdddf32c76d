/** A set of 64-bit keys, by open addressing in one typed array: 12 to 24 bytes a key. */
export class VisitedSet {
  /** Two words a slot; a slot of two zeros is empty. */
  #slots: Int32Array;
  #shift: number;
  #size = 0;

  /** @param bits logarithm of the first number of slots, which doubles when two thirds of them are taken */
  constructor(bits = 14) {
    this.#slots = new Int32Array(2 << bits);
    this.#shift = 32 - bits;
  }

  get size(): number {
    return this.#size;
  }

  /** Adds a key; false if it was there. */
  add(low: number, high: number): boolean {
    if (low === 0 && high === 0) high = 1;
    const slots = this.#slots;
    const mask = slots.length - 1;
    let at = home(low, high, this.#shift);
    for (;;) {
      const l = slots[at]!;
      const h = slots[at + 1]!;
      if (l === low && h === high) return false;
      if (l === 0 && h === 0) break;
      at = (at + 2) & mask;
    }
    slots[at] = low;
    slots[at + 1] = high;
    if (++this.#size * 3 > slots.length) this.#grow();
    return true;
  }

  /** Low and high word of every key, one after another. */
  keys(): Int32Array {
    const out = new Int32Array(2 * this.#size);
    let to = 0;
    for (let from = 0; from < this.#slots.length; from += 2) {
      if (this.#slots[from] === 0 && this.#slots[from + 1] === 0) continue;
      out[to++] = this.#slots[from]!;
      out[to++] = this.#slots[from + 1]!;
    }
    return out;
  }

  #grow(): void {
    const old = this.#slots;
    const slots = new Int32Array(old.length * 2);
    const mask = slots.length - 1;
    this.#shift--;
    for (let from = 0; from < old.length; from += 2) {
      const l = old[from]!;
      const h = old[from + 1]!;
      if (l === 0 && h === 0) continue;
      let at = home(l, h, this.#shift);
      while (slots[at] !== 0 || slots[at + 1] !== 0) at = (at + 2) & mask;
      slots[at] = l;
      slots[at + 1] = h;
    }
    this.#slots = slots;
  }
}

function home(low: number, high: number, shift: number): number {
  return (Math.imul(low ^ (high >>> 15), 0x9e37_79b1) >>> shift) << 1;
}
