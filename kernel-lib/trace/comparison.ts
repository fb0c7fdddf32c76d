import {
  smapsFields,
  vmCounters,
  vmFlags,
  type Mapping,
  type ObjectState,
  type Outcome,
  type Page,
  type Snapshot,
  type UffdEvent,
} from './driver.js';
import { addressKey, type Names } from './naming.js';
import type {
  Figure,
  RecordedMapping,
  RecordedObject,
  RecordedOperation,
  RecordedPage,
} from './recording.js';
import { pagesOf } from './runs.js';

/** What an observable can be; null stands for "not there". */
export type Value = number | string | null;

/** An observable on which the recording and the driver do not agree. */
export interface Difference {
  /**
   * Its place: `ret`, `vals[2]`, `vm.pswpin`, `O.1.blocks`, `S.0@3.16.sm.Rss` (the mapping of process 0 that begins
   * at page 16 of region 3), `S.0@3.17.page.flags` (a page).
   */
  readonly observable: string;
  readonly expected: Value;
  readonly got: Value;
}

/** What a driver showed after an operation. */
export interface Seen {
  readonly outcome: Outcome;
  readonly snapshot: Snapshot;
  readonly names: Names;
}

/** What an observable is about: the call itself, the faults it was charged with, and what could be seen after it. */
export const aspects = [
  'result',
  'faults',
  'events',
  'vmstat',
  'mappings',
  'smaps',
  'pages',
  'objects',
] as const;

export type Aspect = (typeof aspects)[number];

/** How many observables agree, and how many do not. */
export interface Agreement {
  agree: number;
  disagree: number;
}

/** How one operation compares: each leaf of what was recorded or shown is one observable. */
export interface Verdict {
  readonly agree: number;
  readonly disagree: number;
  readonly byAspect: Readonly<Record<Aspect, Agreement>>;
  /** Where they disagree: all places, except that pages are merely counted when nothing was shown. */
  readonly differences: readonly Difference[];
}

/**
 * Compares an operation's record with what a driver showed; nothing agrees with `undefined`.
 *
 * @param withheld page flags that the recording never shows
 */
export function compareOperation(
  recorded: RecordedOperation,
  seen: Seen | undefined,
  withheld: string,
): Verdict {
  const comparison = new Comparison(withheld);
  comparison.outcome(recorded, seen?.outcome);
  comparison.processes(recorded, seen);
  comparison.objects(recorded.O ?? [], seen?.snapshot.objects ?? []);
  return comparison;
}

class Comparison implements Verdict {
  readonly byAspect: Record<Aspect, Agreement> = perAspect();
  readonly differences: Difference[] = [];
  readonly #withheld: string;
  /** The one that leaves count in. */
  #agreement = this.byAspect.result;

  constructor(withheld: string) {
    this.#withheld = withheld;
  }

  get agree(): number {
    return aspects.reduce((sum, aspect) => sum + this.byAspect[aspect].agree, 0);
  }

  get disagree(): number {
    return aspects.reduce((sum, aspect) => sum + this.byAspect[aspect].disagree, 0);
  }

  outcome(recorded: RecordedOperation, got: Outcome | undefined): void {
    this.#about('result');
    this.#leaf('ret', recorded.ret, got?.ret);
    this.#leaf('err', recorded.err, got?.err);
    this.#optional('sig', recorded.sig, got?.signal?.sig);
    this.#optional('code', recorded.code, got?.signal?.code);
    this.#optional('val', recorded.val, got?.val);
    this.#list('vals', recorded.vals ?? [], got?.vals ?? []);
    this.#about('faults');
    if (recorded.min !== undefined) this.#leaf('min', recorded.min, got?.min);
    if (recorded.maj !== undefined) this.#leaf('maj', recorded.maj, got?.maj);
    this.#about('events');
    this.#optional('ev', eventsText(recorded.ev), eventsText(got?.events));
    this.#about('vmstat');
    const { name } = recorded.operation;
    const counters = name === 'fork' || name === 'exit' ? vmCountersOfForkAndExit : vmCounters;
    this.#figures('vm.', recorded.vm, got?.vm ?? {}, counters);
  }

