import { InputError } from '../base/error.js';
import { type AnyFunction, LINES_BEFORE_BODY, Modules, functionsIn } from './modules.js';
import type { Source } from './sources.js';

/** Text of one source to be replaced by another. */
export interface SourceEdit {
  /** Path below kernel-lib/: `zap/zap.ts`. */
  readonly file: string;
  /** Whole lines or a part of one, which must occur exactly once. Blanks at the ends of lines do not matter. */
  readonly old: string;
  /** TypeScript; empty to take the old text away. */
  readonly new: string;
}

/** A line of a changed source. */
export interface SourceLine {
  /** Path below kernel-lib/. */
  readonly file: string;
  /** From 1 on. */
  readonly line: number;
  readonly text: string;
}

/** Every function of the kernel by its name, as its file has it. */
export type KernelFunctions = Readonly<Record<string, AnyFunction>>;

/** What an own patch changes. */
export interface OwnChanges {
  readonly edits?: readonly SourceEdit[];
  /**
   * Gives functions to stand in the place of the kernel's of the same names. `function*` where the kernel's is one:
   * it calls such functions by `yield*`. It may also be plain; then nobody else runs in between.
   */
  readonly replace?: (kernel: KernelFunctions) => Readonly<Record<string, AnyFunction>>;
}

/** A kernel of one's own: the library's sources with changes, beside the one that everybody has. */
export class OwnPatch {
  /** What is changed, in words: `zap/zap.ts`, `tlbFlushRmaps`. */
  readonly changed: readonly string[];
  readonly #edits: readonly SourceEdit[];
  /** The edited sources, by path. */
  readonly #texts: ReadonlyMap<string, string>;
  readonly #modules: Modules;

  constructor(
    changed: readonly string[],
    edits: readonly SourceEdit[],
    texts: ReadonlyMap<string, string>,
    modules: Modules,
  ) {
    this.changed = changed;
    this.#edits = edits;
    this.#texts = texts;
    this.#modules = modules;
  }

  /**
   * The line of a changed source, after the change, that a function on the stack is at.
   *
   * @param frame `zap/zap`, and the line of the script that ran
   * @returns undefined for a file that no edit changes
   */
  lineOf(frame: { readonly file: string; readonly line: number }): SourceLine | undefined {
    // What takes the types out of changed text leaves every line where it is.
    const line = frame.line - LINES_BEFORE_BODY;
    const file = `${frame.file}.ts`;
    const text = this.#texts.get(file)?.split('\n')[line - 1];
    return text === undefined ? undefined : { file, line, text: text.trim() };
  }

  /** What a file of the changed library exports. @param path below kernel-lib/: `sys/boot.ts` */
  load<T>(path: string): T {
    return this.#modules.load(path) as T;
  }

  /** Lines that go and lines that come. */
  toString(): string {
    const lines = (sign: string, text: string) =>
      text === '' ? [] : text.split('\n').map((line) => sign + line);
    const edits = this.#edits.flatMap((edit) => [
      edit.file,
      ...lines('-', edit.old),
      ...lines('+', edit.new),
    ]);
    const functions = this.changed.filter((name) => !name.endsWith('.ts'));
    return [...edits, ...functions.map((name) => `${name}: a function of your own`)].join('\n');
  }

  /** What `console.log` prints in Node. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}

/**
 * Makes a kernel with one change to its source: `patchSource('zap/zap.ts', 'old line', 'new line')`.
 *
 * @returns for the option `own` of explore, replay, runScenario and boot
 * @throws InputError if the file is none, does not hold the text exactly once, or is no TypeScript afterwards
 */
export function patchSource(file: string, old: string, text: string): Promise<OwnPatch> {
  return ownPatch({ edits: [{ file, old, new: text }] });
}

/**
 * Makes a kernel with several changes, to source text and to whole functions.
 *
 * @returns for the option `own` of explore, replay, runScenario and boot
 * @throws InputError as patchSource, and for a replacement whose name no function of the kernel bears
 */
