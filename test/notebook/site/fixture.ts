import { mimeBundle, Table, view, type Displayable } from '../../../kernel-lib/index.js';
import type { Cell, CodeCell, Notebook, Output } from '../../../kernel-lib/notebook/nbformat.js';
import { renderBundle } from '../../../kernel-lib/notebook/render.js';
import type { SitePage } from '../../../kernel-lib/notebook/site/site.js';

const faults = ['6.1.176', '6.12.111', '7.2.13'].flatMap((kernel, k) =>
  ['mmap', 'fork', 'madvise', 'mremap', 'swapoff'].map((op, i) => ({
    kernel,
    op,
    minor: 3 * i + k + 1,
    us: i + k / 3,
  })),
);

export function notebook(cells: readonly Cell[], metadata: Notebook['metadata'] = {}): Notebook {
  return {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: { language_info: { name: 'typescript' }, ...metadata },
    cells,
  };
}

export function text(id: string, source: string): Cell {
  return { cell_type: 'markdown', id, metadata: {}, source };
}

export function code(
  id: string,
  source: string,
  outputs: readonly Output[] = [],
  tags: readonly string[] = [],
): CodeCell {
  return {
    cell_type: 'code',
    id,
    metadata: { tags },
    source,
    execution_count: Number(/\d+/.exec(id)?.[0] ?? 1),
    outputs,
  };
}

export function shown(data: Record<string, unknown>): Output {
  return { output_type: 'display_data', data, metadata: {} };
}

export function printed(text: string, name = 'stdout'): Output {
  return { output_type: 'stream', name, text };
}

export const failure: Output = {
  output_type: 'error',
  ename: 'TypeError',
  evalue: "Cannot read properties of undefined (reading '<pte>')",
  traceback: ['\u001b[31mTypeError\u001b[0m: Cannot read properties', '    at cell 3, line 2'],
};

async function object(value: Displayable): Promise<Output> {
  return shown({ ...(await renderBundle(value[mimeBundle]())) });
}

const FAULT_TEXT = `# What is a page fault?

The first touch of a page costs a *fault*: the CPU finds no entry, calls \`handle_mm_fault\`, and tries again. Nothing was
copied, nothing was read from a disk.

With $n$ pages and one fault each, the time is

$$t = \\sum_{i=1}^{n} \\left( t_{\\mathrm{trap}} + t_{\\mathrm{alloc}} \\right)$$

as [the next workbook](01-cow.ipynb#After-fork) measures. See \`mm/memory.c\`:

\`\`\`c
static vm_fault_t do_anonymous_page(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;   /* the region */
	return 0;
}
\`\`\`

| flag | meaning |
|---|---|
| \`VM_WRITE\` | the region may be written |
| \`VM_SHARED\` | writes reach the file |
`;

const MACHINE = `import { boot, view } from 'faultbook';

const linux = boot({ release: '6.1', arch: 'x86_64' });
const victim = linux.spawn('victim');
const page = victim.mmap(1, { prot: 'rw', flags: 'private anon' }); // one page`;

/** A small site as a run leaves it: figures of every kind, text, maths, an error, and a workbook that did not run. */
export async function fixturePages(): Promise<SitePage[]> {
  const words = {
    caption: 'Each later kernel takes one fault more: the finding stands under its figure.',
    by: 'kernel',
  } as const;
  const bars = view.bars(faults, {
    ...words,
    x: 'op',
    y: 'minor',
    title: 'Minor faults per operation, on three kernels',
  });
  const lines = view.lines(faults, {
    ...words,
    x: 'minor',
    y: 'us',
    title: 'Time of a fault',
    yLabel: 'microseconds',
  });
  const heat = view.heatmap(faults, {
    x: 'op',
    y: 'kernel',
    value: 'minor',
    title: 'Faults by kernel and operation',
  });
  const boxes = view.boxes(faults, { x: 'kernel', y: 'us', title: 'Spread' });
  const bins = view.histogram(faults, { x: 'us', bins: 'doubling', title: 'Latency' });
  const table = view.table(faults, { limit: 6, caption: 'The first rows.' });
  return [
    {
      path: '00-first-fault.ipynb',
      notebook: notebook([
        text('a', FAULT_TEXT),
        code('c1', MACHINE),
        code('c2', 'victim.write(page, 0x41);', [printed('handle_mm_fault -> do_anonymous_page\n')]),
        code('c3', "view.bars(faults, { x: 'op', y: 'minor', by: 'kernel' })", [await object(bars)]),
        code('c4', 'view.table(faults)', [await object(table)]),
        code('c5', "view.heatmap(faults, { x: 'op', y: 'kernel', value: 'minor' })", [await object(heat)]),
      ]),
    },
    {
      path: '01-cow.ipynb',
      notebook: notebook([
        text('a', '# Who copies the page?\n\nAfter `fork` nobody does. The first writer does.'),
        text('b', '## After fork\n\nBoth processes map one frame.'),
        code('c1', 'lines', [await object(lines), await object(boxes)]),
        code('c2', 'histogram', [await object(bins)]),
      ]),
    },
    {
      path: '02-broken.ipynb',
      notebook: notebook([
        text('a', '# What happens when a cell fails?\n\nThe rest is not run.'),
        code('c3', 'const pte = page.pte;\npte.value', [failure]),
      ]),
    },
    { path: '03-absent.ipynb', problem: 'the kernel did not start: no such file' },
  ];
}

/** A table alone, for tests that need no figure. */
export const smallTable = new Table({ columns: ['pfn'], rows: [[7]] });
