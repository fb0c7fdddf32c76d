// What all widgets have in common: how their scripts find them.

/**
 * Makes the widgets of one kind answer: those that are in the page already, and those that come later when
 * `faultbookWidgets` is called.
 *
 * @template Data what the library has put into such a widget
 * @param {string} name
 * @param {(root: HTMLElement, data: Data) => void} start adds what answers
 */
export function makeAlive(name, start) {
  const scan = () => {
    for (const root of document.querySelectorAll(
      `.faultbook-widget[data-widget="${name}"]:not([data-alive])`,
    )) {
      root.dataset.alive = '';
      start(root, JSON.parse(root.querySelector('script[type="application/json"]').textContent));
    }
  };
  globalThis.faultbookWidgets = { ...globalThis.faultbookWidgets, [name]: scan };
  scan();
}

/**
 * An element with attributes and content.
 *
 * @param {string} tag
 * @param {Record<string, unknown>} [properties]
 * @param {...(Node | string)} content
 */
export function element(tag, properties = {}, ...content) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties))
    if (name in made) made[name] = value;
    else made.setAttribute(name, value);
  made.append(...content);
  return made;
}
