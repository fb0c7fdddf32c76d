import { checkOptions } from '../base/argument.js';
import { InputError } from '../base/error.js';
import { FAULT_FLAG_UNSHARE, FAULT_FLAG_WRITE, VM_FAULT_ERROR, VM_FAULT_RETRY } from '../fault/flags.js';
import type { FaultEvent, FaultFunction } from '../machine/machine.js';
import { round, svgPicture, svgText } from './svg.js';
import { Table } from './table.js';
import { COLOURS } from './template.js';
import { Widget, pictureHtml } from './widget.js';

/** What is asked of a machine: `boot()` gives one. */
export interface FaultCounters {
  readonly events: readonly FaultEvent[];
  readonly vmstat: Readonly<Record<string, number>>;
}

/** Faults of one kind: what was asked, which function of the kernel took it, and how it ended. */
interface Flow {
  readonly access: string;
  readonly handler: string;
  readonly end: string;
  readonly faults: number;
}

/**
 * Which way a machine's faults went, as a flow from accesses over the kernel's functions to ends:
 * `view.faultFlow(linux)`.
 *
 * @throws InputError unless the machine notes its faults, as those of `boot()` do
 */
export function faultFlow(linux: FaultCounters, options: { readonly caption?: string } = {}): Widget {
  if (!Array.isArray(linux?.events))
    throw new InputError('view.faultFlow: allowed: a machine, as boot() gives');
  checkOptions('view.faultFlow', options, ['caption']);
  const { events, vmstat } = linux;
  const flows = flowsOf(events);
  const title = `${events.length} ${events.length === 1 ? 'fault' : 'faults'}, and which way they went`;
  const counters = ['pgfault', 'pgmajfault', 'pgreuse'].map((name) => `${name} ${vmstat[name]}`).join(', ');
  const text = new Table({
    columns: ['access', 'handler', 'end', 'faults'],
    rows: flows.map(({ access, handler, end, faults }) => [access, handler, end, faults]),
  }).toString();
  return new Widget({
    title,
    text,
    html: events.length === 0 ? '<p>No fault yet.</p>' : pictureHtml(picture(title, flows), text),
    caption: options.caption ?? `/proc/vmstat says ${counters}.`,
  });
}

function flowsOf(events: readonly FaultEvent[]): Flow[] {
  const flows = new Map<string, Flow>();
  for (const event of events) {
    const kind = { access: accessOf(event), handler: handlerOf(event), end: endOf(event) };
    const key = Object.values(kind).join();
    flows.set(key, { ...kind, faults: (flows.get(key)?.faults ?? 0) + 1 });
  }
  return [...flows.values()];
}

function accessOf({ flags }: FaultEvent): string {
  if (flags & FAULT_FLAG_UNSHARE) return 'unshare';
  return flags & FAULT_FLAG_WRITE ? 'write' : 'read';
}

/** These end a fault that another function has taken. */
const enders: readonly FaultFunction[] = ['wp_page_reuse', 'wp_page_copy', 'handle_userfault'];

/**
 * Who brings a page back from swap keeps the fault, though a write goes on to do_wp_page(). Otherwise it is the last one
 * that took it: where a huge page is refused, a small one is asked for.
 */
function handlerOf({ way }: FaultEvent): string {
  if (way.includes('do_swap_page')) return 'do_swap_page';
  return way.filter((name) => !enders.includes(name)).at(-1) ?? 'handle_mm_fault';
}

/** What a fault came to if nothing else is known of it. */
const ends: Readonly<Record<FaultFunction, (event: FaultEvent) => string>> = {
  do_anonymous_page: (event) => (accessOf(event) === 'read' ? 'the zero page' : 'a new page'),
  do_read_fault: () => 'the file’s page',
  do_shared_fault: () => 'the file’s page',
  do_cow_fault: () => 'a copy',
  do_swap_page: ({ major }) => (major ? 'read from swap' : 'no read needed'),
  do_wp_page: () => 'left as it is',
  wp_page_reuse: () => 'reused in place',
  wp_page_copy: () => 'a copy',
  hugetlb_fault: () => 'a huge page',
  create_huge_pmd: () => 'a huge page',
  wp_huge_pmd: () => 'a huge page',
  create_huge_pud: () => 'a huge page',
  wp_huge_pud: () => 'a huge page',
  handle_userfault: () => 'asked a monitor',
};

