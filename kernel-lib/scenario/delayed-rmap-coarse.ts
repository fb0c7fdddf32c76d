import { State } from '../explore/state.js';
import type { TransitionSystem } from '../explore/system.js';

/**
 * The lost-dirty race of delayed rmap as a transition system written by hand: CPU 0 zaps N shared file pages, CPU 1
 * stores through its TLB, CPU 2 writes every page back. Program counters and locals are words of the state, so that
 * other explorers of the same steps count the same states and transitions.
 */
export interface CoarseOptions {
  /** Pages, 1 … 4. */
  readonly pages: number;
  /** Stores of the user in all. */
  readonly stores: number;
  /** Whether the reverse mapping goes after the TLB flush, as since 5df397dec7c4. */
  readonly late: boolean;
}

// The words of the state: single ones first, then one group of each kind, a word per page.
const PTL = 0;
const ZAP_PC = 1;
const ZAP_I = 2;
const ZAP_DIRTY = 3;
const USER_PC = 4;
const USER_STORES = 5;
const USER_I = 6;
const USER_PRESENT = 7;
const CLEAN_PC = 8;
const CLEAN_I = 9;
const CLEAN_DIRTY = 10;
const CLEAN_WAS = 11;
const PAGES = 12;

/** Where a thread has ended. */
const END = 15;

export class CoarseDelayedRmap implements TransitionSystem {
  readonly threads = ['zap', 'user', 'clean'];
  readonly state: State;
  readonly #pages: number;
  readonly #stores: number;
  readonly #late: boolean;
  readonly #present: number;
  readonly #writable: number;
  readonly #pteDirty: number;
  readonly #mapped: number;
  readonly #folioDirty: number;
  readonly #unsaved: number;
  readonly #tlb: number;
  readonly #folioLock: number;

  constructor({ pages, stores, late }: CoarseOptions) {
    this.#pages = pages;
    this.#stores = stores;
    this.#late = late;
    const group = (n: number) => PAGES + n * pages;
    this.#present = group(0);
    this.#writable = group(1);
    this.#pteDirty = group(2);
    this.#mapped = group(3);
    this.#unsaved = group(4);
    this.#tlb = group(5);
    this.#folioDirty = group(6);
    this.#folioLock = group(7);
    this.state = new State(new Int32Array(group(8)).fill(1, group(0), group(6)));
  }

  done(thread: number): boolean {
    return this.state.words[[ZAP_PC, USER_PC, CLEAN_PC][thread]!] === END;
  }

