import type {
  MakeDriver,
  Mapping,
  ObjectState,
  Outcome,
  Page,
  Snapshot,
} from '../../kernel-lib/trace/driver.js';
import type {
  RecordedMapping,
  RecordedOperation,
  RecordedPage,
  RecordedProgram,
} from '../../kernel-lib/trace/recording.js';
import { pagesOf } from '../../kernel-lib/trace/runs.js';

/** What a driver shows after one operation. */
export interface Shown {
  readonly outcome: Outcome;
  readonly snapshot: Snapshot;
}

/**
 * A driver that knows the recording by heart and shows it again, with raw frame numbers and swap entries of its own:
 * it proves the harness, not a model.
 *
 * @param change what it shows instead, for the operation of that index
 */
export function playback(
  program: RecordedProgram,
  change: (shown: Shown, at: number) => Shown = (shown) => shown,
): MakeDriver {
  return () => {
    let at = -1;
    let shown: Shown;
    return {
      execute: () => {
        const recorded = program.operations[++at]!;
        shown = change({ outcome: outcomeOf(recorded), snapshot: snapshotOf(recorded) }, at);
        return shown.outcome;
      },
      snapshot: () => shown.snapshot,
    };
  };
}

/** A raw number for each of the recording's. Multiplying by an odd number permutes the 32-bit numbers. */
function raw(number: number): number {
  return (number * 0x9e3779b1) >>> 0;
}

function outcomeOf(recorded: RecordedOperation): Outcome {
  const { ret, err, sig, code, val, vals, min = 0, maj = 0, ev = [] } = recorded;
  return {
    ...{ ret, err, min, maj, events: ev, vm: numbers(recorded.vm) },
    ...(sig && { signal: { sig, code: code! } }),
    ...(val !== undefined && { val }),
    ...(vals && { vals }),
  };
}

function snapshotOf(recorded: RecordedOperation): Snapshot {
  const processes = new Map(
    Object.entries(recorded.S).map(([process, mappings]) => [
      Number(process),
      mappings.map((mapping) => mappingOf(mapping)),
    ]),
  );
  const objects = (recorded.O ?? []).map(({ o, size, blocks, inc }): ObjectState => ({
    object: o,
    sizePages: size,
    blocksPages: blocks,
    incore: inc,
  }));
  return { processes, objects };
}

function mappingOf(mapping: RecordedMapping): Mapping {
  return {
    ...{ region: mapping.r, index: mapping.i, nrPages: mapping.n, perms: mapping.pr, pgoff: mapping.o },
    flags: mapping.fl.split(' ').reverse(),
    smaps: numbers(mapping.sm),
    pages: pagesOf(mapping).map((page) => pageOf(page)),
  };
}

function pageOf(page: RecordedPage): Page {
  if (page.length === 4) {
    const [bits, frame, flags, count] = page;
    return { kind: 'present', bits, frame: frame === 'Z' ? frame : raw(frame), flags, count };
  }
  const [bits, what] = page;
  if (what === undefined) return { kind: 'none', bits: bits === '-' ? '' : bits };
  switch (what[0]) {
    case 's':
      return { kind: 'swap', bits, entry: raw(Number(what.slice(1))) };
    case 'M':
      return { kind: 'marker', bits, marker: parseInt(what.slice(1), 16) };
    default:
      return { kind: what === 'E' ? 'swapError' : 'hwpoison', bits };
  }
}

function numbers(figures: Readonly<Record<string, number | null>>): Record<string, number> {
  return Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, value ?? 12345]));
}
