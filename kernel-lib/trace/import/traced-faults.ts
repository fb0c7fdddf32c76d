import type { TracedFault, TracedLine } from './event-lines.js';

/** Bits of the error code of a page fault on x86. Source: arch/x86/include/asm/trap_pf.h x86_pf_error_code of v6.2. */
const X86_PF_PROT = 1 << 0;
const X86_PF_WRITE = 1 << 1;
const X86_PF_INSTR = 1 << 4;

/** Faults of one process, or of one kind, or of one function. */
export interface FaultCount {
  readonly name: string;
  readonly faults: number;
}

/** Faults of one kind that one process took: a row for `view.bars`. */
export interface TracedFaultRow {
  readonly process: string;
  readonly kind: string;
  readonly faults: number;
}

/** What a trace tells of page faults. */
export interface TracedFaults {
  readonly source: 'perf script' | 'ftrace';
  readonly faults: number;
  /** Events of other kinds, which are passed over. */
  readonly otherEvents: number;
  /** Seconds from the first fault to the last. */
  readonly seconds: number;
  /** Different pages of 4 KiB that were touched; absent where no address was noted. */
  readonly pages?: number;
  /** Most faults first, then by name. */
  readonly rows: readonly TracedFaultRow[];
  readonly kinds: readonly FaultCount[];
  readonly processes: readonly FaultCount[];
  /** Functions that touched memory, as far as the trace names them. */
  readonly functions: readonly FaultCount[];
}

/** Counts the faults of a trace, line by line. */
export class FaultCounter {
  readonly #source: TracedFaults['source'];
  readonly #rows = new Map<string, { process: string; event: string; kind: string; faults: number }>();
  readonly #functions = new Map<string, Map<string, number>>();
  readonly #pages = new Map<string, Set<string>>();
  #otherEvents = 0;
  #first = Infinity;
  #last = -Infinity;
  /** The fault whose function the next line names: the top of its call chain. */
  #unnamed: TracedFault | undefined;

  constructor(source: TracedFaults['source']) {
    this.#source = source;
  }

  add(line: TracedLine): void {
    if (line.is === 'other') this.#otherEvents++;
    if (line.is === 'caller' && this.#unnamed !== undefined) {
      this.#countFunction(this.#unnamed.event, line.function);
    }
    this.#unnamed = undefined;
    if (line.is === 'fault') this.#addFault(line.fault);
  }

  #addFault(fault: TracedFault): void {
    const { command, pid, time, event } = fault;
    this.#first = Math.min(this.#first, time);
    this.#last = Math.max(this.#last, time);
    const [process, kind] = [`${command} (${pid})`, kindOf(fault)];
    const key = `${process}\n${event}\n${kind}`;
    const row = this.#rows.get(key);
    if (row) row.faults++;
    else this.#rows.set(key, { process, event, kind, faults: 1 });
    if (fault.function === undefined) this.#unnamed = fault;
    else this.#countFunction(event, fault.function);
    if (fault.address?.startsWith('0x')) setOf(this.#pages, event).add(fault.address.slice(2, -3));
  }

  #countFunction(event: string, name: string): void {
    const counts = this.#functions.get(event) ?? new Map<string, number>();
    counts.set(name, (counts.get(name) ?? 0) + 1);
    this.#functions.set(event, counts);
  }

  /** The statistics of all lines so far. */
  statistics(): TracedFaults {
    const events = new Set([...this.#rows.values()].map(({ event }) => event));
    const counted = (event: string): boolean => !isToldTwice(event, events);
    const rows = [...this.#rows.values()].filter(({ event }) => counted(event));
    const pages = new Set(
      [...this.#pages].filter(([event]) => counted(event)).flatMap(([, set]) => [...set]),
    );
    const functions = [...this.#functions].filter(([event]) => counted(event)).flatMap(([, of]) => [...of]);
    return {
      source: this.#source,
      faults: rows.reduce((sum, { faults }) => sum + faults, 0),
      otherEvents: this.#otherEvents,
      seconds: rows.length === 0 ? 0 : Number((this.#last - this.#first).toFixed(9)),
      ...(pages.size > 0 && { pages: pages.size }),
      rows: sorted(rows),
      kinds: totals(rows.map(({ kind, faults }) => [kind, faults])),
      processes: totals(rows.map(({ process, faults }) => [process, faults])),
      functions: totals(functions),
    };
  }
}

/** perf counts a fault as page-faults and as minor-faults or major-faults, if it is asked for both. */
function isToldTwice(event: string, events: ReadonlySet<string>): boolean {
  const precise = events.has('minor-faults') || events.has('major-faults');
  return precise && (event === 'page-faults' || event === 'faults');
}

/** `minor`, `user write, not present`: what the tracer knows of it. */
function kindOf({ event, errorCode }: TracedFault): string {
  if (event === 'minor-faults') return 'minor';
  if (event === 'major-faults') return 'major';
  const mode = /^page_fault_(user|kernel)$/.exec(event)?.[1];
  if (mode === undefined) return 'fault';
  if (errorCode === undefined) return mode;
  const access = errorCode & X86_PF_INSTR ? 'execution' : errorCode & X86_PF_WRITE ? 'write' : 'read';
  return `${mode} ${access}, ${errorCode & X86_PF_PROT ? 'against the protection' : 'not present'}`;
}

function setOf(sets: Map<string, Set<string>>, key: string): Set<string> {
  const set = sets.get(key) ?? new Set<string>();
  sets.set(key, set);
  return set;
}

/** Without the events that told of them; most faults first. */
function sorted(rows: readonly TracedFaultRow[]): TracedFaultRow[] {
  return rows
    .map(({ process, kind, faults }) => ({ process, kind, faults }))
    .sort((a, b) => b.faults - a.faults || compare(a.process, b.process) || compare(a.kind, b.kind));
}

/** Sums by name, most first. */
function totals(counts: readonly (readonly [name: string, faults: number])[]): FaultCount[] {
  const sums = new Map<string, number>();
  for (const [name, faults] of counts) sums.set(name, (sums.get(name) ?? 0) + faults);
  return [...sums]
    .map(([name, faults]) => ({ name, faults }))
    .sort((a, b) => b.faults - a.faults || compare(a.name, b.name));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
