// The rules for code that is written once and built twice. The build refuses what breaks them.
import ts from 'typescript';
import { isStepFunction } from './strip.mjs';

/**
 * Checks one file of the stepped build.
 *
 * @param {ts.SourceFile} file
 * @param {ts.TypeChecker} checker
 * @param {string} name path below the sources' root
 * @returns {{ node: ts.Node, why: string }[]}
 */
export function stepRules(file, checker, name) {
  /** @type {{ node: ts.Node, why: string }[]} */
  const found = [];
  const inStepFolder = name.startsWith('step/');

  /** @param {ts.Node} node */
  function visit(node) {
    if (ts.isCallExpression(node) && isFloating(node, checker))
      found.push({ node, why: `forgotten yield*: ${node.expression.getText(file)}() is a Step` });
    if (isStarred(node)) {
      if (!isStepFunction(node)) {
        if (usesSteps(node, checker))
          found.push({ node, why: 'a generator that runs Steps says so: `: Step<…>`' });
      } else {
        if (!node.name)
          found.push({ node, why: 'a Step function has a name: it stands in schedules and stacks' });
        if (!inStepFolder && mixesYields(node))
          found.push({ node, why: 'a bare yield stands only in leaf accessors, which call no other Step' });
      }
    }
    ts.forEachChild(node, visit);
  }
  visit(file);

  for (const statement of file.statements) {
    if (ts.isVariableStatement(statement) && !(statement.declarationList.flags & ts.NodeFlags.Const))
      if (!isAmbient(statement))
        found.push({
          node: statement,
          why: 'a file that both builds hold keeps no state: it would be there twice',
        });
    if (ts.isClassDeclaration(statement) && extendsError(statement))
      found.push({ node: statement, why: 'an error class lives in a file that both builds share' });
  }
  return found;
}

/**
 * A Step that was made and not run. It may be run in place (`yield*`) or handed on whole: as an argument, in a list,
 * as the value of an arrow function or of a function that is no Step itself.
 *
 * @param {ts.CallExpression} call
 * @param {ts.TypeChecker} checker
 */
function isFloating(call, checker) {
  if (!isStepType(checker.getTypeAtLocation(call), checker)) return false;
  const parent = skipParentheses(call.parent);
  if (ts.isYieldExpression(parent)) return !parent.asteriskToken;
  if (ts.isCallExpression(parent)) return parent.expression === call || !takesStep(parent, call, checker);
  if (ts.isArrayLiteralExpression(parent) || ts.isArrowFunction(parent)) return false;
  if (ts.isReturnStatement(parent)) return isStarred(enclosingFunction(parent));
  return true;
}

/** @param {ts.Node} node @returns {ts.Node} */
function skipParentheses(node) {
  return ts.isParenthesizedExpression(node) ? skipParentheses(node.parent) : node;
}

/** @param {ts.CallExpression} outer @param {ts.CallExpression} argument @param {ts.TypeChecker} checker */
function takesStep(outer, argument, checker) {
  const type = checker.getContextualType(argument);
  if (type) return isStepType(type, checker) || (type.flags & ts.TypeFlags.TypeParameter) !== 0;
  return outer.arguments.includes(argument);
}

/** @param {ts.Type} type @param {ts.TypeChecker} checker @returns {boolean} */
function isStepType(type, checker) {
  if (type.aliasSymbol?.name === 'Step') return true;
  if (type.isUnion()) return type.types.some((t) => isStepType(t, checker));
  return type.symbol?.name === 'Generator' && checker.typeToString(type).startsWith('Generator<undefined');
}

/** @param {ts.Node} node @returns {node is ts.FunctionDeclaration | ts.FunctionExpression | ts.MethodDeclaration} */
function isStarred(node) {
  return ts.isFunctionLike(node) && 'asteriskToken' in node && node.asteriskToken !== undefined;
}

/** @param {ts.Node} node @returns {ts.Node} */
function enclosingFunction(node) {
  return ts.isFunctionLike(node) || ts.isSourceFile(node) ? node : enclosingFunction(node.parent);
}

/** @param {ts.Node} step */
function yieldsOf(step) {
  /** @type {ts.YieldExpression[]} */
  const yields = [];
  /** @param {ts.Node} node */
  const visit = (node) => {
    if (ts.isYieldExpression(node)) yields.push(node);
    if (!ts.isFunctionLike(node)) ts.forEachChild(node, visit);
  };
  ts.forEachChild(step, visit);
  return yields;
}

/** @param {ts.Node} step */
function mixesYields(step) {
  const yields = yieldsOf(step);
  return yields.some((y) => y.asteriskToken) && yields.some((y) => !y.asteriskToken);
}

/** @param {ts.Node} generator @param {ts.TypeChecker} checker */
function usesSteps(generator, checker) {
  return yieldsOf(generator).some(
    (y) => y.asteriskToken && y.expression && isStepType(checker.getTypeAtLocation(y.expression), checker),
  );
}

/** @param {ts.VariableStatement} statement */
function isAmbient(statement) {
  return statement.modifiers?.some((m) => m.kind === ts.SyntaxKind.DeclareKeyword) ?? false;
}

/** @param {ts.ClassDeclaration} declaration */
function extendsError(declaration) {
  return (
    declaration.heritageClauses?.some(
      (clause) =>
        clause.token === ts.SyntaxKind.ExtendsKeyword &&
        clause.types.some((t) => /(Error|VmBug)$/.test(t.expression.getText())),
    ) ?? false
  );
}
