import { readFileSync } from 'node:fs';
import type { WidgetScript } from '../view/widget.js';

const assets = new URL('site/assets/', import.meta.url);

/** The style sheet of all widgets. */
export function widgetStyle(): string {
  return readFileSync(new URL('widgets.css', assets), 'utf8');
}

/** What makes one kind of widget answer. */
export function widgetScript(name: WidgetScript): string {
  return readFileSync(new URL(`widget-${name}.js`, assets), 'utf8');
}
