import { joinLines, type MimeBundle, type Multiline } from '../nbformat.js';

const IMAGE_TYPES = ['image/svg+xml', 'image/png', 'image/jpeg', 'image/gif', 'image/webp'] as const;

const PIECE = 1 << 13;

/** The bundle's picture as an address that holds it. As an image, an SVG can neither run scripts nor clash with the page. */
export function imageSource(bundle: MimeBundle): string | undefined {
  const type = IMAGE_TYPES.find((mime) => mime in bundle);
  if (!type) return undefined;
  const content = joinLines(bundle[type] as Multiline);
  const base64 = type === 'image/svg+xml' ? base64Of(content) : content.replace(/\s/g, '');
  return `data:${type};base64,${base64}`;
}

/** In pieces, for a call takes so many arguments only. Pages do this, too, so without Node's buffers. */
function base64Of(text: string): string {
  const bytes = new TextEncoder().encode(text);
  const pieces: string[] = [];
  for (let from = 0; from < bytes.length; from += PIECE)
    pieces.push(String.fromCharCode(...bytes.subarray(from, from + PIECE)));
  return btoa(pieces.join(''));
}
