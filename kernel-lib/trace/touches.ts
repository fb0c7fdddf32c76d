import type { RecordedKernel } from './kernel.js';
import type { RecordedMapping, RecordedOperation, RecordedPage, RecordedProgram } from './recording.js';

/** What a page-table entry held when a program touched its page. */
export type Held =
  | 'nothing'
  | 'the zero page'
  | 'an exclusive anonymous page'
  | 'an anonymous page that may be shared'
  | 'a page of an object'
  | 'a swap entry'
  | 'something else';

/** One load or store of a recorded program's own, with what its page table held before. */
export interface Touch extends RecordedKernel {
  readonly program: string;
  /** Index of the operation in its program. */
  readonly index: number;
  readonly access: 'read' | 'write';
  /** Whether the page lies in a private mapping without an object: what `malloc` uses. */
  readonly anonymous: boolean;
  readonly held: Held;
  /** Minor and major faults charged. */
  readonly min: number;
  readonly maj: number;
  /** The signal that stopped the access. */
  readonly sig: 'SEGV' | 'BUS' | undefined;
}

/**
 * Every `read` and `write` of a program's processes that has a page to touch.
 *
 * @param from which kernel the program was recorded on
 */
export function programTouches(from: RecordedKernel, program: RecordedProgram): Touch[] {
  const { kernel, release, arch } = from;
  const anonymous = new Map<string, boolean>();
  const rows: Touch[] = [];
  let before: RecordedOperation | undefined;
  for (const recorded of program.operations) {
    const { operation, i, min, maj, sig } = recorded;
    if (operation.name === 'mmap')
      anonymous.set(place(operation), operation.visibility === 'p' && operation.source === 'anon');
    // A child's regions are its parent's until it maps its own.
    if (operation.name === 'fork')
      for (const [at, is] of [...anonymous])
        if (at.startsWith(`${operation.process}.`))
          anonymous.set(`${operation.child}.${at.slice(at.indexOf('.') + 1)}`, is);
    if ((operation.name === 'read' || operation.name === 'write') && min !== undefined && maj !== undefined) {
      const page = pageAt(before?.S[operation.process] ?? [], operation.region, operation.index);
      if (page)
        rows.push({
          ...{ kernel, release, arch, program: program.id, index: i },
          access: operation.name,
          anonymous: anonymous.get(place(operation)) ?? false,
          held: heldBy(page),
          ...{ min, maj, sig },
        });
    }
    before = recorded;
  }
  return rows;
}

function place({ process, region }: { readonly process: number; readonly region: number }): string {
  return `${process}.${region}`;
}

function pageAt(
  mappings: readonly RecordedMapping[],
  region: number,
  index: number,
): RecordedPage | undefined {
  const mapping = mappings.find(({ r, i, n }) => r === region && i <= index && index < i + n);
  let left = index - (mapping?.i ?? 0);
  for (const [nrPages, page] of mapping?.pg ?? []) {
    if (left < nrPages) return page;
    left -= nrPages;
  }
  return undefined;
}

function heldBy(page: RecordedPage): Held {
  const [, where] = page;
  if (where === undefined) return 'nothing';
  if (page.length === 4) {
    const flags = page[2];
    if (where === 'Z') return 'the zero page';
    if (!flags.includes('a')) return 'a page of an object';
    return flags.includes('e') ? 'an exclusive anonymous page' : 'an anonymous page that may be shared';
  }
  return String(where).startsWith('s') ? 'a swap entry' : 'something else';
}
