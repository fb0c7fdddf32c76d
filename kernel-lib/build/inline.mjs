// The plain build's memory barrier costs nothing: its calls become the indexed accesses that they stand for.
import ts from 'typescript';

/**
 * Replaces `ld(mem, i)` by `mem[i]`, `st(mem, i, value)` by `mem[i] = value` and `outcomeOf(() => x)` by `(x)`. The
 * functions are as small as can be, but every call of them takes a part of what V8 is willing to inline into one
 * function, and the kernel's own small functions then go without.
 *
 * @param {(importer: string, specifier: string) => boolean} isBarrier whether an import means step/memory.ts
 * @returns {ts.TransformerFactory<ts.SourceFile>}
 */
export function inlineBarrier(isBarrier) {
  return (context) => (file) => {
    const names = importedNames(file, (specifier) => isBarrier(file.fileName, specifier));
    if (!['ld', 'st', 'outcomeOf'].some((name) => names.has(name))) return file;
    const { factory } = context;

    /** @param {ts.CallExpression} call @param {readonly ts.Expression[]} args */
    function access(call, args) {
      const [mem, i, value] = args;
      const element = factory.createElementAccessExpression(mem, i);
      const made = value === undefined ? element : factory.createAssignment(element, value);
      return ts.setOriginalNode(ts.setTextRange(made, call), call);
    }

    /** @param {ts.CallExpression} call */
    function inPlace(call) {
      const [touch] = call.arguments;
      if (!touch || !ts.isArrowFunction(touch) || ts.isBlock(touch.body)) return call;
      const made = factory.createParenthesizedExpression(touch.body);
      return ts.setOriginalNode(ts.setTextRange(made, call), call);
    }

    /** @param {ts.Node} node @returns {ts.Node} */
    function visit(node) {
      const visited = ts.visitEachChild(node, visit, context);
      if (!ts.isCallExpression(visited) || !ts.isIdentifier(visited.expression)) return visited;
      const name = visited.expression.text;
      if (names.has(name) && name === 'outcomeOf') return inPlace(visited);
      if (!names.has(name) || (name !== 'ld' && name !== 'st')) return visited;
      const made = access(visited, visited.arguments);
      // An assignment needs parentheses unless it is a statement.
      return name === 'ld' || ts.isExpressionStatement(node.parent)
        ? made
        : factory.createParenthesizedExpression(made);
    }
    return /** @type {ts.SourceFile} */ (ts.visitEachChild(file, visit, context));
  };
}

/** What a file imports by name from modules of a kind. @param {ts.SourceFile} file @param {(s: string) => boolean} from */
function importedNames(file, from) {
  /** @type {Set<string>} */
  const names = new Set();
  for (const statement of file.statements) {
    if (!ts.isImportDeclaration(statement) || !ts.isStringLiteral(statement.moduleSpecifier)) continue;
    const bindings = statement.importClause?.namedBindings;
    if (!bindings || !ts.isNamedImports(bindings) || !from(statement.moduleSpecifier.text)) continue;
    for (const { name, propertyName } of bindings.elements) if (!propertyName) names.add(name.text);
  }
  return names;
}
