import type { Cell, CodeCell, Notebook } from '../../kernel-lib/notebook/nbformat.js';

/** A code cell that has not run. */
export function code(source: string, tags?: readonly string[]): Omit<CodeCell, 'id'> {
  return { cell_type: 'code', metadata: tags ? { tags } : {}, source, execution_count: null, outputs: [] };
}

/** A notebook of code cells, given as their source or as whole cells. */
export function notebook(...cells: (string | Omit<CodeCell, 'id'>)[]): Notebook {
  return {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: {},
    cells: cells.map((cell, i): Cell => ({
      ...(typeof cell === 'string' ? code(cell) : cell),
      id: `c${i + 1}`,
    })),
  };
}
