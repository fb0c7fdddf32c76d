import { InputError } from '../base/error.js';

/** One scheduling decision: which thread took a step, and which of its branches. */
export interface Decision {
  readonly thread: number;
  readonly branch: number;
}

/**
 * Prints a schedule: threads are letters in their order, a number repeats the letter before it, `:n` is a branch
 * other than the first. `a3b:1c` is three steps of the first thread, the second thread's other branch, one step of
 * the third.
 */
export function formatSchedule(decisions: readonly Decision[]): string {
  let out = '';
  for (let i = 0; i < decisions.length;) {
    const { thread, branch } = decisions[i]!;
    let n = 1;
    while (branch === 0 && decisions[i + n]?.thread === thread && decisions[i + n]?.branch === 0) n++;
    out += letter(thread) + (branch > 0 ? `:${branch}` : n > 1 ? n : '');
    i += n;
  }
  return out;
}

/**
 * Reads what `formatSchedule` printed.
 *
 * @throws InputError that names the first place that is no schedule of so many threads
 */
export function parseSchedule(text: string, nrThreads: number): Decision[] {
  const decisions: Decision[] = [];
  const token = /([a-z])(?:(\d+)|:(\d+))?/y;
  while (token.lastIndex < text.length) {
    const at = token.lastIndex;
    const match = token.exec(text);
    const thread = match ? match[1]!.charCodeAt(0) - 97 : nrThreads;
    if (!match || thread >= nrThreads)
      throw new InputError(
        `schedule '${text}': '${text[at]}' at position ${at + 1} is none of the threads a-${letter(nrThreads - 1)}`,
      );
    const decision = { thread, branch: Number(match[3] ?? 0) };
    for (let n = Number(match[2] ?? 1); n > 0; n--) decisions.push(decision);
  }
  return decisions;
}

/** The letter that stands for a thread in schedules. */
export function letter(thread: number): string {
  return String.fromCharCode(97 + thread);
}
