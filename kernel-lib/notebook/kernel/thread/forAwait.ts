import type ts from 'typescript';
import type { TypeScript } from './compiler.js';

/** Whether a cell has a `for await` outside of its functions, which tslab does not count as an await. */
export function hasForAwait(compiler: TypeScript, code: string): boolean {
  if (!/\bfor\s+await\b/.test(code)) return false;
  const isForAwait = (node: ts.Node): boolean => {
    if (compiler.isFunctionLike(node)) return false;
    if (compiler.isForOfStatement(node) && node.awaitModifier) return true;
    return compiler.forEachChild(node, isForAwait) ?? false;
  };
  return isForAwait(compiler.createSourceFile('cell.ts', code, compiler.ScriptTarget.Latest));
}
