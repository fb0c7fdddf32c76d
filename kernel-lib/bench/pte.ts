import { pteCodec } from '../arch/codec.js';
import { archById } from '../arch/variants.js';

/** Throughput of one architecture's encodings, in millions a second of one core's time. */
export interface PteThroughput {
  readonly arch: string;
  readonly swapEncodes: number;
  readonly swapDecodes: number;
  /** Pairs of pte_mkdirty() and pte_wrprotect(). */
  readonly operationPairs: number;
  /** Depends on every result, so that none is left out; the same on every run. */
  readonly checksum: number;
}

/** Entries under work: few enough for the first cache. */
const entries = 1024;

/**
 * Measures one architecture in the two-word form that the memory model uses. Time is the process's CPU time, so that
 * other work on the machine does not count.
 *
 * @param id the architecture variant, after the series
 * @param millions how many of each operation
 */
export function benchPte(id: string, millions: number): PteThroughput {
  const codec = pteCodec(archById(id), 'after');
  const w = new Int32Array(2 * entries);
  const count = millions * 1e6;
  let checksum = 0;
  const at = (n: number): number => (n % entries) * 2;

  const swapEncodes = rate(count, (n) => codec.swpEntryToPte(w, at(n), n & 15, n & 0xffff));
  const swapDecodes = rate(count, (n) => {
    checksum = (checksum + codec.pteSwpType(w, at(n)) + codec.pteSwpOffset(w, at(n))) | 0;
  });
  const operationPairs = rate(count, (n) => {
    codec.pteMkdirty(w, at(n));
    codec.pteWrprotect(w, at(n));
  });
  return { arch: id, swapEncodes, swapDecodes, operationPairs, checksum };
}

/** Millions a second, after a tenth as many to warm up. */
function rate(count: number, work: (n: number) => void): number {
  for (let n = 0; n < count / 10; n++) work(n);
  const start = process.cpuUsage();
  for (let n = 0; n < count; n++) work(n);
  const { user, system } = process.cpuUsage(start);
  return count / Math.max(user + system, 1);
}