  /** Pages whose newest data no dirty bit remembers, once every thread has ended. */
  lostPages(): number {
    const { words } = this.state;
    let lost = 0;
    for (let i = 0; i < this.#pages; i++)
      if (words[this.#unsaved + i] && !words[this.#folioDirty + i] && !words[this.#pteDirty + i]) lost++;
    return lost;
  }

  step(thread: number, branch: number): number {
    return thread === 0 ? this.#zap() : thread === 1 ? this.#user(branch) : this.#clean();
  }

  #zap(): number {
    const { state } = this;
    const { words } = state;
    const i = words[ZAP_I]!;
    const more = i < this.#pages;
    switch (words[ZAP_PC]) {
      case 0:
        if (words[PTL] !== 0) return 0;
        state.set(PTL, 1);
        state.set(ZAP_PC, 1);
        return 1;
      case 1:
        if (!more) return this.#zapTo(this.#late ? 5 : 7, 0);
        state.set(ZAP_DIRTY, words[this.#pteDirty + i]!);
        state.set(this.#present + i, 0);
        state.set(this.#writable + i, 0);
        state.set(this.#pteDirty + i, 0);
        state.set(ZAP_PC, 2);
        return 1;
      case 2:
        if (words[ZAP_DIRTY] !== 0) state.set(this.#folioDirty + i, 1);
        state.set(ZAP_DIRTY, 0);
        return this.#late ? this.#zapTo(1, i + 1) : this.#zapTo(3, i);
      case 3:
        state.set(this.#mapped + i, 0);
        return this.#zapTo(1, i + 1);
      case 5:
        if (!more) return this.#zapTo(6, 0);
        state.set(this.#tlb + i, 0);
        return this.#zapTo(5, i + 1);
      case 6:
        if (!more) return this.#zapTo(7, 0);
        state.set(this.#mapped + i, 0);
        return this.#zapTo(6, i + 1);
      case 7:
        state.set(PTL, 0);
        return this.#zapTo(this.#late ? END : 8, 0);
      case 8:
        if (!more) return this.#zapTo(END, 0);
        state.set(this.#tlb + i, 0);
        return this.#zapTo(8, i + 1);
      default:
        return 0;
    }
  }

  #zapTo(pc: number, i: number): number {
    this.state.set(ZAP_PC, pc);
    this.state.set(ZAP_I, i);
    return 1;
  }

  #user(branch: number): number {
    const { state } = this;
    const { words } = state;
    const i = words[USER_I]!;
    switch (words[USER_PC]) {
      case 0:
        if (words[USER_STORES] === this.#stores) {
          state.set(USER_STORES, 0);
          state.set(USER_I, 0);
          return this.#userTo(END);
        }
        state.set(USER_I, branch);
        this.#userTo(1);
        return this.#pages;
      case 1:
        return this.#userTo(this.#store(i));
      case 2:
        if (words[this.#folioLock + i] !== 0) return 0;
        state.set(this.#folioLock + i, 1);
        return this.#userTo(3);
      case 3:
        if (words[PTL] !== 0) return 0;
        state.set(PTL, 1);
        return this.#userTo(4);
      case 4:
        if (words[this.#present + i] !== 0) {
          state.set(this.#writable + i, 1);
          state.set(this.#pteDirty + i, 1);
          state.set(USER_PRESENT, 1);
        }
        return this.#userTo(5);
      case 5:
        state.set(PTL, 0);
        this.#userTo(words[USER_PRESENT] !== 0 ? 7 : 8);
        state.set(USER_PRESENT, 0);
        return 1;
      case 6:
        state.set(USER_STORES, words[USER_STORES]! + 1);
        state.set(USER_I, 0);
        return this.#userTo(0);
      case 7:
        state.set(this.#folioDirty + i, 1);
        return this.#userTo(8);
      case 8:
        state.set(this.#folioLock + i, 0);
        return this.#userTo(6);
      default:
        return 0;
    }
  }

  /** One store to page i; gives the next program counter. */
  #store(i: number): number {
    const { state } = this;
    const { words } = state;
    if (words[this.#tlb + i] === 0) {
      if (words[this.#present + i] === 0) return 6;
      if (words[this.#writable + i] === 0) return 2;
      state.set(this.#pteDirty + i, 1);
      state.set(this.#tlb + i, 1);
    }
    state.set(this.#unsaved + i, 1);
    return 6;
  }

  #userTo(pc: number): number {
    this.state.set(USER_PC, pc);
    return 1;
  }

  #clean(): number {
    const { state } = this;
    const { words } = state;
    const i = words[CLEAN_I]!;
    switch (words[CLEAN_PC]) {
      case 0:
        if (i < this.#pages) return this.#cleanTo(1);
        state.set(CLEAN_I, 0);
        return this.#cleanTo(END);
      case 1:
        if (words[this.#folioLock + i] !== 0) return 0;
        state.set(this.#folioLock + i, 1);
        return this.#cleanTo(2);
      case 2:
        return this.#cleanTo(words[this.#mapped + i] !== 0 ? 3 : 7);
      case 3:
        if (words[PTL] !== 0) return 0;
        state.set(PTL, 1);
        return this.#cleanTo(4);
      case 4:
        return this.#cleanTo(this.#cleanPte(i) ? 5 : 6);
      case 5:
        state.set(this.#tlb + i, 0);
        return this.#cleanTo(6);
      case 6:
        state.set(PTL, 0);
        return this.#cleanTo(7);
      case 7:
        if (words[CLEAN_DIRTY] !== 0) state.set(this.#folioDirty + i, 1);
        state.set(CLEAN_DIRTY, 0);
        return this.#cleanTo(8);
      case 8:
        state.set(CLEAN_WAS, words[this.#folioDirty + i]!);
        state.set(this.#folioDirty + i, 0);
        return this.#cleanTo(9);
      case 9:
        if (words[CLEAN_WAS] !== 0) state.set(this.#unsaved + i, 0);
        state.set(CLEAN_WAS, 0);
        return this.#cleanTo(10);
      case 10:
        state.set(this.#folioLock + i, 0);
        return this.#cleanTo(11);
      case 11:
        state.set(CLEAN_I, i + 1);
        return this.#cleanTo(0);
      default:
        return 0;
    }
  }

  /** Cleans and write-protects the entry of page i, unless it is already. */
  #cleanPte(i: number): boolean {
    const { state } = this;
    const { words } = state;
    const dirty = words[this.#pteDirty + i]!;
    if (words[this.#present + i] === 0 || (dirty === 0 && words[this.#writable + i] === 0)) return false;
    state.set(CLEAN_DIRTY, dirty);
    state.set(this.#pteDirty + i, 0);
    state.set(this.#writable + i, 0);
    return true;
  }

  #cleanTo(pc: number): number {
    this.state.set(CLEAN_PC, pc);
    return 1;
  }
}
