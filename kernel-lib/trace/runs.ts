import type { RecordedMapping, RecordedPage, RecordedRun } from './recording.js';

/** The pages of a recorded mapping one by one, `n` of them when the recording is sound. */
export function pagesOf(mapping: RecordedMapping): RecordedPage[] {
  const pages: RecordedPage[] = [];
  for (const [nrPages, page, step] of mapping.pg) {
    for (let at = 0; at < nrPages; at++) pages.push(step === undefined ? page : shifted(page, at));
  }
  return pages;
}

/** Pages one by one in the runs that a recording holds: the inverse of `pagesOf`. */
export function runsOf(pages: readonly RecordedPage[]): RecordedRun[] {
  const runs: RecordedRun[] = [];
  for (let at = 0; at < pages.length;) {
    const first = pages[at]!;
    const step = isSame(pages[at + 1], shifted(first, 1)) && !isSame(first, shifted(first, 1)) ? 1 : 0;
    let nrPages = 1;
    while (isSame(pages[at + nrPages], shifted(first, step * nrPages))) nrPages++;
    runs.push(step === 0 ? [nrPages, first] : [nrPages, first, 1]);
    at += nrPages;
  }
  return runs;
}

function isSame(page: RecordedPage | undefined, other: RecordedPage): boolean {
  return page?.length === other.length && page.every((leaf, at) => leaf === other[at]);
}

/** The page `by` frames further on. */
function shifted(page: RecordedPage, by: number): RecordedPage {
  return page.length === 4 && page[1] !== 'Z' ? [page[0], page[1] + by, page[2], page[3]] : page;
}
