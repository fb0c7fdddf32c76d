import { InputError } from '../../base/error.js';

/** The mappings of one kind, in KiB: a row for `view.table`. */
export interface MappingRow {
  /** `anonymous`, `file`, `shared file`, or a name of the kernel's own, `[heap]`. */
  readonly kind: string;
  readonly mappings: number;
  /** Sums of the fields, each in KiB: Size, Rss, Pss, Swap… */
  readonly kib: Readonly<Record<string, number>>;
}

/** What /proc/PID/smaps tells of a process. */
export interface SmapsStatistics {
  readonly source: 'smaps';
  readonly mappings: number;
  /** Sums over all mappings, in KiB. */
  readonly kib: Readonly<Record<string, number>>;
  /** By kind of mapping, in the order of their first ones. */
  readonly kinds: readonly MappingRow[];
}

/** `7f00-7f10 rw-p 00000000 08:01 1234  /lib/libc.so`: where, permissions, and of what. */
const mappingLine = /^[0-9a-f]+-[0-9a-f]+ [r-][w-][x-](?<sharing>[ps]) [0-9a-f]+ \S+ \d+\s*(?<name>.*)$/;
const fieldLine = /^(?<field>\w+):\s+(?<kib>\d+) kB$/;
/** Sizes of pages are no amounts of memory. */
const noAmounts: readonly string[] = ['KernelPageSize', 'MMUPageSize'];

interface Sums {
  readonly kind: string;
  mappings: number;
  readonly kib: Record<string, number>;
}

/** Whether a line begins a mapping of /proc/PID/smaps. */
export function isSmapsLine(text: string): boolean {
  return mappingLine.test(text);
}

/** Adds up the mappings of /proc/PID/smaps, line by line. */
export class SmapsCounter {
  readonly #kinds = new Map<string, Sums>();
  #now: Sums | undefined;
  /** How many amounts the first mapping has, and the last one so far: all have the same. */
  #firstAmounts = 0;
  #amounts = 0;

  add(text: string): void {
    const mapping = mappingLine.exec(text)?.groups;
    if (mapping) this.#begin(kindOf(mapping.name!, mapping.sharing!));
    const field = fieldLine.exec(text)?.groups;
    if (!field || !this.#now || noAmounts.includes(field.field!)) return;
    this.#amounts++;
    this.#now.kib[field.field!] = (this.#now.kib[field.field!] ?? 0) + Number(field.kib);
  }

  #begin(kind: string): void {
    this.#firstAmounts ||= this.#amounts;
    this.#amounts = 0;
    this.#now = this.#kinds.get(kind) ?? { kind, mappings: 0, kib: {} };
    this.#now.mappings++;
    this.#kinds.set(kind, this.#now);
  }

  /** The statistics of all lines so far. @throws InputError in the middle of a mapping */
  statistics(): SmapsStatistics {
    if (this.#amounts < this.#firstAmounts) {
      throw new InputError(
        `the text ends in the middle of a mapping, with ${this.#amounts} of the ${this.#firstAmounts} amounts of the first one`,
      );
    }
    const kinds = [...this.#kinds.values()];
    const kib: Record<string, number> = {};
    for (const sums of kinds) {
      for (const [field, amount] of Object.entries(sums.kib)) kib[field] = (kib[field] ?? 0) + amount;
    }
    const mappings = kinds.reduce((sum, kind) => sum + kind.mappings, 0);
    return { source: 'smaps', mappings, kib, kinds };
  }
}

function kindOf(name: string, sharing: string): string {
  if (name === '') return sharing === 's' ? 'shared anonymous' : 'anonymous';
  if (/^\[.*\]$/.test(name)) return name.replace(/:.*\]$/, ']');
  return sharing === 's' ? 'shared file' : 'file';
}
