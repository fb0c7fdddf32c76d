import type { Command } from 'commander';

/**
 * Every command of `faultbook`, in the order of its help. Each lives in a file of its own name in this folder, which is
 * read when it is needed: most of the time that a short answer takes is spent reading what other commands are made of.
 */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  run: async () => (await import('./run.js')).run(),
  grade: async () => (await import('./grade.js')).grade(),
  edition: async () => (await import('./edition.js')).edition(),
  conform: async () => (await import('./conform.js')).conform(),
  scenario: async () => (await import('./scenario.js')).scenario(),
  diff: async () => (await import('./diff.js')).diff(),
  explore: async () => (await import('./explore.js')).explore(),
  patches: async () => (await import('./patches.js')).patchesCommand(),
  matrix: async () => (await import('./matrix.js')).matrix(),
  pte: async () => (await import('./pte.js')).pte(),
  bench: async () => (await import('./bench.js')).bench(),
  import: async () => (await import('./import.js')).importCommand(),
  record: async () => (await import('./record.js')).recordCommand(),
  kernel: async () => (await import('./kernel.js')).kernel(),
};

/** The command of a name alone; for the help, or for a name that there is not, all of them. */
export async function commandsFor(name: string | undefined): Promise<Command[]> {
  const wanted =
    name !== undefined && Object.hasOwn(commands, name) ? [commands[name]!] : Object.values(commands);
  return Promise.all(wanted.map((load) => load()));
}
