import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { isCheckCell, isSolutionCell } from '../../kernel-lib/notebook/exercise-cells.js';
import { type Cell, type Notebook, joinLines } from '../../kernel-lib/notebook/nbformat.js';
import { notebookText } from '../../kernel-lib/notebook/nbformat-text.js';
import { hasExercises, studentEdition } from '../../kernel-lib/notebook/student-edition.js';
import { ownWorkbooks } from '../../kernel-lib/notebook/workbooks.js';
import { faultbook } from './faultbook.js';

// Each grading starts a kernel.
vi.setConfig({ testTimeout: 300_000 });

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'faultbook-grade-'));
});

afterEach(() => rm(dir, { recursive: true, force: true }));

const workbooks = ownWorkbooks().filter(hasExercises);

/** A workbook without its story: what is imported, and the exercises. */
function exercisesOnly(workbook: Notebook): Notebook {
  const imports = (cell: Cell): boolean => /^import /m.test(joinLines(cell.source));
  const kept = (cell: Cell): boolean => isCheckCell(cell) || isSolutionCell(cell) || imports(cell);
  return { ...workbook, cells: workbook.cells.filter((cell) => cell.cell_type === 'code' && kept(cell)) };
}

async function graded(
  notebook: Notebook,
): Promise<{ points: number; of: number; exercises: { message: string }[] }> {
  const path = join(dir, 'mine.ipynb');
  await writeFile(path, notebookText(notebook));
  const { code, stdout, stderr } = await faultbook(['grade', path, '--json'], dir);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return JSON.parse(stdout) as never;
}

test('an untouched student edition has no points, and says of each exercise that it has no answer', async () => {
  for (const workbook of workbooks) {
    const { points, of, exercises } = await graded(exercisesOnly(studentEdition(workbook)));
    expect(points).toBe(0);
    expect(of).toBeGreaterThan(0);
    expect(new Set(exercises.map(({ message }) => message))).toEqual(new Set(['There is no answer yet.']));
  }
});

test('a solved edition has all points, also when its judging cells were tampered with or an answer fails', async () => {
  const solved = exercisesOnly(workbooks[0]!);
  const cells = solved.cells.map((cell) => (isCheckCell(cell) ? { ...cell, source: '99' } : cell));
  const { points, of } = await graded({ ...solved, cells });
  expect(points).toBe(of);
  const broken = cells.map((cell) =>
    isSolutionCell(cell) ? { ...cell, source: 'throw new Error("no")' } : cell,
  );
  const after = await graded({ ...solved, cells: broken });
  expect(after.points).toBe(0);
  expect(after.exercises[0]!.message).toMatch(/^Its cell failed: /);
});

test('editions are written for both, and a notebook without exercises is refused', async () => {
  const { stdout } = await faultbook(['edition', 'student', resolve('notebooks'), '--out', dir], dir);
  expect(stdout).toMatch(/\d+ notebooks for students/);
  const student = await readFile(join(dir, '00-first-fault.ipynb'), 'utf8');
  expect(student).toContain('// Your answer here.');
  expect(JSON.parse(student)).toMatchObject({ nbformat: 4 });
  await writeFile(
    join(dir, 'empty.ipynb'),
    notebookText({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells: [] }),
  );
  const refused = await faultbook(['grade', 'empty.ipynb'], dir);
  expect(refused.code).toBe(2);
  expect(refused.stderr).toBe(
    'faultbook: empty.ipynb: has no exercise of any workbook: grade an edition of one\n',
  );
});

test('an edition never takes the place of the workbook that it is made of', async () => {
  const own = join(dir, 'own');
  await mkdir(own);
  const workbook = await readFile('notebooks/00-first-fault.ipynb', 'utf8');
  await writeFile(join(own, 'mine.ipynb'), workbook);
  const refused = await faultbook(['edition', 'student', 'mine.ipynb', '--out', '.'], own);
  expect(refused).toMatchObject({ code: 2, stdout: '' });
  expect(refused.stderr).toBe(
    'faultbook: --out .: would replace mine.ipynb by its edition; choose another folder\n',
  );
  expect(await readFile(join(own, 'mine.ipynb'), 'utf8')).toBe(workbook);
});
