import {
  type Identifier,
  type ImportDeclaration,
  type ImportSpecifier,
  type Node,
  type Pattern,
  type Program,
  type VariableDeclaration,
  parse,
} from 'acorn';
import { analyze } from 'eslint-scope';
import { transform } from 'sucrase';

/** A cell as a function of the variables of all cells: `(exports, require) => …`. */
export interface CellScript {
  /** The body of the function, line by line under the cell's own. */
  readonly body: string;
  /** It awaits something outside of its functions. */
  readonly isAsync: boolean;
}

/** A piece of text to be replaced; pieces do not overlap. */
interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Any node, with its children under names of their own. */
type Tree = Node & Readonly<Record<string, unknown>>;

/**
 * Makes a script of a cell, as the notebook's kernel does: types go; what the cell declares at its top becomes a
 * property of `exports`, where later cells find it and its own functions see what they assign; imports become calls of
 * `require`; the value of a last expression is returned. Constants stay the cell's own beside the exported ones.
 *
 * @param known names that earlier cells have declared
 * @throws SyntaxError when the cell is no TypeScript
 */
export function cellScript(code: string, known: ReadonlySet<string>): CellScript {
  const text = withoutTypes(code);
  const program = parse(text, {
    ecmaVersion: 'latest',
    sourceType: 'module',
    ranges: true,
  });
  const last = program.body.at(-1);
  const edits = [
    ...program.body.flatMap((statement) => topLevel(statement, statement === last, text)),
    ...nameEdits(program, known),
    ...dynamicImports(program),
  ];
  return {
    body: `"use strict";${hoisted(program)}${applied(text, edits)}`,
    isAsync: hasAwait(program),
  };
}

function withoutTypes(code: string): string {
  const { code: text } = transform(code, {
    transforms: ['typescript'],
    disableESTransforms: true,
    keepUnusedImports: true,
  });
  return text;
}

type TopStatement = Program['body'][number];

/** What becomes of a statement at the top of a cell, apart from the names in it. */
function topLevel(statement: TopStatement, isLast: boolean, text: string): Edit[] {
  const { start, end } = statement;
  switch (statement.type) {
    case 'ImportDeclaration':
      return [{ start, end, text: required(statement, text.slice(start, end)) }];
    case 'ExportNamedDeclaration':
      if (!statement.declaration) return [{ start, end, text: '' }];
      return [
        { start, end: statement.declaration.start, text: '' },
        ...topLevel(statement.declaration as TopStatement, false, text),
      ];
    case 'VariableDeclaration':
      return statement.kind === 'const' ? exported(statement) : assigned(statement);
    case 'ClassDeclaration':
      return [insertion(end, `;exports.${statement.id.name} = ${statement.id.name};`)];
    case 'ExpressionStatement':
      if (!isLast) return [];
      return [insertion(start, 'return ('), insertion(statement.expression.end, ')')];
    default:
      return [];
  }
}

/** An import as a call, on as many lines. */
function required(statement: ImportDeclaration, text: string): string {
  const module = `require(${JSON.stringify(statement.source.value)})`;
  const lines = '\n'.repeat(text.split('\n').length - 1);
  const statements = statement.specifiers.map((specifier) => {
    const { name } = specifier.local;
    if (specifier.type === 'ImportNamespaceSpecifier')
      return `const ${name} = ${module}; exports.${name} = ${name};`;
    const of = specifier.type === 'ImportDefaultSpecifier' ? 'default' : importedName(specifier);
    return `const ${name} = ${module}.${of}; exports.${name} = ${name};`;
  });
  return `${statements.length === 0 ? `${module};` : statements.join(' ')}${lines}`;
}

function importedName({ imported }: ImportSpecifier): string {
  return imported.type === 'Identifier' ? imported.name : String(imported.value);
}

/** Constants stay; behind them they are exported. */
function exported(statement: VariableDeclaration): Edit[] {
  const names = statement.declarations.flatMap(({ id }) => namesIn(id));
  return [insertion(statement.end, `;${names.map((name) => `exports.${name} = ${name};`).join(' ')}`)];
}

