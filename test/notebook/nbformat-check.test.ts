import { expect, test } from 'vitest';
import { nbformatError } from '../../kernel-lib/notebook/nbformat-check.js';
import { code, notebook } from './notebook.js';

/** A notebook of one code cell with some fields replaced. */
function withCell(fields: Record<string, unknown>): unknown {
  return { ...notebook(), cells: [{ ...code(''), id: 'a', ...fields }] };
}

test('every kind of cell and output of the format 4.5 is valid', () => {
  const outputs = [
    { output_type: 'stream', name: 'stdout', text: ['a\n', 'b'] },
    {
      output_type: 'display_data',
      metadata: {},
      data: { 'text/plain': 'a', 'application/x+json': { any: [1] } },
    },
    { output_type: 'execute_result', execution_count: 1, metadata: {}, data: {} },
    { output_type: 'error', ename: 'E', evalue: 'v', traceback: ['t'] },
  ];
  const text = { cell_type: 'markdown', id: 'b', metadata: { tags: ['x'] }, source: ['# a\n'] };
  const raw = { ...text, cell_type: 'raw', attachments: { 'a.png': { 'image/png': 'AAAA' } } };
  expect(
    nbformatError({ ...notebook(), cells: [{ ...code('1'), id: 'a', outputs }, text, raw] }),
  ).toBeUndefined();
});

test.each([
  [{}, 'the notebook must have required property'],
  [{ ...notebook(), nbformat_minor: 4 }, 'nbformat_minor must be >= 5'],
  [
    { ...notebook(), metadata: { kernelspec: { name: 'x' } } },
    "metadata.kernelspec must have required property 'display_name'",
  ],
  [{ ...notebook(), cells: [3] }, 'cells[0].cell_type is undefined'],
  [withCell({ cell_type: 'heading' }), 'cells[0].cell_type is "heading"'],
  [withCell({ source: 3 }), 'cells[0].source must be string'],
  [withCell({ prompt: 1 }), 'cells[0] must NOT have additional properties ("prompt")'],
  [withCell({ id: 'a b' }), 'cells[0].id must match pattern'],
  [withCell({ id: 'a'.repeat(65) }), 'cells[0].id must NOT have more than 64 characters'],
  [withCell({ metadata: { tags: ['a', 'a'] } }), 'cells[0].metadata.tags must NOT have duplicate items'],
  [withCell({ metadata: { tags: ['a,b'] } }), 'cells[0].metadata.tags[0] must match pattern'],
  [withCell({ outputs: [{ output_type: 'pyout' }] }), 'cells[0].outputs[0].output_type is "pyout"'],
  [
    withCell({ outputs: [{ output_type: 'stream', name: 'stdout' }] }),
    "cells[0].outputs[0] must have required property 'text'",
  ],
  [
    withCell({ outputs: [{ output_type: 'display_data', metadata: {}, data: { 'text/plain': 3 } }] }),
    'cells[0].outputs[0].data.text/plain must be string',
  ],
])('%# an invalid notebook is told apart by place and reason', (document, reason) => {
  expect(nbformatError(document)).toContain(reason);
});
