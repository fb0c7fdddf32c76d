// One compiler program over both builds: the plain one at the top of the output, the stepped one below stepped/.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import ts from 'typescript';
import { constantBindings } from './bindings.mjs';
import { generated } from './generated.mjs';
import { inlineBarrier } from './inline.mjs';
import { stepRules } from './rules.mjs';
import { strip, StripError } from './strip.mjs';
import { findTwins, sourceOf, STEPPED } from './twins.mjs';

/**
 * Compiles the sources below `root` into `outDir` and checks both builds' types and the rules for Step functions.
 *
 * @param {object} job
 * @param {string} job.root absolute folder of the sources
 * @param {string} job.outDir absolute folder of the output
 * @param {ts.CompilerOptions} job.options
 * @param {boolean} [job.trusted] whether the check is left out; the output is the same
 * @returns {string[]} the complaints, one line each; nothing was written unless there are none
 */
export function compile({ root, outDir, options, trusted = false }) {
  return reporting(() => {
    const tree = new Tree(root, findTwins(root));
    const all = { ...options, noEmit: false, noEmitOnError: false, rootDir: root, outDir };
    const host = hostFor(tree, all);
    // A program of its own: in declarations the members of a union stand in the order in which they were first met.
    const emitting = programOf(tree, { ...all, noCheck: true }, host);
    const problems = trusted ? [] : complaints(programOf(tree, all, host), tree);
    if (problems.length === 0) emit(emitting, tree);
    return problems;
  });
}

/**
 * Checks what {@link compile} would check, and writes nothing.
 *
 * @param {{ root: string, options: ts.CompilerOptions }} job
 * @returns {string[]} the complaints, one line each
 */
export function check({ root, options }) {
  return reporting(() => {
    const tree = new Tree(root, findTwins(root));
    const all = { ...options, rootDir: root };
    return complaints(programOf(tree, all, hostFor(tree, all)), tree);
  });
}

/** What cannot be stripped is a complaint as well. @param {() => string[]} work */
function reporting(work) {
  try {
    return work();
  } catch (err) {
    if (err instanceof StripError) return [err.message];
    throw err;
  }
}

/** @param {Tree} tree @param {ts.CompilerOptions} options @param {ts.CompilerHost} host */
function programOf(tree, options, host) {
  return ts.createProgram({ rootNames: tree.roots(), options, host });
}

/** The two source trees as the compiler sees them; the stepped one exists only in the compiler's eyes. */
class Tree {
  /** @param {string} root @param {import('./twins.mjs').Twins} twins */
  constructor(root, twins) {
    this.root = root;
    this.twins = twins;
    this.steppedRoot = join(root, 'stepped');
    /** @type {Map<string, string>} */
    this.stripped = new Map();
  }

  roots() {
    const { files, stepped } = this.twins;
    return [
      ...files.map((f) => join(this.root, f)),
      ...[...stepped].sort().map((f) => join(this.steppedRoot, f)),
    ];
  }

  /** @param {string} path */
  isStepped(path) {
    return path.startsWith(this.steppedRoot + sep);
  }

  /** The file on disk that a program's file comes from, before any replacement. @param {string} path */
  real(path) {
    return this.isStepped(path) ? join(this.root, relative(this.steppedRoot, path)) : path;
  }

  /** The file on disk that the text comes from. @param {string} path */
  origin(path) {
    const name = relative(this.root, path).split(sep).join('/');
    if (this.isStepped(path)) return this.real(path);
    return this.twins.replaced.has(name) ? path.replace(/\.ts$/, '.fast.ts') : path;
  }

  /** @param {string} path @returns {string | undefined} */
  text(path) {
    const origin = this.origin(path);
    if (!existsSync(origin)) return undefined;
    const name = relative(this.root, path).split(sep).join('/');
    if (generated[name]) return generated[name](this.root);
    const text = readFileSync(origin, 'utf8');
    return this.twins.stepped.has(name) ? strip(text, origin) : text;
  }

  /** Where an import of a source leads. @param {string} importer @param {string} specifier */
  target(importer, specifier) {
    const source = sourceOf(this.root, this.real(importer), specifier);
    if (source === undefined || !source.startsWith(this.root + sep)) return undefined;
    const name = relative(this.root, source).split(sep).join('/');
    const wantsStepped = specifier.startsWith(STEPPED) || this.isStepped(importer);
    return wantsStepped && this.twins.stepped.has(name) ? join(this.steppedRoot, name) : source;
  }
}

