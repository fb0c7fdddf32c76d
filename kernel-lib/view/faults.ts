import { badArgument } from '../base/argument.js';
import { FAULT_FLAG_UNSHARE, FAULT_FLAG_WRITE, VM_FAULT_ERROR } from '../fault/flags.js';
import type { FaultEvent } from '../machine/machine.js';
import { bars } from './bars.js';
import type { Figure } from './figure.js';

/**
 * The faults of each process, by what they were: `view.faults(linux.events)`.
 *
 * @param events completed faults, in any order
 */
export function faults(events: readonly FaultEvent[]): Figure {
  if (!Array.isArray(events)) throw badArgument('view.faults', 'events', events, 'a list, as linux.events');
  const rows = counted(events);
  const title = `${events.length} fault${events.length === 1 ? '' : 's'}`;
  return bars(rows, { x: 'process', y: 'faults', by: 'kind', stacked: true, title });
}

/** What a fault can have been, as kindOf() numbers it. */
const kinds = ['failed', 'major', 'unshare', 'write', 'read'] as const;

interface Row {
  readonly process: string;
  readonly kind: (typeof kinds)[number];
  faults: number;
}

/** A row for each process and kind, in the order of their first events: a million events need no million rows. */
function counted(events: readonly FaultEvent[]): Row[] {
  const rows = new Map<number, Row>();
  for (const event of events) {
    const kind = kindOf(event);
    const key = event.pid * kinds.length + kind;
    const row = rows.get(key);
    if (row === undefined) rows.set(key, { process: `pid ${event.pid}`, kind: kinds[kind]!, faults: 1 });
    else row.faults++;
  }
  return [...rows.values()];
}

function kindOf({ flags, result, major }: FaultEvent): number {
  if (result & VM_FAULT_ERROR) return 0;
  if (major) return 1;
  if (flags & FAULT_FLAG_UNSHARE) return 2;
  return flags & FAULT_FLAG_WRITE ? 3 : 4;
}
