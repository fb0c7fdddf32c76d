import { Command, Argument } from 'commander';
import { join, resolve } from 'node:path';
import { InputError } from '../base/error.js';
import type { Notebook } from '../notebook/nbformat.js';
import { checkOutputFolder, readNotebook, writeNotebook } from '../notebook/run/file.js';
import { type Source, findNotebooks } from '../notebook/run/find.js';
import { counted } from '../scenario/facts.js';
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
    .description('writes the workbooks as students or instructors get them')
    .addArgument(new Argument('<for>', 'whom it is for').choices(Object.keys(editions)))
    .argument('[paths...]', 'notebooks and folders of them', ['notebooks'])
    .requiredOption('--out <dir>', 'folder for the edition')
    .addHelpText('after', HELP)
    .action((whom: string, paths: string[], { out }: Options) => {
      const sources = findNotebooks(paths);
      checkOutputFolder(out);
      checkSourcesStay(sources, out);
      const made = sources.map(({ path, target }) => [target, editions[whom]!(readNotebook(path))] as const);
      for (const [target, notebook] of made) writeNotebook(join(out, target), notebook);
      process.stdout.write(
        `${counted(made.length, 'notebook')} for ${whom === 'student' ? 'students' : 'instructors'} in ${out}\n`,
      );
    });
}

/** A student's edition in the place of the workbook would leave no solution anywhere. */
function checkSourcesStay(sources: readonly Source[], out: string): void {
  const own = sources.find(({ path, target }) => resolve(path) === resolve(out, target));
  if (own !== undefined)
    throw new InputError(`--out ${out}: would replace ${own.path} by its edition; choose another folder`);
}