export async function ownPatch({ edits = [], replace }: OwnChanges): Promise<OwnPatch> {
  const { sources } = await import('./sources.js');
  const scripts = Object.fromEntries(Object.entries(sources).map(([file, { script }]) => [file, script]));
  const texts = editedTexts(sources, edits);
  for (const [file, text] of texts) scripts[file] = await compiled(file, text);
  const files = filesOfFunctions(scripts);
  const kernel = new Proxy<Record<string, AnyFunction>>(
    {},
    {
      get: (_, name) => {
        const file = fileOf(files, String(name));
        // Loaded when it is called: what stands in whose place is known only when `replace` has returned.
        return (...args: unknown[]) => modules.original(file, String(name))(...args) as unknown;
      },
    },
  );
  const replacements = new Map(Object.entries(replace?.(kernel) ?? {}));
  const changedFiles = [...replacements.keys()].map((name) => fileOf(files, name));
  const modules: Modules = new Modules(scripts, replacements);
  // Now, so that what does not fit is told here.
  for (const file of changedFiles) modules.load(file);
  return new OwnPatch(
    [...new Set(edits.map(({ file }) => file)), ...replacements.keys()],
    edits,
    texts,
    modules,
  );
}

/**
 * The source of a function of the model with its comment, to be read and changed.
 *
 * @throws InputError if no function bears the name
 */
export async function kernelSource(name: string): Promise<string> {
  const { sources } = await import('./sources.js');
  const texts = Object.fromEntries(Object.entries(sources).map(([file, { text }]) => [file, text]));
  const text = texts[fileOf(filesOfFunctions(texts), name)]!;
  const comment = String.raw`(?:/\*\*(?:(?!\*/)[^])*\*/\n)?`;
  const found = new RegExp(String.raw`${comment}(?:export )?function\s*\*?\s*${name}\b[^]*?\n\}\n`).exec(
    text,
  );
  return found![0].trimEnd();
}

function editedTexts(
  sources: Readonly<Record<string, Source>>,
  edits: readonly SourceEdit[],
): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const edit of edits) {
    const text = texts.get(edit.file) ?? sources[edit.file]?.text;
    if (text === undefined)
      throw new InputError(`no source '${edit.file}'; allowed: a path below kernel-lib/ such as zap/zap.ts`);
    texts.set(edit.file, edited(text, edit));
  }
  return texts;
}

function edited(source: string, { file, old, new: text }: SourceEdit): string {
  const lines = old
    .trim()
    .split('\n')
    .map((line) => line.trim());
  const pattern = new RegExp(lines.map(escaped).join(String.raw`\s*\n\s*`), 'g');
  const found = lines.join('') === '' ? [] : [...source.matchAll(pattern)];
  if (found.length !== 1)
    throw new InputError(
      `${file} holds '${lines.join(' ')}' ${found.length} times; allowed: text that it holds once`,
    );
  const { index, 0: whole } = found[0]!;
  return source.slice(0, index) + text.trim() + source.slice(index + whole.length);
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
}

/** Makes a script of changed text. Few need what does it. */
async function compiled(fileName: string, text: string): Promise<string> {
  const { transform } = await import('sucrase');
  try {
    return transform(text, { transforms: ['typescript', 'imports'], disableESTransforms: true }).code;
  } catch (err) {
    const { message, loc } = err as Error & { readonly loc?: { readonly line: number } };
    throw new InputError(`${fileName}:${loc?.line ?? 1}: ${message}`);
  }
}

/** By function the files that declare it. */
function filesOfFunctions(texts: Readonly<Record<string, string>>): ReadonlyMap<string, readonly string[]> {
  const files = new Map<string, string[]>();
  for (const [file, text] of Object.entries(texts))
    for (const name of functionsIn(text)) files.set(name, [...(files.get(name) ?? []), file]);
  return files;
}

function fileOf(files: ReadonlyMap<string, readonly string[]>, name: string): string {
  const found = files.get(name) ?? [];
  if (found.length === 1) return found[0]!;
  if (found.length === 0) throw new InputError(`no function '${name}' in the model`);
  throw new InputError(`several files have a function '${name}': ${found.join(', ')}; allowed: edits of one`);
}
