/** Take the place of the files: a page has style sheet and scripts of its own. */
export function widgetStyle(): string {
  return '';
}

export function widgetScript(): string {
  return '';
}
