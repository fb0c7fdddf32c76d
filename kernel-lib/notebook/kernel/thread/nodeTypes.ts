import type ts from 'typescript';
import { PACKAGE_ROOT } from './resolution.js';

/** The package's folder, as the compiler spells paths. */
const PACKAGE = PACKAGE_ROOT.replaceAll('\\', '/');
const OWN_TYPES = `${PACKAGE}/dist/`;

/** Where the declarations stand that cells have before they have those of Node: in the compiler's eyes only. */
const CONSOLE_FILE = `${PACKAGE}/console.d.ts`;

/** What most cells use of Node, as Node's own types say it. Whatever is missing here brings those in. */
const CONSOLE = `interface Console {
  log(message?: any, ...optionalParams: any[]): void;
  info(message?: any, ...optionalParams: any[]): void;
  warn(message?: any, ...optionalParams: any[]): void;
  error(message?: any, ...optionalParams: any[]): void;
  table(tabularData: any, properties?: readonly string[]): void;
}
declare var console: Console;
`;

/**
 * Holds back the types of Node until a cell needs them. They are five times as long as those of the language, and
 * reading them took half of a kernel's start; most cells work with the library alone, which does without them.
 */
export class NodeTypes {
  #wanted = false;

  /** Whether the programs that are created from now on have them. */
  get wanted(): boolean {
    return this.#wanted;
  }

  /** Lets all further programs have them. */
  want(): void {
    this.#wanted = true;
  }

  /** Creates a program as `create` does, with the types of Node if anything that it holds may speak of them. */
  programBy(
    create: ts.CreateProgram<ts.BuilderProgram>,
    ...[roots, options, ...rest]: Parameters<ts.CreateProgram<ts.BuilderProgram>>
  ): ts.BuilderProgram {
    const withThem = () => create(roots, { ...options, types: ['node'] }, ...rest);
    if (this.#wanted) return withThem();
    const without = create([...(roots ?? []), CONSOLE_FILE], { ...options, types: [] }, ...rest);
    if (!holdsForeignTypes(without.getProgram())) return without;
    this.want();
    return withThem();
  }

  /** Lets the compiler read the declarations that stand in for those of Node. */
  addTo(system: ts.System): ts.System {
    const { readFile, fileExists } = system;
    return Object.assign(Object.create(system) as ts.System, {
      readFile: (path: string, encoding?: string) =>
        path === CONSOLE_FILE ? CONSOLE : readFile(path, encoding),
      fileExists: (path: string) => path === CONSOLE_FILE || fileExists(path),
    });
  }
}

/**
 * Whether declarations of another package are among the files. A name of Node that they miss is no error, as theirs are
 * not checked: it would become `any` in silence.
 */
function holdsForeignTypes(program: ts.Program): boolean {
  const roots = new Set(program.getRootFileNames());
  return program
    .getSourceFiles()
    .some(
      (file) =>
        file.isDeclarationFile &&
        !roots.has(file.fileName) &&
        !file.fileName.startsWith(OWN_TYPES) &&
        !program.isSourceFileDefaultLibrary(file),
    );
}
