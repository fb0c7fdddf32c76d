import { InputError } from '../base/error.js';
import { checkCells, isCheckCell, isSolutionCell } from './exercise-cells.js';
import { type Cell, type Notebook, joinLines } from './nbformat.js';

/** Everything between these lines is the solution; nbgrader knows them by the same words. */
const BEGIN = /^\s*\/\/ BEGIN SOLUTION\s*$/;
const END = /^\s*\/\/ END SOLUTION\s*$/;

const STUB = '// Your answer here.';

/**
 * A workbook as it is given to those who are to solve its exercises: without the solutions, and without what their
 * cells showed. The other cells are as they were.
 *
 * @throws InputError when the lines around a solution do not come in pairs
 */
export function withoutSolutions(notebook: Notebook): Notebook {
  return { ...notebook, cells: notebook.cells.map(withoutSolution) };
}

/** The same with nothing run: what a student begins with. */
export function studentEdition(notebook: Notebook): Notebook {
  return { ...notebook, cells: withoutSolutions(notebook).cells.map(notRun) };
}

/** Whether a workbook has exercises. */
export function hasExercises(notebook: Notebook): boolean {
  return checkCells(notebook).length > 0;
}

function withoutSolution(cell: Cell): Cell {
  if (isCheckCell(cell)) return notRun(cell);
  if (!isSolutionCell(cell)) return cell;
  return notRun({ ...cell, source: unsolved(joinLines(cell.source), cell.metadata.nbgrader.grade_id) });
}

function unsolved(source: string, name: string): string {
  const lines: string[] = [];
  let inside = false;
  for (const line of source.split('\n')) {
    if (BEGIN.test(line) || END.test(line)) {
      if (BEGIN.test(line) === inside) throw unpaired(name);
      if (!inside) lines.push(line.replace(/\/\/.*/, STUB));
      inside = !inside;
    } else if (!inside) lines.push(line);
  }
  if (inside || !lines.some((line) => line.includes(STUB))) throw unpaired(name);
  return lines.join('\n');
}

function unpaired(name: string): InputError {
  return new InputError(`exercise ${name}: a solution stands between // BEGIN SOLUTION and // END SOLUTION`);
}

function notRun(cell: Cell): Cell {
  return cell.cell_type === 'code' ? { ...cell, execution_count: null, outputs: [] } : cell;
}