/** @param {Tree} tree @param {ts.CompilerOptions} options @returns {ts.CompilerHost} */
function hostFor(tree, options) {
  const host = ts.createCompilerHost(options);
  const inside = (/** @type {string} */ path) => path.startsWith(tree.root + sep) && path.endsWith('.ts');
  const { readFile, fileExists, getSourceFile } = host;
  host.readFile = (path) => (inside(path) ? tree.text(path) : readFile.call(host, path));
  host.fileExists = (path) => (inside(path) ? existsSync(tree.origin(path)) : fileExists.call(host, path));
  /** @param {string} path @param {ts.ScriptTarget | ts.CreateSourceFileOptions} language */
  const parse = (path, language) => {
    if (!inside(path)) return getSourceFile.call(host, path, language);
    const text = tree.text(path);
    return text === undefined ? undefined : ts.createSourceFile(path, text, language);
  };
  /** @type {Map<string, ts.SourceFile | undefined>} */
  const parsed = new Map();
  host.getSourceFile = (path, language) => {
    if (!parsed.has(path)) parsed.set(path, parse(path, language));
    return parsed.get(path);
  };
  host.resolveModuleNameLiterals = (literals, importer, redirected, opts, file) =>
    literals.map((literal) => {
      const target = tree.target(importer, literal.text);
      if (target?.endsWith('.ts') && existsSync(tree.origin(target)))
        return { resolvedModule: { resolvedFileName: target, extension: ts.Extension.Ts } };
      const mode = ts.getModeForUsageLocation(file, literal, opts);
      return ts.resolveModuleName(
        literal.text,
        tree.real(importer),
        opts,
        ts.sys,
        undefined,
        redirected,
        mode,
      );
    });
  return host;
}

/** @param {ts.Program} program @param {Tree} tree */
function complaints(program, tree) {
  const lines = new Set();
  for (const d of ts.getPreEmitDiagnostics(program)) {
    const text = ts.flattenDiagnosticMessageText(d.messageText, ' ');
    lines.add(d.file ? `${place(tree, d.file, d.start ?? 0)}: TS${d.code}: ${text}` : `TS${d.code}: ${text}`);
  }
  for (const file of program.getSourceFiles()) {
    if (!tree.isStepped(file.fileName)) continue;
    for (const { node, why } of stepRules(
      file,
      program.getTypeChecker(),
      relative(tree.steppedRoot, file.fileName),
    ))
      lines.add(`${place(tree, file, node.getStart(file))}: ${why}`);
  }
  return [...lines];
}

/** @param {Tree} tree @param {ts.SourceFile} file @param {number} at */
function place(tree, file, at) {
  const { line, character } = file.getLineAndCharacterOfPosition(at);
  return `${relative(process.cwd(), tree.origin(file.fileName))}:${line + 1}:${character + 1}`;
}

/** @param {ts.Program} program @param {Tree} tree */
function emit(program, tree) {
  const respell = specifierTransformer(program, tree);
  const barrier = join(tree.root, 'step/memory.ts');
  const bind = constantBindings(program, (importer, specifier) => tree.target(importer, specifier));
  const inline = inlineBarrier((importer, specifier) => tree.target(importer, specifier) === barrier);
  program.emit(
    undefined,
    (path, text, _bom, _onError, sources) => {
      const source = sources?.[0]?.fileName;
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(
        path,
        path.endsWith('.map') && source ? mapToOrigin(text, path, tree.origin(source)) : text,
      );
    },
    undefined,
    false,
    // @ts-expect-error one transformer serves JavaScript and declarations, whose files differ only in their parts
    { before: [inline], after: [bind, respell], afterDeclarations: [respell] },
  );
}

/** Points a source map at the file on disk and its unblanked text. @param {string} map @param {string} path @param {string} origin */
function mapToOrigin(map, path, origin) {
  const json = JSON.parse(map);
  json.sourceRoot = '';
  json.sources = [relative(dirname(path), origin).split(sep).join('/')];
  if (json.sourcesContent) json.sourcesContent = [readFileSync(origin, 'utf8')];
  return JSON.stringify(json);
}

/**
 * Sources spell imports as if there were one tree; the output spells where the files lie.
 *
 * @param {ts.Program} program @param {Tree} tree
 * @returns {ts.TransformerFactory<ts.SourceFile>}
 */
function specifierTransformer(program, tree) {
  return (context) => (file) => {
    if (!('fileName' in file)) return file;
    /** @param {ts.StringLiteral} literal */
    const respelled = (literal) => {
      const target = tree.target(file.fileName, literal.text);
      if (!target?.endsWith('.ts') || !program.getSourceFile(target)) return literal;
      const path = relative(dirname(file.fileName), target).split(sep).join('/').replace(/\.ts$/, '.js');
      return ts.factory.createStringLiteral(path.startsWith('.') ? path : `./${path}`, true);
    };
    /** @param {ts.Node} node @returns {ts.Node} */
    const visit = (node) => {
      if (ts.isStringLiteral(node) && isSpecifier(node)) return respelled(node);
      return ts.visitEachChild(node, visit, context);
    };
    return ts.visitEachChild(file, visit, context);
  };
}

/** @param {ts.StringLiteral} literal */
function isSpecifier(literal) {
  const parent = literal.parent ?? ts.getOriginalNode(literal).parent;
  if (!parent) return false;
  if (ts.isImportDeclaration(parent) || ts.isExportDeclaration(parent)) return true;
  if (ts.isCallExpression(parent)) return parent.expression.kind === ts.SyntaxKind.ImportKeyword;
  return ts.isLiteralTypeNode(parent) && ts.isImportTypeNode(parent.parent);
}
