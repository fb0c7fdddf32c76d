import { escapeHtml } from './html.js';

/** Letters take about this part of their size in width. */
const LETTER_WIDTH = 0.53;

/** Of all pictures: narrow enough for a phone, where they shrink a little. */
export const PICTURE_WIDTH = 400;
const FONT_SIZE = 11.5;

/** A picture in the letters' own colour, so that it suits every page. */
export function svgPicture(title: string, height: number, body: string): string {
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${PICTURE_WIDTH}" height="${height}" viewBox="0 0 ${PICTURE_WIDTH} ${height}" ` +
    `role="img" font-family="sans-serif" font-size="${FONT_SIZE}" fill="currentColor"><title>${escapeHtml(title)}</title>` +
    `${body}</svg>`
  );
}

export function svgText(x: number, y: number, content: string, attributes = ''): string {
  return `<text x="${round(x)}" y="${round(y)}"${attributes}>${escapeHtml(content)}</text>`;
}

/** A text that ends in dots where it would leave its room. */
export function fitted(content: string, room: number): string {
  const most = Math.floor(room / (FONT_SIZE * LETTER_WIDTH));
  return content.length <= most ? content : `${content.slice(0, most - 1)}…`;
}

export function round(n: number): number {
  return Math.round(n * 10) / 10;
}
