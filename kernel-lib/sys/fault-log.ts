import type { FaultEvent, FaultFunction } from '../machine/machine.js';

/** Words of a fault in the log. */
const PID = 0;
const ADDRESS_LOW = 1;
const ADDRESS_HIGH = 2;
const FLAGS = 3;
const RESULT = 4;
const MAJOR = 5;
const WAY = 6;
const EVENT_WORDS = 8;

const FIRST_EVENTS = 2 ** 8;
const MOST_EVENTS = 2 ** 16;
const HIGH = 0x1_0000_0000;

/**
 * The faults that a machine has completed. They are noted as words and become objects when somebody asks for them: an
 * object that is kept costs as much as the fault that it is about, most of it in the garbage collector.
 */
export class FaultLog {
  /** Parts that are full, and the one that is being filled up to its word `#end`. */
  #full: Int32Array[] = [];
  #part = new Int32Array(0);
  #end = 0;
  /** Every way that a fault has gone, and the number of each. */
  readonly #ways: (readonly FaultFunction[])[] = [];
  readonly #numbers = new Map<readonly FaultFunction[], number>();
  #lastWay = -1;
  readonly #events: FaultEvent[] = [];

  note({ pid, address, flags, result, major, way }: FaultEvent): void {
    if (this.#end === this.#part.length) this.#nextPart();
    const part = this.#part;
    const at = this.#end;
    part[at + PID] = pid;
    part[at + ADDRESS_LOW] = address;
    part[at + ADDRESS_HIGH] = Math.floor(address / HIGH);
    part[at + FLAGS] = flags;
    part[at + RESULT] = result;
    part[at + MAJOR] = major ? 1 : 0;
    part[at + WAY] = this.#ways[this.#lastWay] === way ? this.#lastWay : this.#numberOf(way);
    this.#end = at + EVENT_WORDS;
  }

  /** All faults, oldest first: the same list every time, with what has been noted meanwhile. */
  get events(): readonly FaultEvent[] {
    for (const part of this.#full) this.#unpack(part, part.length);
    this.#unpack(this.#part, this.#end);
    this.#full = [];
    this.#end = 0;
    return this.#events;
  }

  #nextPart(): void {
    const { length } = this.#part;
    if (length > 0) this.#full.push(this.#part);
    this.#part = new Int32Array(
      Math.min(Math.max(2 * length, FIRST_EVENTS * EVENT_WORDS), MOST_EVENTS * EVENT_WORDS),
    );
    this.#end = 0;
  }

  #numberOf(way: readonly FaultFunction[]): number {
    let number = this.#numbers.get(way);
    if (number === undefined) {
      number = this.#ways.push(way) - 1;
      this.#numbers.set(way, number);
    }
    this.#lastWay = number;
    return number;
  }

  #unpack(part: Int32Array, end: number): void {
    for (let at = 0; at < end; at += EVENT_WORDS) {
      this.#events.push({
        pid: part[at + PID]!,
        address: part[at + ADDRESS_HIGH]! * HIGH + (part[at + ADDRESS_LOW]! >>> 0),
        flags: part[at + FLAGS]!,
        result: part[at + RESULT]!,
        major: part[at + MAJOR] === 1,
        way: this.#ways[part[at + WAY]!]!,
      });
    }
  }
}
