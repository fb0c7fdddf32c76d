// What a module imports becomes constants of its own, which cost nothing to use.
import ts from 'typescript';

/**
 * Rewrites `import { f } from './f.js'` to `import { f as f_1 } from './f.js'; const f = f_1;`, and gives every function
 * that a module both exports and uses a second name for its own use.
 *
 * V8 takes a constant of a module for what it is. The bindings that modules share it reads anew at every use, asks
 * whether they have a value yet, and compares that with what it expects: half of all instructions of a page fault.
 *
 * @param {ts.Program} program
 * @param {(importer: string, specifier: string) => string | undefined} target the source that an import means
 * @returns {ts.TransformerFactory<ts.SourceFile>} for JavaScript: types have gone
 */
export function constantBindings(program, target) {
  const checker = program.getTypeChecker();
  const reached = importsReached(program, target);

  /**
   * Whether a name has its value before the module runs that imports it, and keeps it.
   *
   * @param {ts.ImportSpecifier} specifier @param {string} importer @param {string} source
   */
  function isSettled(specifier, importer, source) {
    const declaration = declarationOf(checker, specifier.name);
    if (declaration === undefined) return false;
    // Functions have theirs before any module runs.
    if (ts.isFunctionDeclaration(declaration)) return true;
    return isConstant(declaration) && !reached(source).has(importer);
  }

  return (context) => (file) => {
    const { factory } = context;
    const { fileName } = file;
    const constants = new Constants(factory);

    /** @param {ts.ImportDeclaration} statement */
    function renamed(statement) {
      const { importClause, moduleSpecifier } = statement;
      const bindings = importClause?.namedBindings;
      const source = ts.isStringLiteral(moduleSpecifier) ? target(fileName, moduleSpecifier.text) : undefined;
      if (!bindings || !ts.isNamedImports(bindings) || source === undefined) return statement;
      const elements = bindings.elements.map((element) => {
        const original = /** @type {ts.ImportSpecifier} */ (ts.getOriginalNode(element));
        if (!isSettled(original, fileName, source)) return element;
        const { name, propertyName = name } = element;
        return factory.updateImportSpecifier(element, false, propertyName, constants.imported(name));
      });
      const named = factory.updateNamedImports(bindings, elements);
      const clause = factory.updateImportClause(importClause, false, importClause.name, named);
      return factory.updateImportDeclaration(statement, undefined, clause, moduleSpecifier, undefined);
    }

    /** @param {ts.Node} node @returns {ts.Node} */
    function visit(node) {
      if (ts.isImportDeclaration(node)) return renamed(node);
      if (ts.isExportDeclaration(node)) return node;
      const name = ts.isShorthandPropertyAssignment(node) ? node.name : node;
      if (!ts.isIdentifier(name)) return ts.visitEachChild(node, visit, context);
      const declaration = usedFunction(checker, name, fileName);
      if (declaration === undefined) return node;
      const own = constants.own(name, declaration);
      return name === node ? own : factory.createPropertyAssignment(name, own);
    }

    const visited = /** @type {ts.SourceFile} */ (ts.visitEachChild(file, visit, context));
    const imports = visited.statements.filter(ts.isImportDeclaration);
    const others = visited.statements.filter((statement) => !ts.isImportDeclaration(statement));
    return factory.updateSourceFile(visited, [...imports, ...constants.statements, ...others]);
  };
}

/** The constants that a module gets. */
class Constants {
  /** @param {ts.NodeFactory} factory */
  constructor(factory) {
    this.factory = factory;
    /** @type {ts.Statement[]} */
    this.statements = [];
    /** @type {Map<ts.Node, ts.Identifier>} */
    this.owns = new Map();
  }

  /** Makes a constant of a name that is imported, and says under what name to import it. @param {ts.Identifier} name */
  imported(name) {
    const made = this.factory.createUniqueName(name.text);
    this.add(name, made);
    return made;
  }

  /** The constant for an exported function of the module. @param {ts.Identifier} name @param {ts.Node} declaration */
  own(name, declaration) {
    const known = this.owns.get(declaration);
    if (known) return known;
    const made = this.factory.createUniqueName(name.text);
    this.owns.set(declaration, made);
    this.add(made, this.factory.createIdentifier(name.text));
    return made;
  }

  /** @param {ts.Identifier} name @param {ts.Identifier} value */
  add(name, value) {
    const declaration = this.factory.createVariableDeclaration(name, undefined, undefined, value);
    const list = this.factory.createVariableDeclarationList([declaration], ts.NodeFlags.Const);
    this.statements.push(this.factory.createVariableStatement(undefined, list));
  }
}

/** What a name in a source stands for in the end. @param {ts.TypeChecker} checker @param {ts.Identifier} name */
function declarationOf(checker, name) {
  const symbol = checker.getSymbolAtLocation(name);
  if (symbol === undefined) return undefined;
  return (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol).valueDeclaration;
}

/** @param {ts.Declaration} declaration */
function isConstant(declaration) {
  if (ts.isClassDeclaration(declaration)) return true;
  return (
    ts.isVariableDeclaration(declaration) && (ts.getCombinedNodeFlags(declaration) & ts.NodeFlags.Const) !== 0
  );
}

/**
 * The exported function of a file that a name in it stands for; undefined where it is something else, or declares it.
 *
 * @param {ts.TypeChecker} checker @param {ts.Identifier} node @param {string} fileName
 */
function usedFunction(checker, node, fileName) {
  const name = ts.getOriginalNode(node);
  if (!ts.isIdentifier(name) || name.parent === undefined) return undefined;
  const symbol = ts.isShorthandPropertyAssignment(name.parent)
    ? checker.getShorthandAssignmentValueSymbol(name.parent)
    : checker.getSymbolAtLocation(name);
  const declaration = symbol?.valueDeclaration;
  if (!declaration || !ts.isFunctionDeclaration(declaration) || declaration.name === name) return undefined;
  const isExported = ts.getCombinedModifierFlags(declaration) & ts.ModifierFlags.Export;
  return isExported && declaration.getSourceFile().fileName === fileName ? declaration : undefined;
}

/**
 * For every source those that it imports, however indirectly.
 *
 * @param {ts.Program} program
 * @param {(importer: string, specifier: string) => string | undefined} target
 */
function importsReached(program, target) {
  /** @type {Map<string, Set<string>>} */
  const known = new Map();
  /** @param {string} path */
  const importsOf = (path) =>
    (program.getSourceFile(path)?.statements ?? []).flatMap((statement) => {
      if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement)) return [];
      const { moduleSpecifier } = statement;
      const source =
        moduleSpecifier && ts.isStringLiteral(moduleSpecifier) && target(path, moduleSpecifier.text);
      return source ? [source] : [];
    });
  return (/** @type {string} */ from) => {
    const before = known.get(from);
    if (before) return before;
    const found = new Set([from]);
    for (const path of found) for (const next of importsOf(path)) found.add(next);
    known.set(from, found);
    return found;
  };
}
