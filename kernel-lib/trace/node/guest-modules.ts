import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { InputError } from '../../base/error.js';
import type { InitramfsFile } from './initramfs.js';
import type { RecordableProgram } from './recordable.js';

/** What a module is told: three RAM disks, of 32 MiB. */
const brdOptions = 'rd_nr=3 rd_size=32768';
/** The same for a kernel that has it built in, on its command line. */
export const builtinOptions = brdOptions.split(' ').map((option) => `brd.${option}`);

/** The modules that programs need, by name; a kernel may have them built in. */
export function neededModules(programs: readonly RecordableProgram[]): string[] {
  const swaps = new Set(programs.map(({ header }) => header.swap));
  const direct = programs.some(({ operations }) =>
    operations.some(({ name }) => /^od(read|write)$/.test(name)),
  );
  const mapper = swaps.has('dm');
  return [...(mapper || swaps.has('brd') || direct ? ['brd'] : []), ...(mapper ? ['dm-mod'] : [])];
}

/**
 * Modules and those that they depend on as files of an initramfs, with the list by which the guest loads them. What is
 * not below the folder is left out: the kernel may have it built in, and else the guest says what is missing.
 *
 * @param folder such as /lib/modules/6.1.0-53-amd64; undefined: no modules
 * @throws InputError for a folder that cannot be read, and a module that cannot be unpacked
 */
export function moduleFiles(folder: string | undefined, names: readonly string[]): InitramfsFile[] {
  if (folder === undefined || names.length === 0) return [];
  const paths = modulePaths(folder);
  const files: InitramfsFile[] = [];
  const add = (name: string): void => {
    const path = paths.get(spelled(name));
    if (path === undefined || files.some((file) => file.path === `modules/${spelled(name)}.ko`)) return;
    const content = unpacked(path);
    dependencies(content).forEach(add);
    files.push({ path: `modules/${spelled(name)}.ko`, content });
  };
  names.forEach(add);
  const list = files.map(
    ({ path }) => `${basename(path)} ${basename(path) === 'brd.ko' ? brdOptions : ''}\n`,
  );
  return [...files, { path: 'modules/list', content: Buffer.from(list.join('')) }];
}

/** A module's file may be spelled with either of these; modules name each other with the second. */
function spelled(name: string): string {
  return name.replaceAll('-', '_');
}

function modulePaths(folder: string): Map<string, string> {
  const paths = new Map<string, string>();
  try {
    for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      const name = /^(.*)\.ko(\.gz|\.xz|\.zst)?$/.exec(basename(path))?.[1];
      if (name !== undefined) paths.set(spelled(name), join(folder, path));
    }
  } catch (err) {
    throw new InputError(`--modules ${folder}: ${(err as Error).message}`, { cause: err });
  }
  if (paths.size > 0) return paths;
  throw new InputError(
    `--modules ${folder}: no module (*.ko) lies below it; Debian's lie in /lib/modules/VERSION`,
  );
}

const unpackers: Readonly<Record<string, readonly [command: string, debianPackage: string]>> = {
  '.xz': ['xz', 'xz-utils'],
  '.zst': ['zstd', 'zstd'],
};

function unpacked(path: string): Buffer {
  const bytes = readFileSync(path);
  if (path.endsWith('.gz')) return gunzipSync(bytes);
  const unpacker = Object.entries(unpackers).find(([ending]) => path.endsWith(ending))?.[1];
  if (unpacker === undefined) return bytes;
  const [command, debianPackage] = unpacker;
  const { error, status, stdout } = spawnSync(command, ['-dc'], { input: bytes, maxBuffer: 2 ** 28 });
  if (error === undefined && status === 0) return stdout;
  throw new InputError(`${path}: ${command} could not unpack it; it is in Debian's package ${debianPackage}`);
}

/** The names in the `depends=` entry of a module's .modinfo section, each of which ends in a zero byte. */
function dependencies(module: Buffer): string[] {
  const at = module.indexOf('\0depends=');
  if (at === -1) return [];
  const start = at + '\0depends='.length;
  return module
    .toString('latin1', start, module.indexOf(0, start))
    .split(',')
    .filter((name) => name !== '');
}
