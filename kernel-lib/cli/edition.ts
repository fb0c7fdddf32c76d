import { Command, Argument } from 'commander';
import { join } from 'node:path';
import type { Notebook } from '../notebook/nbformat.js';
import { checkOutputFolder, readNotebook, writeNotebook } from '../notebook/run/file.js';
import { findNotebooks } from '../notebook/run/find.js';
import { studentEdition } from '../notebook/student-edition.js';

const editions: Readonly<Record<string, (notebook: Notebook) => Notebook>> = {
  student: studentEdition,
  instructor: (notebook) => notebook,
};

interface Options {
  readonly out: string;
}

const HELP = `
The student's edition has no solutions and no outputs; the instructor's has both. Both carry nbgrader's metadata.`;

/** `faultbook edition student|instructor`: writes editions of the workbooks. */
export function edition(): Command {
  return new Command('edition')
    .description('write the workbooks as students or instructors get them')
    .addArgument(new Argument('<for>', 'whom it is for').choices(Object.keys(editions)))
    .argument('[paths...]', 'notebooks and folders of them', ['notebooks'])
    .requiredOption('--out <dir>', 'folder for the edition')
    .addHelpText('after', HELP)
    .action((whom: string, paths: string[], { out }: Options) => {
      const sources = findNotebooks(paths);
      checkOutputFolder(out);
      const made = sources.map(({ path, target }) => [target, editions[whom]!(readNotebook(path))] as const);
      for (const [target, notebook] of made) writeNotebook(join(out, target), notebook);
      process.stdout.write(
        `${made.length} notebooks for ${whom === 'student' ? 'students' : 'instructors'} in ${out}\n`,
      );
    });
}
