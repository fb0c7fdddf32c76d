// Which files exist twice: once as plain code and once as generators.
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import ts from 'typescript';
import { isStepFunction } from './strip.mjs';

/** Sources name the stepped build of a file by this prefix: `#stepped/fault/handle.js`. */
export const STEPPED = '#stepped/';

/** What a folder of sources gives to the two builds. Files are named by their path below that folder, with `/`. */
/**
 * @typedef {object} Twins
 * @property {string[]} files every source of the library, without the build's own and without `*.fast.ts`
 * @property {Set<string>} stepped files that have a stepped twin
 * @property {Set<string>} replaced files whose plain form is written by hand beside them, as `*.fast.ts`
 */

/** @param {string} dir @returns {string[]} */
function sourcesBelow(dir) {
  return readdirSync(dir, { withFileTypes: true })
    .flatMap((entry) => {
      const path = join(dir, entry.name);
      if (entry.isDirectory()) return sourcesBelow(path);
      return entry.name.endsWith('.ts') && !entry.name.endsWith('.d.ts') ? [path] : [];
    })
    .sort();
}

/**
 * The specifiers that a file imports from, types too: a type that mentions `Step` differs between the builds.
 *
 * @param {ts.SourceFile} file
 */
function importsOf(file) {
  return file.statements.flatMap((s) =>
    (ts.isImportDeclaration(s) || ts.isExportDeclaration(s)) &&
    s.moduleSpecifier &&
    ts.isStringLiteral(s.moduleSpecifier)
      ? [s.moduleSpecifier.text]
      : [],
  );
}

/** @param {ts.SourceFile} file */
function hasStepFunction(file) {
  /** @param {ts.Node} node @returns {boolean} */
  const visit = (node) => isStepFunction(node) || (ts.forEachChild(node, visit) ?? false);
  return visit(file);
}

/**
 * The source that a relative or `#stepped/` specifier means, below `root`; undefined for packages.
 *
 * @param {string} root absolute folder of the sources
 * @param {string} importer absolute path
 * @param {string} specifier
 */
export function sourceOf(root, importer, specifier) {
  const js = specifier.startsWith(STEPPED)
    ? join(root, specifier.slice(STEPPED.length))
    : specifier.startsWith('.')
      ? resolve(dirname(importer), specifier)
      : undefined;
  return js?.replace(/\.js$/, '.ts');
}

/**
 * Finds the twins: files with Step functions, files that `*.fast.ts` replaces, and every file between them and
 * whoever asks for a stepped build. The rest, data and state, exists once and is shared by both builds.
 *
 * @param {string} root absolute folder of the sources
 * @returns {Twins}
 */
export function findTwins(root) {
  const all = sourcesBelow(root).filter((path) => !path.startsWith(join(root, 'build') + sep));
  const name = (/** @type {string} */ path) => relative(root, path).split(sep).join('/');
  const fast = all.filter((path) => path.endsWith('.fast.ts'));
  const replaced = new Set(fast.map((path) => name(path).replace(/\.fast\.ts$/, '.ts')));
  const paths = all.filter((path) => !path.endsWith('.fast.ts'));

  const differs = new Set(replaced);
  const wanted = new Set(replaced);
  /** @type {Map<string, string[]>} */
  const imports = new Map();
  for (const path of paths) {
    const file = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ES2022, true);
    if (hasStepFunction(file)) for (const set of [differs, wanted]) set.add(name(path));
    const targets = [];
    for (const specifier of importsOf(file)) {
      const source = sourceOf(root, path, specifier);
      if (source === undefined) continue;
      if (specifier.startsWith(STEPPED)) wanted.add(name(source));
      else targets.push(name(source));
    }
    imports.set(name(path), targets);
  }
  grow(differs, (set) => [...imports].filter(([, to]) => to.some((t) => set.has(t))).map(([from]) => from));
  grow(wanted, (set) => [...set].flatMap((from) => imports.get(from) ?? []));
  const stepped = new Set([...differs].filter((file) => wanted.has(file)));
  return { files: paths.map(name), stepped, replaced };
}

/** Adds what `more` finds until nothing new comes. @param {Set<string>} set @param {(s: Set<string>) => string[]} more */
function grow(set, more) {
  for (let before = -1; before !== set.size;) {
    before = set.size;
    for (const file of more(set)) set.add(file);
  }
}