function endOf(event: FaultEvent): string {
  const { way, result } = event;
  if (result & VM_FAULT_ERROR) return 'failed';
  const last = way.at(-1);
  if (last !== 'handle_userfault' && result & VM_FAULT_RETRY) return 'to be tried again';
  if (last === undefined) return 'already in place';
  const swapped = way.includes('do_swap_page') && event.major && last !== 'do_swap_page';
  return swapped ? `read, then ${ends[last](event)}` : ends[last](event);
}

/** A place where flows meet, and how high it is. */
interface Place {
  readonly name: string;
  readonly faults: number;
  readonly top: number;
  readonly height: number;
  readonly colour: string;
  /** How much of its left and right side is taken. */
  left: number;
  right: number;
}

const COLUMNS = [0, 78, 242] as const;
const BAR = 10;
const GAP = 14;
const LEAST = 18;
const FULL = 150;

function picture(title: string, flows: readonly Flow[]): string {
  const total = flows.reduce((sum, { faults }) => sum + faults, 0);
  const columns = [
    column(flows, total, 'access'),
    column(flows, total, 'handler'),
    column(flows, total, 'end'),
  ];
  const height = Math.max(...columns.map(bottom)) + 4;
  // From both sides of the middle, so that a band keeps the colour of the handler that it goes through.
  const bands = flows.map(({ access, handler, end, faults }) => {
    const [from, through, to] = [columns[0]!.get(access)!, columns[1]!.get(handler)!, columns[2]!.get(end)!];
    const { colour } = through;
    return band(from, through, faults, 0, colour) + band(through, to, faults, 1, colour);
  });
  const places = columns.flatMap((places, n) => [...places.values()].map((place) => bar(place, COLUMNS[n]!)));
  return svgPicture(title, height, bands.join('') + places.join(''));
}

function column(flows: readonly Flow[], total: number, of: 'access' | 'handler' | 'end'): Map<string, Place> {
  const places = new Map<string, Place>();
  let top = 2;
  for (const name of new Set(flows.map((flow) => flow[of]))) {
    const faults = flows.filter((flow) => flow[of] === name).reduce((sum, flow) => sum + flow.faults, 0);
    const height = Math.max(LEAST, (faults / total) * FULL);
    const colour = COLOURS[places.size % COLOURS.length]!;
    places.set(name, { name, faults, top, height, colour, left: 0, right: 0 });
    top += height + GAP;
  }
  return places;
}

function bottom(places: ReadonlyMap<string, Place>): number {
  const last = [...places.values()].at(-1)!;
  return last.top + last.height;
}

function bar({ name, faults, top, height }: Place, x: number): string {
  return (
    `<rect x="${x}" y="${round(top)}" width="${BAR}" height="${round(height)}"/>` +
    svgText(x + BAR + 5, top + height / 2 + 4, `${name} ${faults}`)
  );
}

/** From the right side of one bar to the left side of another. */
function band(from: Place, to: Place, faults: number, gap: 0 | 1, colour: string): string {
  const [x0, x1] = [COLUMNS[gap] + BAR, COLUMNS[gap + 1]!];
  const [y0, y1] = [from.top + from.right, to.top + to.left];
  const [h0, h1] = [(faults / from.faults) * from.height, (faults / to.faults) * to.height];
  from.right += h0;
  to.left += h1;
  const middle = (x0 + x1) / 2;
  const curve = (y: number, x: number, end: number): string =>
    `C${middle} ${round(y)} ${middle} ${round(end)} ${x} ${round(end)}`;
  return (
    `<path d="M${x0} ${round(y0)}${curve(y0, x1, y1)}V${round(y1 + h1)}${curve(y1 + h1, x0, y0 + h0)}Z" ` +
    `fill="${colour}" fill-opacity="0.25"/>`
  );
}
