import type ts from 'typescript';
import type { TypeScript } from './compiler.js';

/**
 * tslab puts `exports.` before every identifier that an earlier cell declared, by asking the checker what the identifier
 * stands for. The name in `{ pid }` stands for a property first, so such a variable was not found; and `exports.pid`
 * could not stand there alone. These two repairs let the checker name the variable, and write the property out in full.
 */
export function variableOfShorthand(compiler: TypeScript, checker: ts.TypeChecker): void {
  const { getSymbolAtLocation } = checker;
  checker.getSymbolAtLocation = (node) =>
    node.parent && compiler.isShorthandPropertyAssignment(node.parent) && node.parent.name === node
      ? checker.getShorthandAssignmentValueSymbol(node.parent)
      : getSymbolAtLocation(node);
}

/** The compiler's own function, but for `{ pid }` with a variable of an earlier cell: that becomes `{ pid: exports.pid }`. */
export function visitWithShorthands(compiler: TypeScript): TypeScript['visitEachChild'] {
  const { factory, visitEachChild } = compiler;
  return ((node: ts.Node, visitor: (node: ts.Node) => ts.Node, context: ts.TransformationContext) => {
    if (!compiler.isShorthandPropertyAssignment(node)) return visitEachChild(node, visitor, context);
    const value = visitor(node.name) as ts.Expression;
    const preset = node.objectAssignmentInitializer;
    if (value === node.name) return preset ? visitEachChild(node, visitor, context) : node;
    const target = preset ? factory.createAssignment(value, visitor(preset) as ts.Expression) : value;
    return factory.createPropertyAssignment(node.name, target);
  }) as TypeScript['visitEachChild'];
}
