import type { ReclaimHint } from './driver.js';
import type { RecordedOperation } from './recording.js';
import { pagesOf } from './runs.js';

/** Which pages were there before and not after: what a recorded `reclaim` took. */
export function reclaimHint(before: RecordedOperation, after: RecordedOperation): ReclaimHint {
  return { pages: leftMappings(before, after), objectPages: leftObjects(before, after) };
}

function leftMappings(before: RecordedOperation, after: RecordedOperation): ReclaimHint['pages'] {
  const left: { process: number; region: number; index: number }[] = [];
  for (const process of Object.keys(before.S)) {
    const stay = presentPages(after, process);
    for (const { region, index } of presentPages(before, process).values()) {
      if (!stay.has(`${region}.${index}`)) left.push({ process: Number(process), region, index });
    }
  }
  return left;
}

function presentPages(
  seen: RecordedOperation,
  process: string,
): ReadonlyMap<string, { readonly region: number; readonly index: number }> {
  const present = new Map<string, { readonly region: number; readonly index: number }>();
  for (const mapping of seen.S[process] ?? []) {
    pagesOf(mapping).forEach((page, at) => {
      const index = mapping.i + at;
      if (page.length === 4) present.set(`${mapping.r}.${index}`, { region: mapping.r, index });
    });
  }
  return present;
}

function leftObjects(before: RecordedOperation, after: RecordedOperation): ReclaimHint['objectPages'] {
  const left: { object: number; index: number }[] = [];
  for (const { o, inc } of before.O ?? []) {
    const stay = after.O?.find((object) => object.o === o)?.inc ?? '';
    for (let index = 0; index < inc.length; index++) {
      if (inc[index] === '1' && stay[index] !== '1') left.push({ object: o, index });
    }
  }
  return left;
}