/** Other variables exist only in `exports`: their declaration is an assignment. */
function assigned({ start, declarations }: VariableDeclaration): Edit[] {
  const bare = declarations.filter(({ init }) => !init);
  return [
    { start, end: declarations[0]!.start, text: ';(' },
    ...bare.map(({ id }) => ({ start: id.start, end: id.end, text: `exports.${namesIn(id)[0]} = void 0` })),
    insertion(declarations.at(-1)!.end, ')'),
  ];
}

function namesIn(pattern: Pattern): string[] {
  switch (pattern.type) {
    case 'Identifier':
      return [pattern.name];
    case 'ObjectPattern':
      return pattern.properties.flatMap((property) =>
        namesIn(property.type === 'Property' ? property.value : property.argument),
      );
    case 'ArrayPattern':
      return pattern.elements.flatMap((element) => (element ? namesIn(element) : []));
    case 'AssignmentPattern':
      return namesIn(pattern.left);
    case 'RestElement':
      return namesIn(pattern.argument);
    default:
      return [];
  }
}

/** Functions are there before the first line runs. */
function hoisted({ body }: Program): string {
  const names = body.flatMap((statement) => {
    const declared = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
    return declared?.type === 'FunctionDeclaration' ? [declared.id!.name] : [];
  });
  return names.map((name) => `exports.${name} = ${name};`).join('');
}

/** `exports.` before every name that an earlier cell has declared, or this one as a variable. */
function nameEdits(program: Program, known: ReadonlySet<string>): Edit[] {
  // Two packages, two sets of types for one tree.
  const manager = analyze(program as unknown as Parameters<typeof analyze>[0], {
    ecmaVersion: 2022,
    sourceType: 'module',
  });
  const shorthands = shorthandNames(program);
  const own = new Set(variablesOf(program));
  const declared = manager.scopes.find(({ type }) => type === 'module')!.variables;
  const references = [
    ...manager.globalScope!.through.filter(({ identifier }) => known.has(identifier.name)),
    ...declared.filter(({ name }) => own.has(name)).flatMap((variable) => variable.references),
  ];
  const identifiers = new Set(references.map(({ identifier }) => identifier as unknown as Identifier));
  return [...identifiers].map(({ start, end, name }) => ({
    start,
    end,
    text: shorthands.has(start) ? `${name}: exports.${name}` : `exports.${name}`,
  }));
}

/** What `let` and `var` declare at the top. */
function variablesOf({ body }: Program): string[] {
  return body
    .map((statement) => (statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement))
    .flatMap((statement) =>
      statement?.type === 'VariableDeclaration' && statement.kind !== 'const' ? statement.declarations : [],
    )
    .flatMap(({ id }) => namesIn(id));
}

/** Where `{ name }` stands for `{ name: name }`, in objects and in patterns. */
function shorthandNames(program: Program): ReadonlySet<number> {
  const starts = new Set<number>();
  walk(program, (node) => {
    if (node.type === 'Property' && node['shorthand'] === true) starts.add(node.start);
    return true;
  });
  return starts;
}

function dynamicImports(program: Program): Edit[] {
  const edits: Edit[] = [];
  walk(program, ({ type, start }) => {
    if (type === 'ImportExpression')
      edits.push({ start, end: start + 'import'.length, text: '(async (name) => require(name))' });
    return true;
  });
  return edits;
}

function hasAwait(program: Program): boolean {
  let found = false;
  walk(program, (node) => {
    found ||= node.type === 'AwaitExpression' || (node.type === 'ForOfStatement' && node['await'] === true);
    return !/Function/.test(node.type);
  });
  return found;
}

/** Visits a node, and what is below it if `visit` says so. */
function walk(node: Node, visit: (node: Tree) => boolean): void {
  if (!visit(node as Tree)) return;
  for (const child of Object.values(node).flat()) if (isNode(child)) walk(child, visit);
}

function isNode(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'type') === 'string';
}

function insertion(at: number, text: string): Edit {
  return { start: at, end: at, text };
}

/** Of edits at one place the earlier in the list comes first. */
function applied(text: string, edits: readonly Edit[]): string {
  const inOrder = edits.map((edit, i) => ({ ...edit, i })).sort((a, b) => a.start - b.start || a.i - b.i);
  let done = '';
  let at = 0;
  for (const edit of inOrder) {
    done += text.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  return done + text.slice(at);
}
