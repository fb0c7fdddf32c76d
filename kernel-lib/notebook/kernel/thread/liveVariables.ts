import type ts from 'typescript';
import type { TypeScript } from './compiler.js';

/** A module's text after {@link exportVariables}, and what was inserted at the start of which (zero-based) lines. */
export interface LiveModule {
  readonly text: string;
  readonly inserted: ReadonlyMap<number, number>;
}

const EXPORT = 'export ';

/**
 * Lets the functions of a cell see what later cells assign to its variables.
 *
 * tslab exports a cell's variables in a list at its end. The script made from that keeps a variable of its own beside
 * the exported one, and functions go on reading theirs. When the declaration itself is the export, the script has only
 * the exported variable. Constants cannot be assigned and stay as they are.
 */
export function exportVariables(compiler: TypeScript, text: string): LiveModule {
  const source = compiler.createSourceFile('cell.js', text, compiler.ScriptTarget.Latest, false);
  const exported = new Set(
    exportLists(compiler, source).flatMap(({ elements }) => elements.map((e) => e.name.text)),
  );
  const declarations = source.statements.filter((statement) =>
    isLiveDeclaration(compiler, statement, exported),
  );
  if (declarations.length === 0) return { text, inserted: new Map() };
  const live = new Set(declarations.flatMap((statement) => namesOf(compiler, statement)));
  const edits = [
    ...declarations.map((statement) => ({
      from: statement.getStart(source),
      to: statement.getStart(source),
      by: EXPORT,
    })),
    ...exportLists(compiler, source).map((list) => ({
      from: list.getStart(source),
      to: list.getEnd(),
      by: `{ ${list.elements
        .map((e) => e.name.text)
        .filter((name) => !live.has(name))
        .join(', ')} }`,
    })),
  ].sort((a, b) => b.from - a.from);
  const lines = declarations.map(
    (statement) => source.getLineAndCharacterOfPosition(statement.getStart(source)).line,
  );
  return {
    text: edits.reduce((edited, { from, to, by }) => edited.slice(0, from) + by + edited.slice(to), text),
    inserted: new Map(lines.map((line) => [line, EXPORT.length])),
  };
}

/** The `{ a, b }` of each `export { a, b };`. */
function exportLists(compiler: TypeScript, source: ts.SourceFile): ts.NamedExports[] {
  return source.statements.flatMap((statement) =>
    compiler.isExportDeclaration(statement) &&
    !statement.moduleSpecifier &&
    statement.exportClause &&
    compiler.isNamedExports(statement.exportClause)
      ? [statement.exportClause]
      : [],
  );
}

/** `let` or `var` at the top of the cell, whose every name is exported. */
function isLiveDeclaration(
  compiler: TypeScript,
  statement: ts.Statement,
  exported: ReadonlySet<string>,
): statement is ts.VariableStatement {
  if (!compiler.isVariableStatement(statement) || statement.modifiers?.length) return false;
  if (statement.declarationList.flags & compiler.NodeFlags.Const) return false;
  return namesOf(compiler, statement).every((name) => exported.has(name));
}

function namesOf(compiler: TypeScript, statement: ts.VariableStatement): string[] {
  const collect = (name: ts.BindingName): string[] =>
    compiler.isIdentifier(name)
      ? [name.text]
      : name.elements.flatMap((e) => (compiler.isOmittedExpression(e) ? [] : collect(e.name)));
  return statement.declarationList.declarations.flatMap(({ name }) => collect(name));
}
