import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { InputError } from '../../base/error.js';
import { writeWholeFile } from '../wholeFile.js';
import { KERNEL_NAME, kernelSpec } from './spec.js';

/** Where a kernelspec goes: for this user, below an installation's prefix, or into a given folder. */
export type Place = { readonly user: true } | { readonly prefix: string } | { readonly dir: string };

/**
 * Writes this installation's kernelspec, in place of an older one.
 *
 * @returns the path of its `kernel.json`
 * @throws InputError when the folder cannot be written, or holds the kernelspec of another kernel
 */
export function installKernel(place: Place): string {
  const file = specFile(place);
  if (existsSync(file)) refuseOthers(file);
  try {
    writeWholeFile(file, `${JSON.stringify(kernelSpec(), null, 2)}\n`);
  } catch (err) {
    throw new InputError(`${file}: cannot be written (${(err as NodeJS.ErrnoException).code})`);
  }
  return file;
}

/**
 * Removes the kernelspec that {@link installKernel} writes.
 *
 * @returns the path of the `kernel.json` that was removed
 * @throws InputError when there is none, it belongs to another kernel, or cannot be removed
 */
export function uninstallKernel(place: Place): string {
  const file = specFile(place);
  if (!existsSync(file)) throw new InputError(`${file}: is not there; nothing is installed in this place`);
  refuseOthers(file);
  try {
    rmSync(file);
    if (readdirSync(dirname(file)).length === 0) rmdirSync(dirname(file));
  } catch (err) {
    throw new InputError(`${file}: cannot be removed (${(err as NodeJS.ErrnoException).code})`);
  }
  return file;
}

function refuseOthers(file: string): void {
  const { display_name: name } = kernelSpec();
  if (!readFileSync(file, 'utf8').includes(JSON.stringify(name))) {
    throw new InputError(`${file}: belongs to another kernel; choose another folder`);
  }
}

function specFile(place: Place): string {
  return join(kernelFolder(place), 'kernel.json');
}

function kernelFolder(place: Place): string {
  if ('dir' in place) {
    const dir = resolve(place.dir);
    return basename(dir) === 'kernels' ? join(dir, KERNEL_NAME) : dir;
  }
  const data = 'prefix' in place ? join(resolve(place.prefix), 'share', 'jupyter') : userDataFolder();
  return join(data, 'kernels', KERNEL_NAME);
}

/** Jupyter's data folder of this user. Source: jupyter_core's `jupyter_data_dir`. */
function userDataFolder(): string {
  const { JUPYTER_DATA_DIR, XDG_DATA_HOME, APPDATA } = process.env;
  if (JUPYTER_DATA_DIR) return JUPYTER_DATA_DIR;
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Jupyter');
  if (process.platform === 'win32') return join(APPDATA ?? join(homedir(), 'AppData', 'Roaming'), 'jupyter');
  return join(XDG_DATA_HOME || join(homedir(), '.local', 'share'), 'jupyter');
}
