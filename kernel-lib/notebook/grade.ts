import { InputError } from '../base/error.js';
import { VERDICT_MIME } from '../exercise/verdict.js';
import { exercises } from '../exercise/exercises.js';
import { type CheckCell, checkCells, exerciseOf, isCheckCell } from './exercise-cells.js';
import type { Cell, CodeCell, Notebook } from './nbformat.js';
import type { Execution } from './run/execute.js';

/** What an answer to one exercise came to. */
export interface GradedExercise {
  readonly id: string;
  readonly points: number;
  readonly of: number;
  readonly message: string;
}

/** What a notebook came to. */
export interface Grade {
  readonly points: number;
  readonly of: number;
  readonly exercises: readonly GradedExercise[];
}

/**
 * The workbook of which `notebook` is an edition: the one that has most of its exercises.
 *
 * @throws InputError when none of them has any
 */
export function workbookOf(path: string, notebook: Notebook, workbooks: readonly Notebook[]): Notebook {
  const asked = new Set(checkCells(notebook).map(exerciseOf));
  const shared = (workbook: Notebook): number =>
    checkCells(workbook).filter((cell) => asked.has(exerciseOf(cell))).length;
  const [best] = [...workbooks].sort((a, b) => shared(b) - shared(a));
  if (best === undefined || shared(best) === 0)
    throw new InputError(`${path}: has no exercise of any workbook: grade an edition of one`);
  return best;
}

/**
 * The notebook as it is run for grading: whatever was done to the cells that judge, they are the workbook's own, and a
 * cell that fails does not end the run.
 */
export function forGrading(notebook: Notebook, workbook: Notebook): Notebook {
  const own = new Map(checkCells(workbook).map((cell) => [exerciseOf(cell), cell]));
  const cells = notebook.cells.map((cell): Cell => {
    if (cell.cell_type !== 'code') return cell;
    const source = (isCheckCell(cell) ? own.get(exerciseOf(cell)) : undefined)?.source ?? cell.source;
    const tags = [...(cell.metadata.tags ?? []), 'raises-exception'];
    return { ...cell, source, metadata: { ...cell.metadata, tags } };
  });
  return { ...notebook, cells };
}

/** The points of an executed notebook, exercise by exercise in the workbook's order. */
export function gradeOf({ notebook, failures }: Execution, workbook: Notebook): Grade {
  const ran = new Map(checkCells(notebook).map((cell) => [exerciseOf(cell), cell]));
  const stopped = failures.map(({ cell, message }) => `cell ${cell}: ${message}`).join('; ');
  const graded = checkCells(workbook).map((own): GradedExercise => {
    const id = exerciseOf(own);
    const of = exercises[id as keyof typeof exercises].points;
    const cell = ran.get(id);
    if (cell === undefined) return { id, points: 0, of, message: 'The cell that judges it is missing.' };
    return verdictOf(id, cell) ?? { id, points: 0, of, message: reasonOf(cell, stopped) };
  });
  const sum = (of: (exercise: GradedExercise) => number): number =>
    graded.reduce((all, exercise) => all + of(exercise), 0);
  return { points: sum(({ points }) => points), of: sum((one) => one.of), exercises: graded };
}

function verdictOf(id: string, { outputs }: CodeCell): GradedExercise | undefined {
  for (const output of outputs) {
    if (output.output_type !== 'execute_result') continue;
    const found = output.data[VERDICT_MIME] as
      { exercise: string; points: number; of: number; message: string } | undefined;
    if (found?.exercise === id) return { id, points: found.points, of: found.of, message: found.message };
  }
  return undefined;
}

function reasonOf({ outputs }: CheckCell, stopped: string): string {
  const error = outputs.find((output) => output.output_type === 'error');
  if (error) return `Its cell failed: ${error.ename}: ${error.evalue.split('\n', 1)[0]}`;
  return stopped === '' ? 'Its cell gave no verdict.' : `Its cell was not reached: ${stopped}`;
}
