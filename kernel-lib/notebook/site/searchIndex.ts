import { joinLines, type Notebook } from '../nbformat.js';
import { sectionsOf } from './markdown.js';

/** What a search can find: the part of a workbook under one heading. */
interface SearchRecord {
  readonly id: number;
  /** The address of the part. */
  readonly at: string;
  readonly workbook: string;
  readonly heading: string;
  /** Its text, and the code of its cells. */
  readonly text: string;
}

/** A workbook to be searched. */
export interface Searched {
  readonly page: string;
  readonly title: string;
  readonly notebook: Notebook;
}

/** A classic script that hands the parts of all workbooks to the page that loads it. */
export function searchIndexScript(workbooks: readonly Searched[]): string {
  const records = workbooks.flatMap(partsOf).map((part, id): SearchRecord => ({ id, ...part }));
  return `globalThis.faultbookSearch(${JSON.stringify(records)});\n`;
}

function partsOf({ page, title, notebook }: Searched): Omit<SearchRecord, 'id'>[] {
  const parts: { at: string; workbook: string; heading: string; text: string }[] = [
    { at: page, workbook: title, heading: '', text: '' },
  ];
  for (const cell of notebook.cells) {
    const source = joinLines(cell.source);
    if (cell.cell_type !== 'markdown') {
      parts.at(-1)!.text += ` ${source}`;
      continue;
    }
    for (const { heading, anchor, text } of sectionsOf(source)) {
      if (heading === '') parts.at(-1)!.text += text;
      else parts.push({ at: `${page}#${encodeURIComponent(anchor)}`, workbook: title, heading, text });
    }
  }
  return parts.map((part) => ({ ...part, text: part.text.replace(/\s+/g, ' ').trim() }));
}
