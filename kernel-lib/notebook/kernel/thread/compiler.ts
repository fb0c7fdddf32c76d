import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import type { SourceMapPayload } from 'node:module';
import type ts from 'typescript';
import { exportVariables } from './liveVariables.js';
import type { NodeTypes } from './nodeTypes.js';
import { lookupOf, PACKAGE_IMPORTER } from './resolution.js';
import { variableOfShorthand, visitWithShorthands } from './shorthands.js';
import type { CellMaps } from './sourceMaps.js';

/** The TypeScript that compiles cells. */
export type TypeScript = typeof ts;

/** What is known about a script after its compilation. */
export type OnScript = (script: string, maps: CellMaps) => void;

const INLINE_MAP = /\n\/\/# sourceMappingURL=data:application\/json;(?:charset=utf-8;)?base64,([\w+/=]+)\s*$/;

/**
 * Puts a repaired copy of TypeScript where tslab will find it. Must run before tslab is loaded.
 *
 * @param onScript is told the source maps of every compiled script
 * @param nodeTypes says whether programs have the types of Node
 * @returns the compiler as it was
 */
export function repairCompiler(onScript: OnScript, nodeTypes: NodeTypes): TypeScript {
  const requireHere = createRequire(import.meta.url);
  const requireFromTslab = createRequire(requireHere.resolve('tslab/dist/converter.js'));
  const path = requireFromTslab.resolve('@tslab/typescript-for-tslab');
  const compiler = requireFromTslab(path) as TypeScript;
  const repairs: Partial<TypeScript> = {
    createWatchCompilerHost: createHost(compiler, nodeTypes) as TypeScript['createWatchCompilerHost'],
    transpileModule: toScript(compiler, onScript),
    visitEachChild: visitWithShorthands(compiler),
    isIdentifier: isVariableName(compiler) as TypeScript['isIdentifier'],
  };
  requireFromTslab.cache[path]!.exports = withRepairs(compiler, repairs);
  return compiler;
}

/**
 * tslab puts `exports.` before every identifier that an earlier cell declared. In `({ pid: who }) => …` that would hit
 * the property `pid` whose type an earlier cell wrote down; it names no variable, so tslab is told to pass it by.
 */
function isVariableName(compiler: TypeScript): (node: ts.Node) => boolean {
  return (node) =>
    compiler.isIdentifier(node) &&
    !(node.parent && compiler.isBindingElement(node.parent) && node.parent.propertyName === node);
}

/** A copy, because the properties of the original can be neither written nor configured. */
function withRepairs(compiler: TypeScript, repairs: Partial<TypeScript>): TypeScript {
  const properties = Object.getOwnPropertyDescriptors(compiler);
  return Object.defineProperties(
    {},
    { ...properties, ...Object.getOwnPropertyDescriptors(repairs) },
  ) as TypeScript;
}

type CreateHost = (
  rootFiles: string[],
  options: ts.CompilerOptions,
  system: ts.System,
  createProgram: ts.CreateProgram<ts.BuilderProgram> | null,
  ...rest: [ts.DiagnosticReporter, ts.WatchStatusReporter]
) => ts.WatchCompilerHostOfFilesAndCompilerOptions<ts.BuilderProgram>;

/** Gives tslab's compiler the resolution of package `exports`, and source maps. */
function createHost(compiler: TypeScript, nodeTypes: NodeTypes): CreateHost {
  const createAsUsual =
    compiler.createEmitAndSemanticDiagnosticsBuilderProgram as ts.CreateProgram<ts.BuilderProgram>;
  return (rootFiles, options, system, createProgram, ...rest) => {
    const repaired: ts.CompilerOptions = {
      ...options,
      moduleResolution: compiler.ModuleResolutionKind.Bundler,
      // The same globals in every folder, whatever type packages lie there.
      types: [],
      inlineSourceMap: true,
    };
    const createRepaired: typeof createAsUsual = (...args) => {
      const builder = nodeTypes.programBy(createProgram ?? createAsUsual, ...args);
      variableOfShorthand(compiler, builder.getProgram().getTypeChecker());
      return builder;
    };
    const files = nodeTypes.addTo(system);
    const host = compiler.createWatchCompilerHost(rootFiles, repaired, files, createRepaired, ...rest);
    const ofLibraries = compiler.createModuleResolutionCache(system.getCurrentDirectory(), (name) => name);
    host.resolveModuleNameLiterals = (literals, importer, redirected, settings) => {
      // What a cell imports may come to be at any time (tslab keeps a cell's declarations in the folder that it runs
      // in); what a library imports, and the package itself, stay where they are.
      const isLibrary = importer.endsWith('.d.ts') && dirname(importer) !== system.getCurrentDirectory();
      const lookUp: LookUp = (specifier, from) => {
        const cache = isLibrary || lookupOf(specifier, importer) === 'package' ? ofLibraries : undefined;
        return compiler.resolveModuleName(specifier, from, settings, system, cache, redirected);
      };
      return literals.map(({ text }) => resolve(text, importer, lookUp));
    };
    // Imports of a changed cell are resolved again in any case; those of libraries stay as they are.
    host.hasInvalidatedResolutions = () => false;
    return host;
  };
}

type LookUp = (specifier: string, importer: string) => ts.ResolvedModuleWithFailedLookupLocations;

function resolve(
  specifier: string,
  importer: string,
  lookUp: LookUp,
): ts.ResolvedModuleWithFailedLookupLocations {
  const lookup = lookupOf(specifier, importer);
  if (lookup === 'package') return lookUp(specifier, PACKAGE_IMPORTER);
  const here = lookUp(specifier, importer);
  if (lookup === 'here' || here.resolvedModule) return here;
  const own = lookUp(specifier, PACKAGE_IMPORTER);
  return own.resolvedModule ? own : here;
}

/** tslab's second step, from the ES module to the script that runs, with live variables and a source map. */
function toScript(compiler: TypeScript, onScript: OnScript): TypeScript['transpileModule'] {
  return (input, transpileOptions) => {
    const encoded = INLINE_MAP.exec(input)?.[1];
    const { text, inserted } = exportVariables(compiler, input.replace(INLINE_MAP, ''));
    const compilerOptions = { ...transpileOptions.compilerOptions, sourceMap: true };
    const out = compiler.transpileModule(text, { ...transpileOptions, compilerOptions });
    const outputText = out.outputText.replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n');
    const toModule =
      encoded === undefined ? undefined : parseMap(Buffer.from(encoded, 'base64').toString('utf8'));
    const scriptLines = outputText.split('\n').length;
    onScript(outputText, { toModule, inserted, toScript: parseMap(out.sourceMapText!), scriptLines });
    return { ...out, outputText };
  };
}

function parseMap(json: string): SourceMapPayload {
  return JSON.parse(json) as SourceMapPayload;
}
