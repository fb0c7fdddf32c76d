// bench/measured.ts with what datasets/benchmark.json holds, so that pages without a file system have it, too.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Path of the source below the sources. */
export const BENCHMARK = 'bench/measured.ts';

/** @param {string} root absolute folder of the sources */
export function benchmarkSource(root) {
  const source = readFileSync(join(root, BENCHMARK), 'utf8');
  const data = JSON.parse(readFileSync(join(root, '../datasets/benchmark.json'), 'utf8'));
  return source.replace(
    /(export const benchmark: Measured = )[^;]*;/,
    (_, start) => `${start}${JSON.stringify(data)};`,
  );
}
