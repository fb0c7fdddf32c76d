import { joinLines, type MimeBundle, type Multiline } from '../nbformat.js';

const IMAGE_TYPES = ['image/svg+xml', 'image/png', 'image/jpeg', 'image/gif', 'image/webp'] as const;

/** The bundle's picture as an address that holds it. As an image, an SVG can neither run scripts nor clash with the page. */
export function imageSource(bundle: MimeBundle): string | undefined {
  const type = IMAGE_TYPES.find((mime) => mime in bundle);
  if (!type) return undefined;
  const content = joinLines(bundle[type] as Multiline);
  const base64 =
    type === 'image/svg+xml' ? Buffer.from(content).toString('base64') : content.replace(/\s/g, '');
  return `data:${type};base64,${base64}`;
}
