import { VmBug } from '../base/error.js';
import type { Result } from '../step/watch.js';
import type { Identity } from './system.js';

/** What stands for an address where an entry is no word that was read. */
export const CHOICE = -1;
/** A call under way of which its result alone will stay; its value is how often the operation had been resumed. */
const CALL = -2;
/** What such a call gave when it ended; what stood behind its CALL is gone. */
const RESULT = -3;

/**
 * What an operation has learnt of the world since it began: values of words, choices, results of calls. Kernel code
 * is a deterministic function of it. A history is its last entry; equal histories are one object.
 */
export class History {
  readonly before: History | undefined;
  readonly address: number;
  readonly value: Result;
  /** A hash of all of it, the same in every process. */
  readonly meaning: Identity;
  /** The innermost call under way; the first entry where there is none. */
  readonly #call: History;
  readonly #next = new Map<string, History>();

  private constructor(before: History | undefined, address: number, value: Result, meaning: Identity) {
    this.before = before;
    this.address = address;
    this.value = value;
    this.meaning = meaning;
    this.#call = address === CALL || before === undefined ? this : before.#call;
  }

  /** Of an operation that has learnt nothing yet. @param operation its number in the thread */
  static start(operation: number): History {
    return new History(undefined, CHOICE, operation, hashed({ low: 1, high: 1 }, operation));
  }

  /** A word was read, or a choice made. */
  read(address: number, value: number): History {
    return this.#then(address, value);
  }

  /** A call begins. @param resumptions how often the operation has been resumed */
  enter(resumptions: number): History {
    return this.#then(CALL, resumptions);
  }

  /** The innermost call ends. @returns also how often a new operation is to be resumed to be there */
  leave(result: Result): { readonly history: History; readonly resumptions: number } {
    const call = this.#call;
    if (call.before === undefined) throw new VmBug('a call ends that did not begin');
    return { history: call.before.#then(RESULT, result), resumptions: call.value as number };
  }

  get isCall(): boolean {
    return this.address === CALL;
  }

  get isResult(): boolean {
    return this.address === RESULT;
  }

  #then(address: number, value: Result): History {
    const key = `${address} ${typeof value} ${value}`;
    const known = this.#next.get(key);
    if (known) return known;
    const next = new History(
      this,
      address,
      value,
      wordsOf(value).reduce(hashed, hashed(this.meaning, address)),
    );
    this.#next.set(key, next);
    return next;
  }
}

/** From the first entry on. */
export function entriesOf(history: History): History[] {
  const all: History[] = [];
  for (let at = history; at.before !== undefined; at = at.before) all.push(at);
  return all.reverse();
}

/** A value as words, so that different values of one type differ. */
function wordsOf(value: Result): number[] {
  if (typeof value === 'number' && (value | 0) === value) return [value];
  return [...String(value)].map((letter) => letter.codePointAt(0)!);
}

/** One more word in a hash of 64 bits. */
export function hashed({ low, high }: Identity, word: number): Identity {
  const mixed = Math.imul(word ^ (word >>> 16), 0x85eb_ca6b);
  return {
    low: Math.imul(low ^ mixed ^ (low >>> 15), 0x9e37_79b1) + 1,
    high: Math.imul((high + mixed) ^ (high >>> 13), 0xc2b2_ae35) ^ word,
  };
}
