import * as error from '../base/error.js';
import { InputError } from '../base/error.js';
import * as watch from '../step/watch.js';

/** A function of the kernel, of any shape. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- one name stands for functions of every shape
export type AnyFunction = (...args: any[]) => any;

type Exports = Record<string, unknown>;
interface Module {
  exports: Exports;
}
type Functions = Readonly<Record<string, AnyFunction>>;

/** Of these there must be one only: whoever catches an error or watches memory knows them by identity. */
const shared: Readonly<Record<string, Exports>> = { 'base/error.ts': error, 'step/watch.ts': watch };

/**
 * A second copy of the library, evaluated from text file by file as it is asked for, all of it as the stepped build.
 * Nothing in it is shared with the first but `shared`.
 */
export class Modules {
  /** CommonJS modules by the paths of their sources. */
  readonly #scripts: Readonly<Record<string, string>>;
  /** What stands in a function's place, by the function's name. */
  readonly #replacements: ReadonlyMap<string, AnyFunction>;
  readonly #loaded = new Map<string, Module>();
  /** By path: the functions as their file has them. */
  readonly #originals = new Map<string, Functions>();

  constructor(
    scripts: Readonly<Record<string, string>>,
    replacements: ReadonlyMap<string, AnyFunction> = new Map(),
  ) {
    this.#scripts = scripts;
    this.#replacements = replacements;
  }

  /** What a file exports. @param path below kernel-lib/: `zap/zap.ts` */
  load(path: string): Exports {
    const known = shared[path] ?? this.#loaded.get(path)?.exports;
    if (known) return known;
    const module: Module = { exports: {} };
    // Known before it has run: files may import one another in a circle.
    this.#loaded.set(path, module);
    const require = (specifier: string) => this.load(resolved(path, specifier));
    const replaced = (originals: Functions) => this.#replaced(path, originals);
    moduleFunction(path, this.#scripts[path]!)(module, module.exports, require, replaced);
    return module.exports;
  }

  /** A function as its file has it, also where something else stands in its place. */
  original(path: string, name: string): AnyFunction {
    this.load(path);
    return this.#originals.get(path)![name]!;
  }

  #replaced(path: string, originals: Functions): Functions {
    this.#originals.set(path, originals);
    const inPlace = Object.entries(originals).map(([name, original]) => {
      const own = this.#replacements.get(name);
      return [name, own ? standIn(path, name, own, original) : original] as const;
    });
    return Object.fromEntries(inPlace);
  }
}

/** Names of the functions that a file declares at its top level. */
export function functionsIn(text: string): string[] {
  return [...text.matchAll(/^(?:export )?function\s*\*?\s*(\w+)/gm)].map(([, name]) => name!);
}

type ModuleFunction = (
  module: Module,
  exports: Exports,
  require: (specifier: string) => Exports,
  $replaced: (originals: Functions) => Functions,
) => void;

/** Lines that `new Function` puts before the body that it is given. */
export const LINES_BEFORE_BODY = 2;

/** Makes a function of a module, which sets its functions before anything of it runs: its tables hold them, too. */
function moduleFunction(path: string, script: string): ModuleFunction {
  const names = functionsIn(script).join(', ');
  const prologue = names === '' ? '' : `"use strict"; ({ ${names} } = $replaced({ ${names} }));`;
  const body = `${prologue}${script}\n//# sourceURL=${path}`;
  return new Function('module', 'exports', 'require', '$replaced', body) as ModuleFunction;
}

function resolved(importer: string, specifier: string): string {
  const path = specifier.startsWith('#stepped/')
    ? specifier.slice('#stepped/'.length)
    : new URL(specifier, `file:///${importer}`).pathname.slice(1);
  return path.replace(/\.js$/, '.ts');
}

/**
 * Puts a person's function in the place of the kernel's. It bears the kernel's name and file on the stack, so that
 * schedules cite what it stands for.
 */
function standIn(path: string, name: string, own: AnyFunction, original: AnyFunction): AnyFunction {
  if (isGenerator(own) && !isGenerator(original))
    throw new InputError(`${name} of ${path} never lets another CPU run: replace it by a function without *`);
  const call = isGenerator(own) ? 'yield* own(...args)' : 'own(...args)';
  const star = isGenerator(original) ? '*' : '';
  const script = `"use strict"; return { ${star}${name}(...args) { return ${call}; } }.${name};`;
  return new Function('own', `${script}\n//# sourceURL=${path}`)(own) as AnyFunction;
}

function isGenerator(f: AnyFunction): boolean {
  return Object.prototype.toString.call(f) === '[object GeneratorFunction]';
}
