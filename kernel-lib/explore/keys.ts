import type { Identity } from './system.js';
import { VisitedSet } from './visited.js';

/** What a search has found, by identity: low and high word of one after another. */
export interface Keys {
  readonly states: Int32Array;
  /** States in which nothing can follow. */
  readonly ends: Int32Array;
  /** Steps that broke the machine. */
  readonly failures: Int32Array;
}

/** What several searches have found, each once. */
export function unionOfKeys(all: readonly Keys[]): Keys {
  return {
    states: union(all.map(({ states }) => states)),
    ends: union(all.map(({ ends }) => ends)),
    failures: union(all.map(({ failures }) => failures)),
  };
}

/** What the numbers of a search without shards are in these. */
export function countsOf({ states, ends, failures }: Keys): { states: number; executions: number } {
  return { states: states.length / 2, executions: (ends.length + failures.length) / 2 };
}

/** Names a step that broke the machine, by the state before it. */
export function failureKey({ low, high }: Identity, thread: number, branch: number): [number, number] {
  return [low ^ Math.imul(thread + 1, 0x9e37_79b1), (high + Math.imul(branch + 1, 0x85eb_ca6b)) | 0];
}

function union(all: readonly Int32Array[]): Int32Array {
  const set = new VisitedSet();
  for (const keys of all) for (let i = 0; i < keys.length; i += 2) set.add(keys[i]!, keys[i + 1]!);
  return set.keys();
}
