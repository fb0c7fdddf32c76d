import { InputError } from '../../base/error.js';
import {
  FLAGS_SHIFT,
  PM_FILE,
  PM_MMAP_EXCLUSIVE,
  PM_PRESENT,
  PM_SOFT_DIRTY,
  PM_SWAP,
  PM_UFFD_WP,
} from '../../walk/pagemap.js';

/** Pages of one kind: a row for `view.table`. */
export interface PageRow {
  readonly kind: 'anonymous' | 'file or shared' | 'swapped' | 'not mapped';
  readonly pages: number;
  readonly softDirty: number;
  readonly exclusive: number;
  readonly uffdWp: number;
}

/** What a part of /proc/PID/pagemap tells. */
export interface PagemapStatistics {
  readonly source: 'pagemap';
  readonly pages: number;
  readonly kinds: readonly PageRow[];
}

const ENTRY_BYTES = 8;
/** The word of an entry that holds the flags, and where in it they begin. */
const HIGH_WORD = 4;
const HIGH_SHIFT = FLAGS_SHIFT - 32;
/** Bits 59 and 60, which no kernel sets. */
const UNUSED = (1 << 4) | (1 << 5);

type Counts = { -readonly [Key in keyof PageRow]: PageRow[Key] };

/** Counts the entries of /proc/PID/pagemap, of eight bytes each, lowest first. */
export class PagemapCounter {
  readonly #kinds: readonly Counts[] = (
    ['anonymous', 'file or shared', 'swapped', 'not mapped'] as const
  ).map((kind) => ({ kind, pages: 0, softDirty: 0, exclusive: 0, uffdWp: 0 }));
  /** Bytes of an entry that the last piece began. */
  #rest = new Uint8Array(0);

  add(bytes: Uint8Array): void {
    const all = new Uint8Array(this.#rest.length + bytes.length);
    all.set(this.#rest);
    all.set(bytes, this.#rest.length);
    const end = all.length - (all.length % ENTRY_BYTES);
    const view = new DataView(all.buffer);
    for (let at = 0; at < end; at += ENTRY_BYTES)
      this.#count(view.getUint32(at + HIGH_WORD, true) >>> HIGH_SHIFT);
    this.#rest = all.slice(end);
  }

  #count(flags: number): void {
    if (flags & UNUSED) {
      const at = this.#kinds.reduce((sum, { pages }) => sum + pages, 0) * ENTRY_BYTES;
      throw new InputError(`no entry of pagemap begins at byte ${at}: its bits 59 and 60 are not both zero`);
    }
    const counts = this.#kinds[kindOf(flags)]!;
    counts.pages++;
    if (flags & PM_SOFT_DIRTY) counts.softDirty++;
    if (flags & PM_MMAP_EXCLUSIVE) counts.exclusive++;
    if (flags & PM_UFFD_WP) counts.uffdWp++;
  }

  /** The statistics of all bytes so far. @throws InputError in the middle of an entry */
  statistics(): PagemapStatistics {
    if (this.#rest.length > 0) {
      throw new InputError(
        `the last entry of the pagemap has ${this.#rest.length} of its ${ENTRY_BYTES} bytes; allowed: whole entries`,
      );
    }
    const pages = this.#kinds.reduce((sum, counts) => sum + counts.pages, 0);
    return { source: 'pagemap', pages, kinds: this.#kinds.filter((counts) => counts.pages > 0) };
  }
}

/** Which row of the kinds a page belongs to. */
function kindOf(flags: number): number {
  if (flags & PM_PRESENT) return flags & PM_FILE ? 1 : 0;
  return flags & PM_SWAP ? 2 : 3;
}
