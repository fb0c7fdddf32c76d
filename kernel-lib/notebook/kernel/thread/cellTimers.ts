import { createHook } from 'node:async_hooks';

/** How many timers of a cell are kept before the finished ones among them are looked for. */
const FIRST_SWEEP = 1024;

/** The timers that a cell has started, however it did: with a global function, a module or a promise. */
export class CellTimers {
  private timers: WeakRef<object>[] = [];
  private nextSweep = FIRST_SWEEP;

  add(timer: object): void {
    this.timers.push(new WeakRef(timer));
    if (this.timers.length < this.nextSweep) return;
    this.timers = this.timers.filter((ref) => ref.deref());
    this.nextSweep = Math.max(FIRST_SWEEP, 2 * this.timers.length);
  }

  /** Stops those that have not fired; what waits for them waits for ever. */
  cancel(): void {
    for (const ref of this.timers) {
      const timer = ref.deref();
      clearTimeout(timer as NodeJS.Timeout | undefined);
      clearImmediate(timer as NodeJS.Immediate | undefined);
    }
    this.timers = [];
  }
}

/** Calls `onTimer` for each timer that is started from now on, in the context that starts it. */
export function watchTimers(onTimer: (timer: object) => void): void {
  createHook({
    init: (_asyncId, type, _trigger, resource) => {
      if (type === 'Timeout' || type === 'Immediate') onTimer(resource);
    },
  }).enable();
}
