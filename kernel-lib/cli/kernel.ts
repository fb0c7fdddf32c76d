import { Command } from 'commander';
import { InputError } from '../base/error.js';
import { installKernel, uninstallKernel, type Place } from '../notebook/kernel/install.js';

interface Options {
  readonly user?: true;
  readonly prefix?: string;
  readonly dir?: string;
  readonly json?: true;
}

/** `faultbook kernel`: makes the kernel known to JupyterLab, Notebook and VS Code. */
export function kernel(): Command {
  return new Command('kernel')
    .description('makes the kernel known to JupyterLab, Notebook and VS Code')
    .addCommand(action('install', 'writes the kernelspec', installKernel, 'installed'))
    .addCommand(action('uninstall', 'removes the kernelspec', uninstallKernel, 'removed'));
}

function action(name: string, does: string, act: (place: Place) => string, done: string): Command {
  return new Command(name)
    .description(does)
    .option('--user', 'for this user (the default)')
    .option('--prefix <dir>', 'below an installation: DIR/share/jupyter/kernels')
    .option('--dir <folder>', 'in this folder; for a folder named kernels, in its subfolder faultbook')
    .option('--json', 'print the path of the kernelspec as JSON')
    .action((options: Options) => {
      const path = act(placeOf(options));
      process.stdout.write(options.json ? `${JSON.stringify({ path })}\n` : `${done} ${path}\n`);
    });
}

function placeOf({ user, prefix, dir }: Options): Place {
  if ([user, prefix, dir].filter((given) => given !== undefined).length > 1) {
    throw new InputError('give one of --user, --prefix DIR and --dir FOLDER');
  }
  if (prefix !== undefined) return { prefix };
  return dir === undefined ? { user: true } : { dir };
}
