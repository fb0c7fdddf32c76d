import { errnoNames } from '../base/errno.js';
import { InputError } from '../base/error.js';
import { PG_dirty, PG_writeback } from '../folio/flags.js';
import { pageByte, pageMapcount, testFlag } from '../folio/frame.js';
import type { Machine } from '../machine/machine.js';
import { diskContent } from '../pagecache/disk-file.js';
import { readFile } from '../pagecache/file-read.js';
import { genericPerformWrite } from '../pagecache/perform-write.js';
import { completeWrites, fileWriteAndWaitRange, wakeupFlusherThreads } from '../pagecache/writeback.js';
import { xaLoad } from '../pagecache/xarray.js';
import type { Step } from '../step/step.js';
import { AddressSpace, type File } from '../vma/file.js';
import { truncateFile, vfsFallocate } from '../zap/file-size.js';
import { runOperation } from './operation.js';

/** What the page cache holds of one page of a file. */
export interface CachedPage {
  /** The first byte. */
  readonly byte: number;
  readonly dirty: boolean;
  readonly writeback: boolean;
  /** Page-table entries that map it. */
  readonly mapcount: number;
}

/**
 * A file on a disk, as a notebook holds it: `linux.diskFile('data', { pages: 4 })`. Contents are the first bytes of
 * pages. What a process sees is the page cache; what survives is the disk.
 */
export class DiskFile {
  readonly name: string;
  readonly file: File;
  readonly #k: Machine;
  readonly #mapping: AddressSpace;

  constructor(k: Machine, name: string, file: File) {
    this.name = name;
    this.file = file;
    this.#k = k;
    this.#mapping = AddressSpace.at(k, file.fMapping);
  }

  /** Size in pages; the last one may be cut. */
  get pages(): number {
    return Math.ceil(this.#mapping.iSize / this.#k.pageSize);
  }

  /** What the disk holds of a page: its first byte, 0 where nothing was ever written. */
  content(page: number): number {
    return diskContent(this.#k, this.#mapping, this.#index(page)) & 0xff;
  }

  /** What the page cache holds of a page, undefined if nothing. Looking changes nothing. */
  cached(page: number): CachedPage | undefined {
    const frame = xaLoad(this.#k, this.#mapping, this.#index(page));
    if (frame === 0) return undefined;
    return {
      byte: pageByte(this.#k, frame),
      dirty: testFlag(this.#k, frame, PG_dirty),
      writeback: testFlag(this.#k, frame, PG_writeback),
      mapcount: pageMapcount(this.#k, frame),
    };
  }

  /** Reads the first byte of a page, as pread does. @throws InputError behind the end */
  read(page: number): number {
    return this.#result('read', readFile(this.#k, this.file, this.#index(page)));
  }

  /** Writes the first byte of a page, as pwrite does; behind the end the file grows. */
  write(page: number, value: number): void {
    if (!Number.isInteger(value) || value < 0 || value > 255) {
      throw new InputError(`write: value is ${value}; allowed: a byte, 0 to 255`);
    }
    this.#result('write', genericPerformWrite(this.#k, this.#mapping, this.#index(page), value));
  }

  /** Returns once everything that was written is on the disk, through mappings, too. */
  fsync(): void {
    this.#result('fsync', fileWriteAndWaitRange(this.#k, this.#mapping));
  }

  /** Changes the size. Pages that go are lost, mapped or not; an access to them gets SIGBUS. @param pages may be a fraction */
  truncate(pages: number): void {
    const bytes = pages * this.#k.pageSize;
    if (!Number.isInteger(bytes) || bytes < 0) {
      throw new InputError(`truncate: pages is ${pages}; allowed: 0 or more, in whole bytes`);
    }
    this.#result('truncate', truncateFile(this.#k, this.#mapping, pages));
  }

  /** Gives the blocks of `nrPages` pages back: they read as zeros. Private copies stay. */
  punchHole(page: number, nrPages = 1): void {
    runOperation(this.#k, vfsFallocate(this.#k, this.#mapping, this.#index(page), nrPages));
  }

  /** Whether the device wants a page to stay as it is while it is written (checksums): writers then wait. */
  get stableWrites(): boolean {
    return this.#mapping.stableWrites === 1;
  }

  set stableWrites(wants: boolean) {
    this.#mapping.stableWrites = wants ? 1 : 0;
  }

  #index(page: number): number {
    if (!Number.isInteger(page) || page < 0) {
      throw new InputError(`${this.name}: page is ${page}; allowed: a whole number from 0`);
    }
    return page;
  }

  #result(what: string, operation: Step<number>): number {
    const result = runOperation(this.#k, operation);
    if (result >= 0) return result;
    throw new InputError(`${this.name}: ${what} fails with ${errnoNames.get(-result) ?? -result}`);
  }

  toString(): string {
    const pages = Array.from({ length: this.pages }, (_, page) => `${page}: ${this.#pageWords(page)}`);
    return [`${this.name}, ${this.pages} pages`, ...pages].join('\n');
  }

  #pageWords(page: number): string {
    const cached = this.cached(page);
    const disk = `disk ${this.content(page)}`;
    if (cached === undefined) return `${disk}, not cached`;
    const { byte, dirty, writeback, mapcount } = cached;
    const state = [dirty && 'dirty', writeback && 'under writeback', mapcount > 0 && `mapped ${mapcount}`];
    return [disk, `cached ${byte}`, ...state.filter((word) => word !== false)].join(', ');
  }

  /** What `console.log` prints in Node. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}

/** The disk behind a machine's files. */
export class Disk {
  readonly #k: Machine;

  constructor(k: Machine) {
    this.#k = k;
  }

  /** Whether writes stay under way until somebody waits for them, or `complete` is called. */
  get slow(): boolean {
    return this.#k.globals.diskIsSlow !== 0;
  }

  set slow(slow: boolean) {
    // What it was given as a slow disk it ends as one.
    if (!slow) this.complete();
    this.#k.globals.diskIsSlow = slow ? 1 : 0;
  }

  /** Writes what is dirty of every file, and waits for nothing: what the kernel does by itself after a while. */
  writeback(): void {
    runOperation(this.#k, wakeupFlusherThreads(this.#k));
  }

  /** The disk finishes everything that it was given. */
  complete(): void {
    runOperation(this.#k, completeWrites(this.#k));
  }
}
