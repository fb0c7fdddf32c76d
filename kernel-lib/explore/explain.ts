import { vmBug } from '../base/error.js';
import type { Arena } from '../step/arena.js';
import type { Steps, ThreadProgram } from './program.js';
import { History } from './history.js';
import { type Progress, runStep } from './run-step.js';
import type { Decision } from './schedule.js';
import { type Frame, framesOnStack } from './stack.js';

/** A load or store of kernel code. */
export interface Access {
  readonly address: number;
  /** What was stored; absent for a load. */
  readonly value?: number;
  /** The Step functions in which it happened, innermost first. */
  readonly calls: readonly Frame[];
}

/** One step, as it ran. */
export interface ExplainedStep {
  readonly thread: number;
  readonly branch: number;
  readonly accesses: readonly Access[];
  /** How kernel code broke a promise of its own in this step. */
  readonly failure?: string;
}

/**
 * Runs a schedule in the stepped build itself, one generator a thread, and shows where each word is read and
 * written. Memory is left as the schedule leaves it.
 *
 * @param arena holds a machine of its own, in the state in which the threads begin
 * @param schedule one that `replay` accepts
 * @param afterStep called after each step, when memory is as the step left it
 */
export function explainSchedule(
  arena: Arena,
  programs: readonly ThreadProgram[],
  schedule: readonly Decision[],
  afterStep: (step: ExplainedStep) => void,
): void {
  const words = arena.all();
  const threads = programs.map((program) => new Running(program));
  for (const { thread, branch } of schedule)
    afterStep({ thread, branch, ...threads[thread]!.step(words, branch) });
}

/** A thread with a generator that is never rewound. */
class Running {
  readonly #program: ThreadProgram;
  #operation = -1;
  #steps: Steps | undefined;
  #progress: Progress | undefined;

  constructor(program: ThreadProgram) {
    this.#program = program;
  }

  step(words: Int32Array, branch: number): Omit<ExplainedStep, 'thread' | 'branch'> {
    this.#program.enter?.();
    this.#steps ??= this.#program.operations[++this.#operation]!();
    const accesses: Access[] = [];
    const see = (address: number, value?: number) => {
      accesses.push({ address, ...(value === undefined ? {} : { value }), calls: callers() });
    };
    this.#progress ??= { history: History.start(this.#operation), resumptions: 0 };
    const step = runStep(this.#steps, this.#progress, words, branch, see);
    const { outcome, writes, why } = step;
    if (outcome === 'blocked') throw vmBug`${this.#program.name} waits for ${why} where it went on before`;
    for (let i = 0; i < writes.length; i += 2) words[writes[i]!] = writes[i + 1]!;
    this.#progress = outcome === 'done' ? undefined : step;
    if (outcome === 'done') this.#steps = undefined;
    return outcome === 'failed' ? { accesses, failure: why } : { accesses };
  }
}

/** Functions of the barrier itself, which stand between an access and who asked for it. */
const BARRIER: ReadonlySet<string> = new Set(['ld', 'st', 'fill', 'copy']);

/** Step functions under way between the barrier and the explorer, innermost first. */
function callers(): Frame[] {
  const frames = framesOnStack();
  const explorer = frames.findIndex(({ name }) => name === 'runStep');
  const kernel = frames.slice(0, explorer);
  const barrier = kernel.map(({ name }) => BARRIER.has(name)).lastIndexOf(true);
  // Below a generator that runs stands the engine's own function that resumed it.
  return kernel
    .slice(barrier + 1)
    .filter(({ name }, i, all) => all[i + 1]?.name === 'next' && name !== 'resultOf');
}
