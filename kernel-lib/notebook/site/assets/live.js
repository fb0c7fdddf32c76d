// Live pages: every code cell can be edited and run in the page, by a worker that holds the library. Scripts and data
// are loaded when they are needed, all of them classic scripts, for a page from a file may load nothing else.
(() => {
  'use strict';

  const folder = document.currentScript.src.replace(/[^/]*$/, '');
  const storageKey = `faultbook:${location.pathname}`;
  const bar = document.querySelector('.live-bar');
  const status = bar.querySelector('[role="status"]');
  const cells = [...document.querySelectorAll('.cell.code')].map(liveCell);
  const edited = readEdited();

  let editor;
  let workerText;
  let worker;
  let running = [];

  // What the scripts call with what they hold.
  const arrivals = new Map();
  globalThis.faultbookLive = {
    worker: (text) => (workerText = text),
    editor: (module) => (editor = module),
    data: (name, content) => arrivals.get(name)?.(content),
  };

  const scripts = new Map();

  /** Loads a script of the site once. */
  function script(name) {
    if (!scripts.has(name))
      scripts.set(
        name,
        new Promise((resolve, reject) => {
          const element = document.createElement('script');
          element.src = folder + name;
          element.onload = resolve;
          element.onerror = () => {
            scripts.delete(name);
            reject(new Error(`${name} cannot be loaded`));
          };
          document.head.append(element);
        }),
      );
    return scripts.get(name);
  }

  /** A cell of the page. */
  function liveCell(element, number) {
    const input = element.querySelector('.input');
    const original = input.querySelector('pre').textContent;
    const cell = { id: element.id, element, input, original, text: original, number: number + 1 };
    const button = (name) => element.querySelector(`[data-do="${name}"]`);
    button('run').addEventListener('click', () => run([cell]));
    button('above').addEventListener('click', () => run(cells.slice(0, number + 1)));
    button('edit').addEventListener('click', () => edit(cell));
    return cell;
  }

  function say(text) {
    status.textContent = text;
  }

  /* Editing */

  async function edit(cell) {
    try {
      await script('live-editor.js');
    } catch (err) {
      say(`The editor did not come: ${err.message}.`);
      return;
    }
    if (!cell.view) {
      cell.input.replaceChildren();
      cell.view = editor.open({
        parent: cell.input,
        text: cell.text,
        label: `Code of cell ${cell.number}. Shift and Enter runs it, Escape leaves the editor.`,
        onChange: (text) => changed(cell, text),
        onRun: () => run([cell]),
        onLeave: () => cell.element.querySelector('[data-do="edit"]').focus(),
      });
    }
    cell.view.focus();
  }

  function changed(cell, text) {
    cell.text = text;
    cell.element.classList.toggle('edited', text !== cell.original);
    if (text === cell.original) delete edited[cell.id];
    else edited[cell.id] = { original: cell.original, text };
    try {
      localStorage.setItem(storageKey, JSON.stringify(edited));
    } catch {
      say('This browser keeps no changes: they are lost when the page is left.');
    }
  }

  /** What an earlier visit has left. */
  function readEdited() {
    try {
      return JSON.parse(localStorage.getItem(storageKey)) ?? {};
    } catch {
      return {};
    }
  }

  function restore() {
    let nr = 0;
    for (const cell of cells) {
      const left = edited[cell.id];
      // A workbook that has changed since is not overwritten by what belonged to the old one.
      if (left?.original !== cell.original) continue;
      cell.text = left.text;
      cell.input.querySelector('code').textContent = left.text;
      cell.element.classList.add('edited');
      nr++;
    }
    if (nr > 0) say(`${nr} of your changes are still here.`);
  }

  /* Running */

  async function run(wanted) {
    const waiting = wanted.filter((cell) => !running.includes(cell));
    running.push(...waiting);
    for (const cell of waiting) mark(cell, 'waiting');
    showState();
    if (running.length > waiting.length) return;
    try {
      await start();
    } catch (err) {
      stopAll();
      say(`The library did not come: ${err.message}.`);
      return;
    }
    next();
  }

  async function start() {
    if (worker) return;
    say('Loading the library …');
    await script('live-worker.js');
    const address = URL.createObjectURL(new Blob([workerText], { type: 'text/javascript' }));
    worker = new Worker(address);
    URL.revokeObjectURL(address);
    worker.onmessage = ({ data }) => hear(data);
    worker.onerror = (event) => {
      lose();
      say(`The machine stopped: ${event.message}. Run the cells again from the first.`);
    };
  }

  function next() {
    const [cell] = running;
    if (!cell) return;
    outputsOf(cell).replaceChildren();
    mark(cell, 'running');
    showState();
    worker.postMessage({ type: 'run', cell: cell.id, code: cell.text });
  }

  function hear(report) {
    if (report.type === 'load') return give(report.name);
    const [cell] = running;
    // A timer of a cell that has ended may still print.
    const meant = cells.find(({ id }) => id === report.cell);
    if (report.type === 'output') return void show(meant, report);
    if (cell !== meant) return;
    running.shift();
    mark(cell, report.failed ? 'failed' : 'done');
    if (report.failed) {
      stopAll();
      say(`Cell ${cell.number} failed.`);
      return;
    }
    if (running.length > 0) return next();
    showState();
    say(`Cell ${cell.number} is done.`);
  }

  function outputsOf(cell) {
    let outputs = cell.element.querySelector('.outputs');
    if (!outputs) {
      outputs = document.createElement('div');
      outputs.className = 'outputs';
      cell.element.append(outputs);
    }
    return outputs;
  }

  async function show(cell, { html, stream, text }) {
    const outputs = outputsOf(cell);
    if (stream) return print(outputs, stream, text);
    outputs.insertAdjacentHTML('beforeend', html);
    const output = outputs.lastElementChild;
    if (output.querySelector('.faultbook-figure')) {
      await script('plotly.min.js');
      await script('figures.js');
      globalThis.faultbookFigures(output);
    }
    for (const { dataset } of output.querySelectorAll('.faultbook-widget[data-widget]')) {
      await script(`widget-${dataset.widget}.js`);
      globalThis.faultbookWidgets[dataset.widget]();
    }
  }

  /** Texts of one stream go on in one block. */
  function print(outputs, stream, text) {
    let last = outputs.lastElementChild;
    if (!last?.matches(`.output.stream.${stream}`)) {
      last = document.createElement('div');
      last.className = `output stream ${stream}`;
      const pre = document.createElement('pre');
      pre.tabIndex = 0;
      last.append(pre);
      outputs.append(last);
    }
    last.firstElementChild.append(text);
  }

  /** Loads what the worker asks for and hands it on. */
  function give(name) {
    const asked = worker;
    arrivals.set(name, (content) => asked.postMessage({ type: 'loaded', name, content }));
    const file = name === 'sources' ? 'live-sources.js' : `data/${name}.js`;
    // A second worker asks again: the script has to run again.
    scripts.delete(file);
    script(file).catch((err) => asked.postMessage({ type: 'loaded', name, problem: err.message }));
  }

  /* State */

  function mark(cell, state) {
    cell.element.dataset.state = state;
  }

  function showState() {
    const [cell] = running;
    bar.querySelector('[data-do="stop"]').disabled = !cell;
    if (cell) say(`Cell ${cell.number} is running …`);
  }

  function stopAll() {
    for (const cell of running)
      if (cell.element.dataset.state !== 'failed') delete cell.element.dataset.state;
    running = [];
    showState();
  }

  /** The machine goes, and with it everything that the cells have made. */
  function lose() {
    worker?.terminate();
    worker = undefined;
    stopAll();
    for (const { element } of cells) delete element.dataset.state;
  }

  function stop() {
    const [cell] = running;
    if (!cell) return;
    lose();
    say(
      `Cell ${cell.number} was stopped. Its variables and those of all cells are gone: run the cells above again.`,
    );
  }

  /** Everything as it came: without changes, and with the outputs of the workbook. */
  function reset() {
    lose();
    try {
      localStorage.removeItem(storageKey);
    } catch {
      // Then nothing was kept.
    }
    location.reload();
  }

  bar.querySelector('[data-do="all"]').addEventListener('click', () => run(cells));
  bar.querySelector('[data-do="stop"]').addEventListener('click', stop);
  bar.querySelector('[data-do="reset"]').addEventListener('click', reset);
  restore();
})();
