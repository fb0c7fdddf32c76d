/** Random numbers that are the same on every run: one sequence for each seed (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number, sequence = 0) {
    this.#state = (Math.imul(seed, 0x9e37_79b1) ^ Math.imul(sequence + 1, 0x85eb_ca6b)) | 0;
  }

  /** 0 … n-1. */
  below(n: number): number {
    this.#state = (this.#state + 0x6d2b_79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * n);
  }

  /** The numbers below n in some order. */
  shuffled(n: number): number[] {
    const out = Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [out[i], out[j]] = [out[j]!, out[i]!];
    }
    return out;
  }
}
