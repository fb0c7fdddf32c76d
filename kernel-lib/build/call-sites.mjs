// Where kernel code stores page-table entries: found in the sources, so that none is forgotten.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { sourcesOf } from './citations.mjs';

/** The source that the build writes itself. The file that stands there has the type and is empty. */
export const CALL_SITES = 'matrix/call-sites.ts';

const setters = 'set(Pte|Pmd|Pud|HugePte)At|p(te|md)p(SetWrprotect|SetAccessFlags|TestAndClearYoung)';
const setter = new RegExp(`^(${setters})$`);
const setterCall = new RegExp(`\\b(${setters})\\(`);

/** What stages, watches or drives kernel code is no kernel code. */
const outside = /^(bench|build|cli|explore|matrix|notebook|own|scenario|sys|trace|view)\//;

/**
 * @typedef {object} CallSite a function that stores entries
 * @property {string} file `huge/split-pmd`
 * @property {string} name `fillWithPages`
 * @property {string} setter `setPteAt`
 */

/**
 * @param {string} path below kernel-lib/
 * @param {string} text of the source
 * @returns {CallSite[]} each function once, in the order of the calls; a setter that calls another is none
 */
export function callSitesOf(path, text) {
  if (outside.test(path) || !setterCall.test(text)) return [];
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
  /** @type {Map<string, CallSite>} */
  const found = new Map();
  /** @param {ts.Node} node @param {string} name of the function around */
  function visit(node, name) {
    const inner = ts.isFunctionLike(node) && node.name ? node.name.getText(source) : name;
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && setter.test(node.expression.text)) {
      if (!setter.test(inner))
        found.set(inner, { file: path.replace(/\.ts$/, ''), name: inner, setter: node.expression.text });
    }
    ts.forEachChild(node, (child) => visit(child, inner));
  }
  visit(source, '');
  return [...found.values()];
}

/**
 * @param {string} root absolute folder of the sources
 * @returns {string} the text of `matrix/call-sites.ts`, with a line for each function that stores entries
 */
export function callSitesSource(root) {
  const sites = sourcesOf(root).flatMap(({ path, text }) => callSitesOf(path, text));
  const lines = sites.map((site) => `  ${JSON.stringify(site)},\n`);
  return readFileSync(join(root, CALL_SITES), 'utf8').replace('= [];', () => `= [\n${lines.join('')}];`);
}
