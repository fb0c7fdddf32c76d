// What a module imports becomes constants of its own, which cost nothing to use.
import ts from 'typescript';

/**
 * Rewrites `import { f } from './f.js'` to `import { f as f_1 } from './f.js'; const f = f_1;`, and gives every function
 * that a module declares and uses, and every constant that it exports and uses, a second name for its own use.
 *
 * V8 takes a constant of a module for what it is. The bindings that modules share it reads anew at every use, asks
 * whether they have a value yet, and compares that with what it expects: half of all instructions of a page fault. So
 * it does with names that functions are declared by, for these may be assigned to.
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
    const bound = boundNames(file);

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
      // Only of these the checker is asked, which is slow: it infers types to say what a name stands for.
      if (!bound.has(name.text)) return node;
      const declaration = usedBinding(checker, name, fileName);
      if (declaration === undefined) return node;
      const own = constants.own(name, declaration);
      return name === node ? own : factory.createPropertyAssignment(name, own);
    }

    const visited = /** @type {ts.SourceFile} */ (ts.visitEachChild(file, visit, context));
    const imports = visited.statements.filter(ts.isImportDeclaration);
    const others = visited.statements.filter((statement) => !ts.isImportDeclaration(statement));
    const withSecondNames = others.flatMap((statement) => [statement, ...constants.behind(statement)]);
    return factory.updateSourceFile(visited, [...imports, ...constants.statements, ...withSecondNames]);
  };
}

/** The constants that a module gets. */
class Constants {
  /** @param {ts.NodeFactory} factory */
  constructor(factory) {
    this.factory = factory;
    /** Those that have their values before the module runs. @type {ts.Statement[]} */
    this.statements = [];
    /** The others, by the statements that give them theirs. @type {Map<ts.Node, ts.Statement[]>} */
    this.later = new Map();
    /** @type {Map<ts.Node, ts.Identifier>} */
    this.owns = new Map();
  }

  /** Makes a constant of a name that is imported, and says under what name to import it. @param {ts.Identifier} name */
  imported(name) {
    const made = this.factory.createUniqueName(name.text);
    this.add(name, made);
    return made;
  }

  /** The second name of what the module exports. @param {ts.Identifier} name @param {ts.Declaration} declaration */
  own(name, declaration) {
    const known = this.owns.get(declaration);
    if (known) return known;
    const made = this.factory.createUniqueName(name.text);
    this.owns.set(declaration, made);
    const statement = this.constant(made, this.factory.createIdentifier(name.text));
    if (ts.isFunctionDeclaration(declaration)) this.statements.push(statement);
    else this.later.set(declaration.parent.parent, [...this.behind(declaration.parent.parent), statement]);
    return made;
  }

  /** What is to stand behind a statement. @param {ts.Node} statement */
  behind(statement) {
    return this.later.get(ts.getOriginalNode(statement)) ?? [];
  }

  /** @param {ts.Identifier} name @param {ts.Identifier} value */
  add(name, value) {
    this.statements.push(this.constant(name, value));
  }

  /** @param {ts.Identifier} name @param {ts.Identifier} value */
  constant(name, value) {
    const declaration = this.factory.createVariableDeclaration(name, undefined, undefined, value);
    const list = this.factory.createVariableDeclarationList([declaration], ts.NodeFlags.Const);
    return this.factory.createVariableStatement(undefined, list);
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
 * The function or exported constant of a file that a name in it stands for; undefined where it is something else, or
 * declares it.
 *
 * @param {ts.TypeChecker} checker @param {ts.Identifier} node @param {string} fileName
 */
function usedBinding(checker, node, fileName) {
  const name = ts.getOriginalNode(node);
  if (!ts.isIdentifier(name) || name.parent === undefined) return undefined;
  const symbol = ts.isShorthandPropertyAssignment(name.parent)
    ? checker.getShorthandAssignmentValueSymbol(name.parent)
    : checker.getSymbolAtLocation(name);
  const declaration = symbol?.valueDeclaration;
  if (!declaration || declaration.getSourceFile().fileName !== fileName) return undefined;
  const isBound = isModuleFunction(declaration) || (isSingleConstant(declaration) && isExported(declaration));
  return isBound && declaration.name !== name ? declaration : undefined;
}

/** @param {ts.Declaration} declaration @returns {declaration is ts.FunctionDeclaration} */
function isModuleFunction(declaration) {
  return ts.isFunctionDeclaration(declaration) && ts.isSourceFile(declaration.parent);
}

/** @param {ts.Declaration} declaration */
function isExported(declaration) {
  return (ts.getCombinedModifierFlags(declaration) & ts.ModifierFlags.Export) !== 0;
}

/** The names of the functions that a module declares, and of the constants that it exports. @param {ts.SourceFile} file */
function boundNames(file) {
  const names = file.statements.flatMap((statement) => {
    if (ts.isFunctionDeclaration(statement)) return [statement.name];
    if (!ts.isVariableStatement(statement)) return [];
    return statement.declarationList.declarations.filter(isExported).map(({ name }) => name);
  });
  return new Set(names.flatMap((name) => (name && ts.isIdentifier(name) ? [name.text] : [])));
}

/** `const x = …`, taken apart from nothing. @param {ts.Declaration} declaration @returns {declaration is ts.VariableDeclaration} */
function isSingleConstant(declaration) {
  return (
    ts.isVariableDeclaration(declaration) && ts.isIdentifier(declaration.name) && isConstant(declaration)
  );
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
