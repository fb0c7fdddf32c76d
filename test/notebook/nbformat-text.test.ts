import { expect, test } from 'vitest';
import { notebookText } from '../../kernel-lib/notebook/nbformat-text.js';
import { code, notebook } from './notebook.js';

test('a notebook is written as Jupyter writes it: sorted keys and texts as lines', () => {
  const outputs = [{ output_type: 'stream', name: 'stdout', text: 'a\n\nb' } as const];
  expect(notebookText(notebook({ ...code('x\ny'), outputs }))).toBe(`{
 "cells": [
  {
   "cell_type": "code",
   "execution_count": null,
   "id": "c1",
   "metadata": {},
   "outputs": [
    {
     "name": "stdout",
     "output_type": "stream",
     "text": [
      "a\\n",
      "\\n",
      "b"
     ]
    }
   ],
   "source": [
    "x\\n",
    "y"
   ]
  }
 ],
 "metadata": {},
 "nbformat": 4,
 "nbformat_minor": 5
}
`);
});

test('values of JSON media types keep their shape', () => {
  const data = { 'application/vnd.plotly.v1+json': { title: 'a\nb' }, 'text/html': '<p>\n</p>' };
  const outputs = [{ output_type: 'display_data', metadata: {}, data } as const];
  const written = JSON.parse(notebookText(notebook({ ...code(''), outputs })));
  expect(written.cells[0].outputs[0].data).toEqual({
    'application/vnd.plotly.v1+json': { title: 'a\nb' },
    'text/html': ['<p>\n', '</p>'],
  });
});
