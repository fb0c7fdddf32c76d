import type { FaultFunction } from '../machine/machine.js';

/** Some functions in the order in which faults went through them, and where faults went from there. */
interface Ways {
  readonly functions: readonly FaultFunction[];
  readonly onward: Map<FaultFunction, Ways>;
}

const start: Ways = { functions: Object.freeze<FaultFunction[]>([]), onward: new Map() };

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
    this.#taken = this.#taken.onward.get(name) ?? branch(this.#taken, name);
  }
}

function branch({ functions, onward }: Ways, name: FaultFunction): Ways {
  const ways: Ways = { functions: Object.freeze([...functions, name]), onward: new Map() };
  onward.set(name, ways);
  return ways;
}
