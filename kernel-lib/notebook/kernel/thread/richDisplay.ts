import { format } from 'node:util';
import { PLOTLY_MIME } from '../../../view/figure.js';
import { mimeBundle, type MimeBundle } from '../../../view/mime.js';
import { isWidget, withParts } from '../../widgetHtml.js';

/**
 * The forms in which a value shows itself. A value that knows nothing about this has its printed form.
 *
 * @returns a promise when some form has to be waited for
 */
export function bundleOf(value: unknown): MimeBundle | Promise<MimeBundle> {
  const method: unknown = isObject(value) ? Reflect.get(value, mimeBundle) : undefined;
  if (typeof method !== 'function') return { 'text/plain': format(value) };
  const bundle: unknown = Reflect.apply(method, value, []);
  return isThenable(bundle)
    ? Promise.resolve(bundle).then((awaited) => completed(value, awaited))
    : completed(value, bundle);
}

function completed(value: unknown, bundle: unknown): MimeBundle | Promise<MimeBundle> {
  if (!isObject(bundle)) throw new TypeError('a MIME bundle must be an object of MIME types and data');
  const encoded = Object.fromEntries(Object.entries(bundle).map(([type, data]) => [type, encode(data)]));
  if (PLOTLY_MIME in encoded) return renderFigure(encoded);
  if (isWidget(encoded['text/html'])) return { ...encoded, 'text/html': withParts(encoded['text/html']) };
  return 'text/plain' in encoded ? encoded : { 'text/plain': format(value), ...encoded };
}

async function renderFigure(bundle: MimeBundle): Promise<MimeBundle> {
  // Drawing needs a document: it is loaded with the first figure only.
  const { renderBundle } = await import('../../render.js');
  return renderBundle(bundle);
}

/** Bytes travel as base64. */
function encode(data: unknown): unknown {
  return data instanceof Uint8Array ? Buffer.from(data).toString('base64') : data;
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return isObject(value) && typeof Reflect.get(value, 'then') === 'function';
}
