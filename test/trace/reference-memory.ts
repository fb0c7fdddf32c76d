import type { Operation } from '../../kernel-lib/trace/operation.js';

/** A byte of memory, as whoever may look at it: the values that it may have, and those that it ever may have had. */
export class Cell {
  /** Several when the kernel may choose, as after MADV_FREE. */
  values: ReadonlySet<number>;
  readonly history: Set<number>;

  constructor(values: Iterable<number> = [0]) {
    this.values = new Set(values);
    this.history = new Set(this.values);
  }

  set(...values: number[]): void {
    this.values = new Set(values);
    for (const value of values) this.history.add(value);
  }
}

/** A file, or the object behind shared anonymous memory: one cell per page that was ever written. */
class SharedObject {
  nrPages: number;
  readonly #cells = new Map<number, Cell>();

  constructor(nrPages: number) {
    this.nrPages = nrPages;
  }

  cell(index: number): Cell {
    const cell = this.#cells.get(index) ?? new Cell();
    this.#cells.set(index, cell);
    return cell;
  }

  write(index: number, value: number): void {
    this.cell(index).set(value);
    this.nrPages = Math.max(this.nrPages, index + 1);
  }

  punch(from: number, to: number): void {
    for (const index of [...this.#cells.keys()]) if (index >= from && index < to) this.#cells.delete(index);
  }
}

/** One page of a process. */
interface Place {
  prot: 'n' | 'r' | 'w';
  readonly shared: boolean;
  readonly object: SharedObject | undefined;
  readonly offset: number;
  /** Memory of its own: absent while a private mapping of an object shows the object's. */
  own: Cell | undefined;
  /** Whether the kernel may have copied the object's page, or not: then nothing is promised. */
  loose: boolean;
}

type Process = Map<number, Place>;

/** What programs ever store. */
const anyValue = Array.from({ length: 10 }, (_, value) => value);

/** What an access must give. */
export type Expected = ReadonlySet<number> | 'signal' | 'anything';

const PAGES_PER_REGION = 4096;

function page(region: number, index: number): number {
  return region * PAGES_PER_REGION + index;
}

/**
 * The memory that programs were promised: a byte per page of each process. No page tables, no sharing behind the
 * scenes, no swap; fork copies everything.
 */
export class ReferenceMemory {
  readonly processes = new Map<number, Process>([[0, new Map()]]);
  readonly #objects: ReadonlyMap<number, SharedObject>;

  constructor(objects: Iterable<readonly [number, number]>) {
    this.#objects = new Map([...objects].map(([object, nrPages]) => [object, new SharedObject(nrPages)]));
  }

  object(number: number): SharedObject {
    return this.#objects.get(number)!;
  }

  map({ process, region, nrPages, prot, visibility, source, offset }: Operation<'mmap'>): void {
    const shared = visibility === 's';
    const named = typeof source === 'string' ? undefined : this.object(source.object);
    const object = named ?? (shared ? new SharedObject(nrPages) : undefined);
    for (let at = 0; at < nrPages; at++) {
      const own = object === undefined ? new Cell() : undefined;
      const place = { prot, shared, object, offset: (named ? offset : 0) + at, own, loose: false };
      this.processes.get(process)!.set(page(region, at), place);
    }
  }

  unmap(process: number, region: number, index: number, nrPages: number): void {
    for (let at = 0; at < nrPages; at++) this.processes.get(process)!.delete(page(region, index + at));
  }

  /** Changes pages up to the first that is not mapped. */
  protect({ process, region, index, nrPages, prot }: Operation<'mprotect'>): void {
    for (let at = 0; at < nrPages; at++) {
      const place = this.place(process, region, index + at);
      if (place === undefined) return;
      place.prot = prot;
    }
  }

  move(operation: Operation<'mremap'>): void {
    const { process, region, index, nrPages, toRegion, toIndex, dontunmap } = operation;
    const places = Array.from({ length: nrPages }, (_, at) => this.place(process, region, index + at)!);
    this.unmap(process, region, index, nrPages);
    places.forEach((place, at) => {
      this.processes.get(process)!.set(page(toRegion, toIndex + at), place);
      if (dontunmap) this.processes.get(process)!.set(page(region, index + at), fresh(place));
    });
  }

  /** What was private to the pages is gone. */
  drop(process: number, region: number, index: number): void {
    const place = this.place(process, region, index);
    if (place !== undefined && !place.shared) {
      this.processes.get(process)!.set(page(region, index), fresh(place));
    }
  }

  /** The kernel may drop what was private to the page until it is written again. */
  free(process: number, region: number, index: number): void {
    const own = this.place(process, region, index)?.own;
    own?.set(...own.values, 0);
  }

  /** The kernel may copy the object's page now. */
  loosen(process: number, region: number, index: number): void {
    const place = this.place(process, region, index);
    if (place !== undefined && !place.shared && place.own === undefined) place.loose = true;
  }

  /** A shared page's object loses it: certainly, or only perhaps when the call failed on its way. */
  remove(process: number, region: number, index: number, done: boolean): void {
    const place = this.place(process, region, index);
    if (place?.object === undefined || !place.shared) return;
    if (done) place.object.punch(place.offset, place.offset + 1);
    else place.object.cell(place.offset).set(...place.object.cell(place.offset).values, 0);
  }

  fork(parent: number, child: number): void {
    const copy: Process = new Map();
    for (const [at, place] of this.processes.get(parent)!) {
      copy.set(at, { ...place, own: place.own && new Cell(place.own.values) });
    }
    this.processes.set(child, copy);
  }

  /** Cuts an object. Private copies of what lay behind the end go, too. */
  truncate(number: number, nrPages: number): void {
    const object = this.object(number);
    object.punch(nrPages, Infinity);
    object.nrPages = nrPages;
    for (const process of this.processes.values()) {
      for (const [at, place] of process) {
        if (place.object === object && place.offset >= nrPages) process.set(at, fresh(place));
      }
    }
  }

  place(process: number, region: number, index: number): Place | undefined {
    return this.processes.get(process)?.get(page(region, index));
  }

  /** The cell that an access reaches. */
  cell(place: Place): Cell {
    return place.own ?? place.object!.cell(place.offset);
  }

  /** The cell behind a page that somebody took a reference on by looking at it. */
  seenBy(process: number, region: number, index: number): Cell {
    const place = this.place(process, region, index)!;
    return place.loose && place.own === undefined ? new Cell(anyValue) : this.cell(place);
  }

  /** What a load must give. */
  read(process: number, region: number, index: number): Expected {
    const place = this.place(process, region, index);
    if (place === undefined || place.prot === 'n') return 'signal';
    if (place.loose && place.own === undefined) return 'anything';
    return outside(place) ? 'signal' : this.cell(place).values;
  }

  /** Whether a store must succeed. */
  writable(process: number, region: number, index: number): boolean {
    const place = this.place(process, region, index);
    return place !== undefined && place.prot === 'w' && !outside(place);
  }

  /** Stores a byte, copying the page first where it is private. */
  write(process: number, region: number, index: number, value: number): void {
    this.writableCell(process, region, index).set(value);
  }

  /** The cell that stores reach, the page being copied where it is private. */
  writableCell(process: number, region: number, index: number): Cell {
    const place = this.place(process, region, index)!;
    if (!place.shared)
      place.own ??= new Cell(place.loose ? anyValue : place.object!.cell(place.offset).values);
    return this.cell(place);
  }
}

/** A private page without a copy of its own lies in the object, and gets SIGBUS behind its end. */
function outside({ own, object, offset }: Place): boolean {
  return own === undefined && offset >= object!.nrPages;
}

function fresh(place: Place): Place {
  return { ...place, own: place.object === undefined ? new Cell() : undefined, loose: false };
}
