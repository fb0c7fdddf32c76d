import { WIDGET_START, type WidgetScript } from '../view/widget.js';
import { widgetScript, widgetStyle } from './widget-files.js';

/** Between a widget and what a viewer needs to bring it to life. */
const PARTS = '<!-- faultbook: style and script -->';

export function isWidget(html: unknown): html is string {
  return typeof html === 'string' && html.startsWith(WIDGET_START);
}

/** A widget's HTML for viewers that know nothing of widgets: with its style sheet and its script behind it. */
export function withParts(html: string): string {
  const name = /^[^>]* data-widget="(\w+)"/.exec(html)?.[1] as WidgetScript | undefined;
  const script = name === undefined ? '' : `<script>${widgetScript(name).replaceAll('</', '<\\/')}</script>`;
  return `${html}${PARTS}<style>${widgetStyle()}</style>${script}`;
}

/** A widget's HTML for a page that has style sheet and script of its own. */
export function withoutParts(html: string): string {
  return html.split(PARTS)[0]!;
}
