import { errnoNames } from '../base/errno.js';
import type { SeenEntry, SeenPin, StepReport } from './step-report.js';

/** What an operation gave: `reads 0x11`, `fails with EFAULT`, `gets SIGBUS`; nothing when it just succeeded. */
export function resultWords({ err, signal, val, vals }: StepReport): string {
  if (signal !== undefined) return `gets SIG${signal.sig}`;
  if (err !== 0) return `fails with ${errnoNames.get(err) ?? err}`;
  if (val !== undefined) return `reads ${hex(val)}`;
  return vals === undefined ? '' : `reads ${valueWords(vals)}`;
}

/** `0x1 0x2`, or `512 times 0x1`. */
function valueWords(vals: readonly number[]): string {
  const [first] = vals;
  const same = vals.length > 4 && vals.every((value) => value === first);
  return same ? `${vals.length} times ${hex(first!)}` : vals.map(hex).join(' ');
}

/** Faults that were charged: `1 minor`. */
export function faultWords({ min, maj }: StepReport): string {
  return [min > 0 ? `${min} minor` : '', maj > 0 ? `${maj} major` : ''].filter((word) => word).join(', ');
}

/** Counters that moved and faults do not tell: `pgreuse +1, anon -1`. */
export function counterWords({ vm, rss }: StepReport): string {
  return Object.entries({ ...vm, ...rss })
    .filter(([name]) => name !== 'pgfault' && name !== 'pgmajfault')
    .map(([name, by]) => `${name} ${by > 0 ? '+' : ''}${by}`)
    .join(', ');
}

/** An entry with its page: `process 0: 0x20067 present: writable, …; frame 0x20 [umabe, 1 mapping, 2 references]`. */
export function entryWords({ process, value, text, flags, refcount, mapcount }: SeenEntry): string {
  const counts = refcount === undefined ? '' : `, mapped ${mapcount}, referenced ${refcount}`;
  const page = flags === undefined ? '' : ` [${flags}${counts}]`;
  return `process ${process}: ${value} ${text}${page}`;
}

export function pinWords({ pin, frame, byte }: SeenPin): string {
  return `pin ${pin}: frame ${frame === 'Z' ? 'zero' : hex(frame)} holds ${hex(byte)}`;
}

function hex(value: number): string {
  return value < 0 ? String(value) : `0x${value.toString(16)}`;
}