  processes(recorded: RecordedOperation, seen: Seen | undefined): void {
    const living = new Set([
      ...Object.keys(recorded.S).map(Number),
      ...(seen?.snapshot.processes.keys() ?? []),
    ]);
    for (const process of [...living].sort((a, b) => a - b)) {
      const expected = recorded.S[process];
      const got = seen?.snapshot.processes.get(process);
      this.#about('mappings');
      if (!expected || !got) this.#leaf(`S.${process}`, expected ? 'lives' : null, got ? 'lives' : null);
      this.#mappings(process, expected ?? [], got ?? []);
      this.#about('pages');
      this.#pages(process, expected ?? [], got ?? [], seen?.names);
    }
  }

  objects(expected: readonly RecordedObject[], got: readonly ObjectState[]): void {
    this.#about('objects');
    const numbers = new Set([...expected.map(({ o }) => o), ...got.map(({ object }) => object)]);
    for (const number of numbers) {
      const here = expected.find(({ o }) => o === number);
      const there = got.find(({ object }) => object === number);
      this.#leaf(`O.${number}.size`, here?.size, there?.sizePages);
      this.#leaf(`O.${number}.blocks`, here?.blocks, there?.blocksPages);
      this.#leaf(`O.${number}.inc`, here?.inc, there?.incore);
    }
  }

  #mappings(process: number, expected: readonly RecordedMapping[], got: readonly Mapping[]): void {
    const recorded = new Map(expected.map((mapping) => [addressKey(process, mapping.r, mapping.i), mapping]));
    const shown = new Map(
      got.map((mapping) => [addressKey(process, mapping.region, mapping.index), mapping]),
    );
    for (const key of ascending(recorded, shown)) this.#mapping(process, recorded.get(key), shown.get(key));
  }

  #mapping(process: number, expected: RecordedMapping | undefined, got: Mapping | undefined): void {
    const at = `S.${process}@${expected?.r ?? got?.region}.${expected?.i ?? got?.index}.`;
    this.#about('mappings');
    this.#leaf(`${at}r`, expected?.r, got?.region);
    this.#leaf(`${at}i`, expected?.i, got?.index);
    this.#leaf(`${at}n`, expected?.n, got?.nrPages);
    this.#leaf(`${at}pr`, expected?.pr, got?.perms);
    this.#leaf(`${at}o`, expected?.o, got?.pgoff);
    this.#leaf(`${at}fl`, expected && flagsText(expected.fl.split(' ')), got && flagsText(got.flags));
    this.#about('smaps');
    this.#figures(`${at}sm.`, expected?.sm ?? {}, got?.smaps ?? {}, smapsFields);
  }

  #pages(
    process: number,
    expected: readonly RecordedMapping[],
    got: readonly Mapping[],
    names: Names | undefined,
  ): void {
    if (!names) {
      for (const { pg } of expected)
        for (const [nrPages, page] of pg) this.#agreement.disagree += nrPages * page.length;
      return;
    }
    if (!sameLayout(expected, got)) return this.#pagesByAddress(process, expected, got, names);
    expected.forEach((mapping, at) => {
      const { pages } = got[at]!;
      const first = addressKey(0, mapping.r, mapping.i);
      pagesOf(mapping).forEach((page, at) => this.#page(process, first + at, page, pages[at], names));
    });
  }

  #pagesByAddress(
    process: number,
    expected: readonly RecordedMapping[],
    got: readonly Mapping[],
    names: Names,
  ): void {
    const recorded = new Map<number, RecordedPage>();
    for (const mapping of expected) {
      const first = addressKey(0, mapping.r, mapping.i);
      pagesOf(mapping).forEach((page, at) => recorded.set(first + at, page));
    }
    const shown = new Map<number, Page>();
    for (const { region, index, pages } of got) {
      pages.forEach((page, at) => shown.set(addressKey(0, region, index) + at, page));
    }
    for (const key of ascending(recorded, shown)) {
      this.#page(process, key, recorded.get(key), shown.get(key), names);
    }
  }

  #page(
    process: number,
    key: number,
    recorded: RecordedPage | undefined,
    page: Page | undefined,
    names: Names,
  ): void {
    const expected: PageLeaves = recorded ?? [];
    const got = page ? pageLeaves(page, names, this.#withheld) : [];
    for (let at = 0; at < expected.length || at < got.length; at++) {
      if (expected[at] === got[at]) this.#agreement.agree++;
      else this.#leaf(`S.${process}@${addressText(key)}.page.${pageFields[at]}`, expected[at], got[at]);
    }
  }

  #figures(
    prefix: string,
    expected: Readonly<Record<string, Figure>>,
    got: Readonly<Record<string, number>>,
    watched: readonly string[],
  ): void {
    for (const [name, value] of Object.entries(expected)) {
      if (value !== null) this.#leaf(prefix + name, value, got[name] ?? 0);
    }
    for (const name of watched) {
      if (got[name] && !Object.hasOwn(expected, name)) this.#leaf(prefix + name, 0, got[name]);
    }
  }

  #list(name: string, expected: readonly number[], got: readonly number[]): void {
    for (let at = 0; at < expected.length || at < got.length; at++) {
      this.#leaf(`${name}[${at}]`, expected[at], got[at]);
    }
  }

  #optional(observable: string, expected: Value | undefined, got: Value | undefined): void {
    if (expected !== undefined || got !== undefined) this.#leaf(observable, expected, got);
  }

  #about(aspect: Aspect): void {
    this.#agreement = this.byAspect[aspect];
  }

  #leaf(observable: string, expected: Value = null, got: Value = null): void {
    if (expected === got) this.#agreement.agree++;
    else {
      this.#agreement.disagree++;
      this.differences.push({ observable, expected, got });
    }
  }
}

