import { readFileSync } from 'node:fs';
import { InputError } from '../base/error.js';
import type { Keys } from '../explore/keys.js';
import type { Exploration } from '../scenario/explored.js';
import type { ShardResult } from '../scenario/shards.js';
import { fileError } from '../trace/node/file-error.js';

type Encoded = Omit<ShardResult, 'result'> & {
  readonly result: Omit<ShardResult['result'], 'keys'> & {
    readonly keys: Readonly<Record<keyof Keys, string>>;
  };
};

/** What `faultbook explore --shard --json` prints: the usual object, and what merging needs. */
export function shardJson(exploration: Exploration): string {
  const { options, result } = exploration;
  const { states, ends, failures } = result.keys!;
  const keys = { states: encoded(states), ends: encoded(ends), failures: encoded(failures) };
  return `${JSON.stringify({ ...exploration.toJSON(), options, result: { ...result, keys } })}\n`;
}

/** @throws InputError if a file holds no such object */
export function readShard(file: string): ShardResult {
  try {
    const { name, seconds, options, result } = JSON.parse(readFileSync(file, 'utf8')) as Encoded;
    const { states, ends, failures } = result.keys;
    const keys = { states: decoded(states), ends: decoded(ends), failures: decoded(failures) };
    return { name, seconds, options, result: { ...result, keys } };
  } catch (err) {
    if ((err as NodeJS.ErrnoException).syscall !== undefined) throw fileError(file, err, 'a shard');
    const why = (err as Error).message;
    throw new InputError(`${file} is no shard: ${why}; allowed: what explore --shard i/n --json printed`);
  }
}

/** Keys look random: base64 is about as short as text can be. */
function encoded(words: Int32Array): string {
  return Buffer.from(words.buffer, words.byteOffset, words.byteLength).toString('base64');
}

function decoded(text: string): Int32Array {
  const bytes = Buffer.from(text, 'base64');
  return new Int32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}
