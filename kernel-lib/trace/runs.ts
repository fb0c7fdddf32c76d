import type { RecordedMapping, RecordedPage } from './recording.js';

/** The pages of a recorded mapping one by one, `n` of them when the recording is sound. */
export function pagesOf(mapping: RecordedMapping): RecordedPage[] {
  const pages: RecordedPage[] = [];
  for (const [nrPages, page, step] of mapping.pg) {
    for (let at = 0; at < nrPages; at++) pages.push(step === undefined ? page : shifted(page, at));
  }
  return pages;
}

/** The page `by` frames further on. */
function shifted(page: RecordedPage, by: number): RecordedPage {
  return page.length === 4 && page[1] !== 'Z' ? [page[0], page[1] + by, page[2], page[3]] : page;
}
