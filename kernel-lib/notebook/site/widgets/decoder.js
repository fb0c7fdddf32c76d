// Reads page-table entries in the page, with the library's own records of all architectures.
import { arches } from '../../../arch/variants.js';
import { releaseNames } from '../../../patches/releases.js';
import { PteAnswer } from '../../../view/pte-decoder.js';
import { element, makeAlive } from './alive.js';

let nrDecoders = 0;

makeAlive('decoder', (root, question) => {
  const answer = root.querySelector('.fb-answer');
  const id = `fb-decoder-${++nrDecoders}`;
  const problem = element('p', { className: 'fb-problem', id: `${id}-problem`, role: 'alert' });
  const value = element('input', { value: question.value, spellcheck: false, autocomplete: 'off' });
  value.setAttribute('aria-describedby', problem.id);
  const arch = select(
    arches.map(({ id, title }) => [id, `${id}: ${title}`]),
    question.arch,
  );
  const release = select(
    releaseNames.map((name) => [name, name]),
    question.release,
  );

  function read() {
    try {
      const { html } = new PteAnswer({ value: value.value, arch: arch.value, release: release.value });
      answer.innerHTML = html;
      problem.textContent = '';
    } catch (err) {
      answer.replaceChildren();
      problem.textContent = err.message;
    }
    value.setAttribute('aria-invalid', String(problem.textContent !== ''));
  }

  for (const field of [value, arch, release]) field.addEventListener('input', read);
  const form = element(
    'form',
    { className: 'fb-form' },
    element('label', {}, 'Entry', value),
    element('label', {}, 'Architecture', arch),
    element('label', {}, 'Release', release),
  );
  form.addEventListener('submit', (event) => event.preventDefault());
  answer.before(form, problem);
});

/** @param {[value: string, text: string][]} options @param {string} chosen */
function select(options, chosen) {
  const all = options.map(([value, text]) => element('option', { value, selected: value === chosen }, text));
  return element('select', {}, ...all);
}
