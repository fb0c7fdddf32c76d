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
  const rows = events.map((event) => ({ process: `pid ${event.pid}`, kind: kindOf(event), faults: 1 }));
  const title = `${events.length} fault${events.length === 1 ? '' : 's'}`;
  return bars(rows, { x: 'process', y: 'faults', by: 'kind', stacked: true, title });
}

function kindOf({ flags, result, major }: FaultEvent): string {
  if (result & VM_FAULT_ERROR) return 'failed';
  if (major) return 'major';
  if (flags & FAULT_FLAG_UNSHARE) return 'unshare';
  return flags & FAULT_FLAG_WRITE ? 'write' : 'read';
}
