import type { Snapshot } from './driver.js';
import { LAST_PAGE, NR_REGIONS, type OperationName } from './operation.js';

/** After these a number is carried over wherever its frame went; after all others only in place. */
const moving: ReadonlySet<OperationName> = new Set(['mremap', 'umove', 'pmove']);

/** The recordings' numbers for a driver's frames and swap entries, in one snapshot. */
export interface Names {
  readonly frames: ReadonlyMap<number, number>;
  readonly entries: ReadonlyMap<number, number>;
}

/**
 * Numbers the frames and swap entries of one program's snapshots as the recordings do: in order of appearance,
 * carried over to the next snapshot where something at the same address refers to the same one in both.
 */
export class Naming {
  readonly #frames = new Numbering();
  readonly #entries = new Numbering();

  /** Names what the next snapshot, after an operation of that name, refers to. */
  next(snapshot: Snapshot, after: OperationName): Names {
    const frames = new References();
    const entries = new References();
    for (const process of [...snapshot.processes.keys()].sort((a, b) => a - b)) {
      for (const { region, index, pages } of snapshot.processes.get(process)!) {
        let address = addressKey(process, region, index);
        for (const page of pages) {
          if (page.kind === 'swap') entries.add(address, page.entry);
          else if (page.kind === 'present' && page.frame !== 'Z') frames.add(address, page.frame);
          address++;
        }
      }
    }
    const moved = moving.has(after);
    return { frames: this.#frames.next(frames, moved), entries: this.#entries.next(entries, moved) };
  }
}

/** One number for a process and an address, rising with both. */
export function addressKey(process: number, region: number, index: number): number {
  return (process * NR_REGIONS + region) * (LAST_PAGE + 1) + index;
}

/** What addresses refer to, in the order of addresses. */
class References {
  readonly addresses: number[] = [];
  readonly raws: number[] = [];

  add(address: number, raw: number): void {
    this.addresses.push(address);
    this.raws.push(raw);
  }
}

/** The numbers of one kind of thing, from snapshot to snapshot. */
class Numbering {
  #before = new References();
  #numbers: ReadonlyMap<number, number> = new Map();
  #last = 0;

  /** @param moved whether a reference from anywhere carries a number over */
  next(now: References, moved: boolean): ReadonlyMap<number, number> {
    const numbers = new Map<number, number>();
    const { addresses, raws } = this.#before;
    let before = 0;
    now.raws.forEach((raw, at) => {
      while (addresses[before]! < now.addresses[at]!) before++;
      const stays = addresses[before] === now.addresses[at] && raws[before] === raw;
      const number = moved || stays ? this.#numbers.get(raw) : undefined;
      if (number !== undefined) numbers.set(raw, number);
    });
    for (const raw of now.raws) {
      if (!numbers.has(raw)) numbers.set(raw, ++this.#last);
    }
    this.#before = now;
    this.#numbers = numbers;
    return numbers;
  }
}
