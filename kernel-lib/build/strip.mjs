// The strip pass: kernel code written as generators becomes plain code, every token at its place.
import ts from 'typescript';

/**
 * True for `function* f(…): Step<…>`: the annotation, not the star, says that a function belongs to both builds,
 * so that ordinary iterators stay what they are.
 *
 * @param {ts.Node} node
 */
export function isStepFunction(node) {
  return (
    (ts.isFunctionDeclaration(node) || ts.isFunctionExpression(node) || ts.isMethodDeclaration(node)) &&
    node.asteriskToken !== undefined &&
    node.type !== undefined &&
    ts.isTypeReferenceNode(node.type) &&
    node.type.typeName.getText() === 'Step'
  );
}

/** A place in kernel code that the strip pass cannot make plain. */
export class StripError extends Error {
  /** @param {ts.SourceFile} file @param {ts.Node} node @param {string} why */
  constructor(file, node, why) {
    const { line, character } = file.getLineAndCharacterOfPosition(node.getStart(file));
    super(`${file.fileName}:${line + 1}:${character + 1}: ${why}`);
  }
}

/**
 * Blanks `function*`'s star, `yield*` and bare `yield` of Step functions with spaces: lines and columns survive.
 *
 * @param {string} text TypeScript source
 * @param {string} fileName for messages
 * @returns {string} source of the same length; the same string where nothing was to be blanked
 * @throws {StripError} for a `yield` with a value or used as one, and for an operand on another line than its
 *   `yield*`, where a blanked `return yield*` would return nothing
 */
export function strip(text, fileName) {
  if (!text.includes('Step')) return text;
  const file = ts.createSourceFile(fileName, text, ts.ScriptTarget.ES2022, true);
  /** @type {[start: number, end: number][]} */
  const blanks = [];

  /** @param {ts.YieldExpression} node */
  function blankYield(node) {
    const start = node.getStart(file);
    blanks.push([start, start + 'yield'.length]);
    if (node.asteriskToken && node.expression) {
      const lineOf = (/** @type {number} */ at) => file.getLineAndCharacterOfPosition(at).line;
      if (lineOf(start) !== lineOf(node.expression.getStart(file)))
        throw new StripError(file, node, 'yield* and its operand stand on one line');
      blanks.push([node.asteriskToken.getStart(file), node.asteriskToken.end]);
    } else if (node.expression || !ts.isExpressionStatement(node.parent)) {
      throw new StripError(file, node, 'a bare yield is a statement: it gives and takes no value');
    }
  }

  /** @param {ts.Node} node @param {boolean} inStep */
  function visit(node, inStep) {
    const step = ts.isFunctionLike(node) ? isStepFunction(node) : inStep;
    if (isStepFunction(node)) {
      const star = /** @type {ts.Node} */ (/** @type {ts.FunctionDeclaration} */ (node).asteriskToken);
      blanks.push([star.getStart(file), star.end]);
    }
    if (step && ts.isYieldExpression(node)) blankYield(node);
    ts.forEachChild(node, (child) => visit(child, step));
  }

  visit(file, false);
  return blanks
    .sort((a, b) => a[0] - b[0])
    .reduceRight((out, [a, b]) => out.slice(0, a) + ' '.repeat(b - a) + out.slice(b), text);
}
