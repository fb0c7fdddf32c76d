import type { Cell, CodeCell, Notebook } from './nbformat.js';

/** What nbgrader writes into the metadata of a cell that belongs to an exercise, under the key `nbgrader`. */
export interface NbgraderMetadata {
  readonly schema_version: 3;
  /** A name that no other cell of the notebook has. */
  readonly grade_id: string;
  /** The cell holds an answer. */
  readonly solution: boolean;
  /** The cell judges one, for so many points. */
  readonly grade: boolean;
  readonly points?: number;
  readonly locked: boolean;
  readonly task: boolean;
}

const CHECK_SUFFIX = '-check';

/** The name that nbgrader has for the cell that judges an exercise; the cell of the answer has the exercise's own. */
export function checkCellName(exercise: string): string {
  return exercise + CHECK_SUFFIX;
}

/** The exercise that a cell judges. */
export function exerciseOf(cell: CheckCell): string {
  return cell.metadata.nbgrader.grade_id.slice(0, -CHECK_SUFFIX.length);
}

type ExerciseCell = CodeCell & { readonly metadata: { readonly nbgrader: NbgraderMetadata } };

/** A cell in which an answer is judged. */
export type CheckCell = ExerciseCell;

export function isSolutionCell(cell: Cell): cell is ExerciseCell {
  return nbgraderOf(cell)?.solution === true && cell.cell_type === 'code';
}

export function isCheckCell(cell: Cell): cell is CheckCell {
  const nbgrader = nbgraderOf(cell);
  return nbgrader?.grade === true && cell.cell_type === 'code' && nbgrader.grade_id.endsWith(CHECK_SUFFIX);
}

/** The cells of a notebook that judge answers, in its order. */
export function checkCells({ cells }: Notebook): CheckCell[] {
  return cells.filter(isCheckCell);
}

function nbgraderOf({ metadata }: Cell): NbgraderMetadata | undefined {
  const found = metadata['nbgrader'] as Partial<NbgraderMetadata> | undefined;
  return typeof found?.grade_id === 'string' ? (found as NbgraderMetadata) : undefined;
}