function perAspect(): Record<Aspect, Agreement> {
  const none = aspects.map((aspect): [Aspect, Agreement] => [aspect, { agree: 0, disagree: 0 }]);
  return Object.fromEntries(none) as Record<Aspect, Agreement>;
}

const vmCountersOfForkAndExit = vmCounters.filter((name) => !name.startsWith('unevictable_'));

type PageLeaves = readonly (string | number)[];
const pageFields = ['bits', 'frame', 'flags', 'count'];

/** A driver's page as the recordings write it. */
export function pageLeaves(page: Page, names: Names, withheld: string): RecordedPage {
  switch (page.kind) {
    case 'none':
      return [page.bits === '' ? '-' : page.bits];
    case 'swap':
      return [page.bits, `s${names.entries.get(page.entry)}`];
    case 'marker':
      return [page.bits, `M${page.marker.toString(16)}`];
    case 'swapError':
      return [page.bits, 'E'];
    case 'hwpoison':
      return [page.bits, 'H'];
    case 'present': {
      const frame = page.frame === 'Z' ? 'Z' : names.frames.get(page.frame)!;
      const flags = withheld === '' ? page.flags : page.flags.replace(withheld, '');
      return [page.bits, frame, flags, page.count];
    }
  }
}

/** Whether both sides have the same mappings, so that pages can be compared in step. */
function sameLayout(expected: readonly RecordedMapping[], got: readonly Mapping[]): boolean {
  return (
    expected.length === got.length &&
    expected.every(({ r, i, n }, at) => {
      const { region, index, pages } = got[at]!;
      return r === region && i === index && n === pages.length;
    })
  );
}

function addressText(key: number): string {
  const pagesPerRegion = addressKey(0, 1, 0);
  return `${Math.floor(key / pagesPerRegion)}.${key % pagesPerRegion}`;
}

function ascending(...maps: readonly ReadonlyMap<number, unknown>[]): number[] {
  return [...new Set(maps.flatMap((map) => [...map.keys()]))].sort((a, b) => a - b);
}

const watchedFlags: ReadonlySet<string> = new Set(vmFlags);

/** smaps prints flags in an order that changed between releases; only which are there matters. */
function flagsText(flags: readonly string[]): string {
  return flags
    .filter((flag) => watchedFlags.has(flag))
    .sort()
    .join(' ');
}

const eventFields = ['t', 'p', 'fl', 'r', 'i', 'res', 'err'];

function eventsText(events: readonly UffdEvent[] | undefined): string | undefined {
  return events?.length ? JSON.stringify(events, eventFields) : undefined;
}
