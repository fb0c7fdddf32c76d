import { expect, test } from 'vitest';
import { checkCells, exerciseOf, isSolutionCell } from '../../kernel-lib/notebook/exercise-cells.js';
import { gradeOf, workbookOf } from '../../kernel-lib/notebook/grade.js';
import { exercises } from '../../kernel-lib/exercise/exercises.js';
import { type CodeCell, joinLines } from '../../kernel-lib/notebook/nbformat.js';
import { notebookText } from '../../kernel-lib/notebook/nbformat-text.js';
import { hasExercises, studentEdition } from '../../kernel-lib/notebook/student-edition.js';
import { ownWorkbooks } from '../../kernel-lib/notebook/workbooks.js';
import { code, notebook } from './notebook.js';

const workbooks = ownWorkbooks().filter(hasExercises);

/** The lines of a workbook's solutions. */
function solutionLines(cells: readonly CodeCell[]): string[] {
  return cells.flatMap((cell) => {
    const lines = joinLines(cell.source).split('\n');
    return lines.slice(
      lines.findIndex((line) => line.includes('BEGIN SOLUTION')) + 1,
      lines.findIndex((line) => line.includes('END SOLUTION')),
    );
  });
}

test('a student edition has no line of a solution and nothing that a solution showed', () => {
  expect(workbooks.length).toBeGreaterThan(4);
  for (const workbook of workbooks) {
    const text = notebookText(studentEdition(workbook));
    const solutions = solutionLines(workbook.cells.filter(isSolutionCell));
    expect(solutions.length).toBeGreaterThan(0);
    // A closing brace or an argument alone says nothing.
    const telling = solutions.filter((line) => /\w{3}/.test(line) && /[=(]/.test(line));
    expect(telling.filter((line) => text.includes(JSON.stringify(line).slice(1, -1)))).toEqual([]);
    expect(text).not.toContain('SOLUTION');
    expect(text).not.toContain('faultbook-verdict');
  }
});

test('every exercise has a cell that judges it, with its points, and the committed solutions have them all', () => {
  const judged = workbooks.flatMap(checkCells);
  expect(judged.map(exerciseOf)).toEqual(Object.keys(exercises));
  for (const cell of judged)
    expect(cell.metadata.nbgrader.points).toBe(exercises[exerciseOf(cell) as keyof typeof exercises].points);
  for (const workbook of workbooks) {
    const { points, of } = gradeOf({ notebook: workbook, failures: [], warnings: [] }, workbook);
    expect(points).toBe(of);
  }
});

test('an edition is told by its exercises', () => {
  const [, second] = workbooks;
  expect(workbookOf('mine.ipynb', studentEdition(second!), workbooks)).toBe(second);
  expect(() => workbookOf('mine.ipynb', notebook('1'), workbooks)).toThrow(/has no exercise of any workbook/);
});

test('a solution without an end is refused', () => {
  const cell = code('let a;\n// BEGIN SOLUTION\na = 1;');
  const nbgrader = {
    grade_id: 'x',
    solution: true,
    grade: false,
    locked: false,
    schema_version: 3,
    task: false,
  };
  expect(() => studentEdition(notebook({ ...cell, metadata: { nbgrader } }))).toThrow(/exercise x/);
});
