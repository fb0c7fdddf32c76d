import ts from 'typescript';
import { InputError } from '../../base/error.js';
import { type Cell, type CodeCell, type Notebook, joinLines } from '../nbformat.js';

/** Values by name, as they were written. */
export type Parameters = ReadonlyMap<string, string>;

/** The tags by which papermill knows the two cells. */
const DEFAULTS = 'parameters';
const INJECTED = 'injected-parameters';

/** A variable of the cell of defaults. */
interface Parameter {
  readonly name: string;
  /** What it is declared with, up to the value: `const release: string`. */
  readonly declaration: string;
  readonly value: string | number | boolean;
}

/**
 * The notebook with other values than its defaults. The values go into a cell of their own, behind the one that is
 * tagged `parameters`; a cell of values that is there already is replaced. Each value is of the kind of its default, so
 * that `release=6.12` stays a text.
 *
 * @param path for messages
 * @throws InputError for a value of another kind
 */
export function withParameters(path: string, notebook: Notebook, given: Parameters): Notebook {
  const declared = parametersOf(notebook).filter(({ name }) => given.has(name));
  if (declared.length === 0) return notebook;
  const source = declared
    .map(
      ({ name, declaration, value }) => `${declaration} = ${literal(path, name, given.get(name)!, value)};`,
    )
    .join('\n');
  const cells = notebook.cells.filter((cell) => !hasTag(cell, INJECTED));
  const at = cells.findIndex((cell) => hasTag(cell, DEFAULTS));
  return { ...notebook, cells: [...cells.slice(0, at + 1), injected(source), ...cells.slice(at + 1)] };
}

/**
 * Refuses parameters that none of the notebooks has.
 *
 * @throws InputError naming those that there are
 */
export function checkParameters(notebooks: readonly Notebook[], given: Parameters): void {
  const known = new Set(notebooks.flatMap(parametersOf).map(({ name }) => name));
  for (const name of given.keys()) {
    if (known.has(name)) continue;
    const allowed =
      known.size === 0 ? 'these notebooks have none' : `allowed: ${[...known].sort().join(', ')}`;
    throw new InputError(`parameter ${name}: no such parameter; ${allowed}`);
  }
}

/** The variables of the cell tagged `parameters` whose default is a text, a number, true or false. */
function parametersOf({ cells }: Notebook): Parameter[] {
  const cell = cells.find((cell) => cell.cell_type === 'code' && hasTag(cell, DEFAULTS));
  if (cell === undefined) return [];
  const source = ts.createSourceFile('cell.ts', joinLines(cell.source), ts.ScriptTarget.Latest, true);
  return source.statements.filter(ts.isVariableStatement).flatMap(({ declarationList }) =>
    declarationList.declarations.flatMap((declaration): Parameter[] => {
      const value = valueOf(declaration.initializer);
      if (value === undefined || !ts.isIdentifier(declaration.name)) return [];
      const keyword = declarationList.getFirstToken(source)!.getText(source);
      const type = declaration.type ? `: ${declaration.type.getText(source)}` : '';
      return [
        { name: declaration.name.text, declaration: `${keyword} ${declaration.name.text}${type}`, value },
      ];
    }),
  );
}

function valueOf(node: ts.Expression | undefined): Parameter['value'] | undefined {
  if (node === undefined) return undefined;
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isNumericLiteral(node)) return Number(node.text);
  if (node.kind === ts.SyntaxKind.TrueKeyword) return true;
  return node.kind === ts.SyntaxKind.FalseKeyword ? false : undefined;
}

function literal(path: string, name: string, text: string, like: Parameter['value']): string {
  if (typeof like === 'string') return JSON.stringify(text);
  const fits =
    typeof like === 'number'
      ? text.trim() !== '' && Number.isFinite(Number(text))
      : /^(true|false)$/.test(text);
  if (fits) return text;
  const kind = typeof like === 'number' ? 'a number' : 'true or false';
  throw new InputError(`${path}: parameter ${name}: '${text}' is not ${kind}; the default is ${like}`);
}

function injected(source: string): CodeCell {
  return {
    cell_type: 'code',
    id: INJECTED,
    metadata: { tags: [INJECTED] },
    source,
    execution_count: null,
    outputs: [],
  };
}

function hasTag(cell: Cell, tag: string): boolean {
  return cell.metadata.tags?.includes(tag) ?? false;
}
