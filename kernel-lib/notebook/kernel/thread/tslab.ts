import { createRequire } from 'node:module';
import vm from 'node:vm';
import type { Converter, Diagnostic } from 'tslab/dist/converter.js';
import type * as ExecutorModule from 'tslab/dist/executor.js';
import type * as JupyterModule from 'tslab/dist/jupyter.js';
import type * as MainModule from 'tslab/dist/main.js';
import { repairCompiler, type TypeScript } from './compiler.js';
import { hasForAwait } from './forAwait.js';
import { NodeTypes } from './nodeTypes.js';
import { installResolution } from './resolution.js';
import type { CellMaps, SourceMaps } from './sourceMaps.js';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** What tslab tells about the cell that it runs. */
export interface TslabListener {
  /** The value of the cell's last expression. */
  onResult(value: unknown): void;
  onDiagnostics(diagnostics: readonly Diagnostic[]): void;
  onThrown(thrown: unknown): void;
  /** tslab's own display functions. */
  onDisplay(data: object, isUpdate: boolean): void;
  /** The name of the running cell. */
  cellName(): string;
  /** Does work of the compiler. */
  shield<T>(work: () => T): T;
}

/** tslab, started and repaired. */
export interface Tslab {
  readonly executor: ExecutorModule.Executor;
  readonly handler: JupyterModule.JupyterHandlerImpl;
  readonly languageVersion: string;
}

/** How tslab's executor ends the script of a cell. */
const CELL_SCRIPT_END = '(__tslab__.exports, __tslab__.require)';
/** How it prints a diagnostic. */
const DIAGNOSTIC_FORMAT = '%s%d:%d - %s';

/**
 * Starts tslab's kernel without its sockets: the converter, the executor and the handler are its own; what they say
 * goes to `listener`.
 */
export function startTslab(listener: TslabListener, maps: SourceMaps): Tslab {
  let latest: { readonly script: string; readonly maps: CellMaps } | undefined;
  const nodeTypes = new NodeTypes();
  const compiler = repairCompiler((script, cellMaps) => (latest = { script, maps: cellMaps }), nodeTypes);
  installResolution();
  nameScripts((code) => {
    const name = listener.cellName();
    if (latest && code.includes(latest.script)) maps.add(name, latest.maps);
    return name;
  });
  const kernel = startKernel(listener, compiler, nodeTypes);
  quickenVariables();
  return { ...kernel, languageVersion: compiler.version };
}

function startKernel(
  listener: TslabListener,
  compiler: TypeScript,
  nodeTypes: NodeTypes,
): Omit<Tslab, 'languageVersion'> {
  const require = createRequire(import.meta.url);
  const executorModule = require('tslab/dist/executor.js') as Mutable<typeof ExecutorModule>;
  const jupyter = require('tslab/dist/jupyter.js') as Mutable<typeof JupyterModule>;
  const main = require('tslab/dist/main.js') as typeof MainModule;
  let executor: ExecutorModule.Executor | undefined;
  let handler: JupyterModule.JupyterHandlerImpl | undefined;
  const { createExecutor } = executorModule;
  executorModule.createExecutor = (rootDir, converters) => {
    convertWithNodeTypes(converters.node, nodeTypes);
    const isReported = repairConverter(converters.node, listener, compiler);
    executor = createExecutor(rootDir, converters, reporterFor(listener, isReported));
    return executor;
  };
  // The main thread owns the sockets.
  jupyter.ZmqServer = class {
    constructor(tslabHandler: JupyterModule.JupyterHandlerImpl) {
      handler = tslabHandler;
    }
    init(): void {}
  } as unknown as typeof JupyterModule.ZmqServer;
  jupyter.lastWriteDisplayData = (data, isUpdate) => listener.onDisplay(data, isUpdate);
  main.startKernel({ enableFindLocal: false });
  for (const event of ['SIGINT', 'uncaughtException', 'unhandledRejection'])
    process.removeAllListeners(event);
  return { executor: executor!, handler: handler! };
}

