import { Command } from 'commander';
import { InputError } from '../base/error.js';
import { archById } from '../arch/variants.js';
import { type PatchName, patches } from '../patches/catalogue.js';
import type { Patch } from '../patches/patch.js';
import type { PatchSet } from '../patches/path.js';
import { patchesOf, releaseByName } from '../patches/releases.js';
import { effectRecord, effectSides } from '../scenario/effect-of.js';

interface Options {
  readonly release?: string;
  readonly arch: string;
  readonly json?: true;
}

/** A patch as the command prints it. */
interface ListedPatch extends Patch {
  /** The name by which kernel code asks for it. */
  readonly name: PatchName;
  /** Whether the release has it; absent unless one is named. */
  readonly has?: boolean;
  /** The command that shows what it does, or why none does. */
  readonly seen: string;
}

/** `faultbook patches [WORD…]`: exit 0 whether or not one is found. */
export function patchesCommand(): Command {
  return new Command('patches')
    .description('lists the patches that are switches, and the command that shows what each one does')
    .argument('[words...]', 'commits, names or words of their titles; none: all patches')
    .option('--release <release>', 'say which of them this release has')
    .option('--arch <arch>', 'on this architecture variant', 'x86_64')
    .option('--json', 'print one JSON object')
    .action((words: string[], { json, ...options }: Options) => {
      const found = listed(words, options);
      process.stdout.write(json ? `${JSON.stringify({ patches: found }, null, 2)}\n` : listText(found));
    });
}

function listed(words: readonly string[], { release, arch }: Options): ListedPatch[] {
  const { id } = archById(arch);
  const has = release === undefined ? undefined : new Set(patchesOf(releaseByName(release), id));
  const found = patches
    .filter(([name, patch]) => words.every((word) => mentions(name, patch, word.toLowerCase())))
    .map(([name, patch]) => ({
      ...patch,
      name,
      ...(has !== undefined && { has: has.has(patch.id) }),
      seen: seenBy(patch.id),
    }));
  if (found.length > 0) return found;
  throw new InputError(
    `no patch has '${words.join(' ')}' in what is listed of it; \`faultbook patches\` lists all ${patches.length}`,
  );
}

function mentions(name: string, { id, title, changes, arches = [] }: Patch, word: string): boolean {
  const texts = [id, name, title, changes, ...arches];
  return word.startsWith(id) || texts.some((text) => text.toLowerCase().includes(word));
}

function seenBy(id: string): string {
  const effect = effectRecord(id);
  if ('none' in effect) return effect.none;
  if ('race' in effect) return `faultbook explore ${effect.race}`;
  const { before, after } = effectSides(id, effect);
  const from = changesOf(before);
  return [
    `faultbook diff ${effect.scenario} --arch ${before.arch} --from ${before.release}`,
    ...(before.cpu === undefined ? [] : [`--cpu ${before.cpu}`]),
    ...(from === '' ? [] : [`--from-patch ${quoted(from)}`]),
    `--to-patch ${quoted(changesOf(after))}`,
  ].join(' ');
}

/** A shell takes `?` for a pattern, and nothing for no argument. */
function quoted(word: string): string {
  return word === '' || word.includes('?') ? `'${word}'` : word;
}

/** As `--from-patch` takes them: `+COMMIT,-COMMIT`. */
function changesOf({ with: added = [], without = [] }: PatchSet): string {
  return [...added.map((id) => `+${id}`), ...without.map((id) => `-${id}`)].join(',');
}

/** One patch is told in full, of several one line each. */
function listText(found: readonly ListedPatch[]): string {
  if (found.length === 1) return patchText(found[0]!);
  const width = Math.max(...found.map(({ id }) => id.length));
  const since = Math.max(...found.map((patch) => sinceText(patch).length));
  const lines = found.map((patch) => {
    const { id, changes, has } = patch;
    const mark = has === undefined ? '' : has ? '+ ' : '- ';
    return `${mark}${id.padEnd(width)}  ${sinceText(patch).padEnd(since)}  ${changes}\n`;
  });
  return lines.join('');
}

function sinceText({ since }: Patch): string {
  return since ?? 'proposed';
}

function patchText(patch: ListedPatch): string {
  const { id, title, changes, name, arches, requires = [], has, seen } = patch;
  const lines = [
    `${id} ${title}`,
    `    ${changes}`,
    `since: ${sinceText(patch)}${has === undefined ? '' : has ? ' (this release has it)' : ' (this release lacks it)'}`,
    `in the sources: k.patched.${name}`,
    ...(arches === undefined ? [] : [`architectures: ${arches.join(', ')}`]),
    ...requires.map(([needed, why]) => `needs ${needed}: ${why}`),
    `seen by: ${seen}`,
  ];
  return `${lines.join('\n')}\n`;
}
