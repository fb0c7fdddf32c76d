import { readFileSync } from 'node:fs';
import { InputError } from '../base/error.js';
import { type OwnPatch, type SourceEdit, ownPatch } from '../own/own-patch.js';
import { editsOfDiff } from '../own/unified-diff.js';
import { fileError } from '../trace/node/file-error.js';

/** What `--own` takes, for its help. */
export const OWN_FILE =
  'a patch of your own to the sources of the model: a unified diff, or JSON {file, old, new}';

/**
 * Makes the kernel that a file's changes to kernel-lib/ give.
 *
 * @param file a unified diff, or JSON: one `{ file, old, new }`, as for patchSource, or a list of them
 * @throws InputError if it cannot be read, is neither, or does not fit the sources
 */
export async function readOwnPatch(file: string): Promise<OwnPatch> {
  const text = readText(file);
  return ownPatch({ edits: /^\s*[[{]/.test(text) ? editsOfJson(file, text) : editsOfDiff(file, text) });
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (err) {
    throw fileError(`--own ${file}`, err, 'a patch');
  }
}

function editsOfJson(file: string, text: string): SourceEdit[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (err) {
    throw new InputError(`${file} is no JSON: ${(err as Error).message}`);
  }
  const edits = Array.isArray(value) ? (value as unknown[]) : [value];
  if (edits.length > 0 && edits.every(isEdit)) return edits;
  throw new InputError(`${file}: allowed: {"file": …, "old": …, "new": …}, three strings, or a list of such`);
}

function isEdit(value: unknown): value is SourceEdit {
  const { file, old, new: text } = (value ?? {}) as Record<string, unknown>;
  return [file, old, text].every((part) => typeof part === 'string');
}