/**
 * Gives the converter the types of Node once a cell is wrong without them, and for everything that people ask about
 * code. A cell with diagnostics is not emitted, so converting it again repeats nothing.
 */
function convertWithNodeTypes(converter: Converter, nodeTypes: NodeTypes): void {
  const { convert, addModule, complete, inspect } = converter;
  const withThem =
    <Args extends unknown[], Result>(work: (...args: Args) => Result) =>
    (...args: Args): Result => {
      nodeTypes.want();
      return work(...args);
    };
  converter.convert = (previous, code) => {
    const hadThem = nodeTypes.wanted;
    const result = convert(previous, code);
    if (hadThem || result.diagnostics.length === 0) return result;
    nodeTypes.want();
    return convert(previous, code);
  };
  Object.assign(converter, {
    addModule: withThem(addModule),
    complete: withThem(complete),
    inspect: withThem(inspect),
  });
}

/**
 * Hands the converter's diagnostics on whole, and keeps its work from being interrupted.
 *
 * @returns a function that says whether the diagnostics that are printed next have been handed on already
 */
function repairConverter(converter: Converter, listener: TslabListener, compiler: TypeScript): () => boolean {
  let isReported = false;
  const { convert, addModule, complete, inspect } = converter;
  converter.convert = (previous, code) => {
    isReported = false;
    const result = listener.shield(() => convert(previous, code));
    result.hasToplevelAwait ||= hasForAwait(compiler, code);
    if (result.diagnostics.length > 0) {
      listener.onDiagnostics(result.diagnostics);
      isReported = true;
    }
    return result;
  };
  converter.addModule = (...args) => {
    isReported = false;
    return listener.shield(() => addModule(...args));
  };
  converter.complete = (...args) => listener.shield(() => complete(...args));
  converter.inspect = (...args) => listener.shield(() => inspect(...args));
  return () => isReported;
}

/** What tslab takes for its console: it prints there the cell's result, diagnostics, and what the cell threw. */
function reporterFor(listener: TslabListener, isReported: () => boolean): ExecutorModule.ConsoleInterface {
  return {
    log: (value: unknown) => listener.onResult(value),
    error: (first: unknown, ...rest: unknown[]) => {
      if (first !== DIAGNOSTIC_FORMAT || rest.length === 0) listener.onThrown(first);
      else if (!isReported()) console.error(first, ...rest);
    },
  };
}

/**
 * Gives the scripts of cells a name, for stack traces. tslab's `breakOnSigint` goes: it would take the signal away
 * from the main thread, which stops also what that option cannot stop.
 */
function nameScripts(nameOf: (code: string) => string): void {
  const { runInThisContext } = vm;
  const named: typeof runInThisContext = (code, options) =>
    runInThisContext(
      code,
      code.endsWith(CELL_SCRIPT_END) ? { filename: nameOf(code), displayErrors: false } : options,
    );
  Object.assign(vm, { runInThisContext: named });
}

/** Where the script of a cell finds the variables of all cells. */
interface CellScope {
  exports: Record<string, unknown>;
}

/**
 * Makes assignments to the variables of cells ten times faster. tslab keeps them behind a proxy that turns the getters
 * of imported names into values; having no `set` trap, it sends every assignment the same long way round.
 */
function quickenVariables(): void {
  const scope = Reflect.get(globalThis, '__tslab__') as CellScope;
  const variables: CellScope['exports'] = {};
  // tslab itself reads the value of a cell's last expression from its own object.
  Object.setPrototypeOf(scope.exports, variables);
  scope.exports = new Proxy(variables, {
    set(_target, name: string, value) {
      variables[name] = value;
      return true;
    },
    defineProperty(_target, name: string, { get, value }) {
      variables[name] = get ? get() : (value as unknown);
      return true;
    },
  });
}
