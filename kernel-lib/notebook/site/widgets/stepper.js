// Walks a schedule of a race step by step: what each thread does, and what can be seen of the machine behind it.
import { element, makeAlive } from './alive.js';

makeAlive('stepper', (root, { threads, start, steps }) => {
  const status = element('p', { className: 'fb-step', role: 'status' });
  const place = element('input', { type: 'range', min: 0, max: steps.length, value: 0 });
  place.setAttribute('aria-label', 'Step');
  const stage = element('div', { className: 'fb-stage' });
  const first = button('First', () => go(0));
  const back = button('Back', () => go(at() - 1));
  const next = button('Next', () => go(at() + 1));
  const last = button('Last', () => go(steps.length));

  const at = () => Number(place.value);

  function go(step) {
    place.value = step;
    show();
  }

  function show() {
    const step = steps[at() - 1];
    const words = step ? `${step.thread}: ${step.does}` : 'before the first step';
    status.textContent = `${at()} of ${steps.length} · ${words}`;
    place.setAttribute('aria-valuetext', status.textContent);
    for (const control of [first, back]) control.disabled = at() === 0;
    for (const control of [next, last]) control.disabled = at() === steps.length;
    const before = new Map((at() > 1 ? steps[at() - 2].state : start).flatMap(({ facts }) => facts));
    const parts = (step?.state ?? start).map(({ part, facts }) => table(part, facts, step && before));
    stage.replaceChildren(cpus(step), ...parts, ...(step ? [notes(step)] : []));
  }

  /** What each thread did last. */
  function cpus(step) {
    const done = steps.slice(0, at());
    const facts = threads.map((thread) => [
      thread,
      done.findLast((one) => one.thread === thread)?.does ?? 'has not begun',
    ]);
    return table('CPUs', facts, undefined, step?.thread);
  }

  place.addEventListener('input', show);
  root
    .querySelector('.fb-title')
    .after(element('div', { className: 'fb-controls' }, first, back, next, last, place), status, stage);
  root.querySelector('details').open = false;
  show();
});

function button(text, onclick) {
  return element('button', { type: 'button', onclick }, text);
}

/** Names and words, with a mark at what was something else before. */
function table(part, facts, before, current) {
  const rows = facts.map(([name, words]) => {
    const changed = (before && before.get(name) !== words) || name === current;
    const mark = changed
      ? [element('span', { className: 'fb-changed' }, part === 'CPUs' ? ' ◀ runs' : ' ◀ changed')]
      : [];
    const row = element('tr', {}, element('th', { scope: 'row' }, name), element('td', {}, words, ...mark));
    row.classList.toggle('fb-new', changed);
    return row;
  });
  return element(
    'table',
    { className: 'fb-part' },
    element('caption', {}, part),
    element('tbody', {}, ...rows),
  );
}

function notes({ notes }) {
  const lines = notes.length > 0 ? notes : ['nothing that can be seen from outside'];
  const heading = element('div', { className: 'fb-notes-title' }, 'What changed');
  return element(
    'div',
    { className: 'fb-notes' },
    heading,
    element('ul', {}, ...lines.map((line) => element('li', {}, line))),
  );
}
