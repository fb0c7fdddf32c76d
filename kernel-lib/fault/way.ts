import type { FaultFunction } from '../machine/machine.js';

/** Some functions in the order in which faults went through them, and where faults went from there. */
interface Ways {
  readonly functions: readonly FaultFunction[];
  readonly onward: Map<FaultFunction, Ways>;
  /** Where the last fault went from there, most often that of the next one, too; a map is slower to ask. */
  last: { readonly name: FaultFunction; readonly ways: Ways } | undefined;
}

const start: Ways = { functions: Object.freeze<FaultFunction[]>([]), onward: new Map(), last: undefined };

/**
 * MODEL: the way of one fault, for whoever looks at faults. Ways are few and faults are many: faults that went the same
 * way share one list.
 */
export class FaultWay {
  #taken = start;

  /** The functions so far, first to last. */
  get functions(): readonly FaultFunction[] {
    return this.#taken.functions;
  }

  /** Notes that the fault goes through a function. */
  push(name: FaultFunction): void {
    const { last } = this.#taken;
    this.#taken = last?.name === name ? last.ways : turn(this.#taken, name);
  }
}

function turn(from: Ways, name: FaultFunction): Ways {
  const ways = from.onward.get(name) ?? branch(from, name);
  from.last = { name, ways };
  return ways;
}

function branch({ functions, onward }: Ways, name: FaultFunction): Ways {
  const ways: Ways = {
    functions: Object.freeze([...functions, name]),
    onward: new Map(),
    last: undefined,
  };
  onward.set(name, ways);
  return ways;
}
