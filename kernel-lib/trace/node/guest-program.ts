import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InputError } from '../../base/error.js';

const folder = fileURLToPath(new URL('guest/', import.meta.url));

/**
 * The guest's only program, for this machine's architecture.
 *
 * @throws InputError when there is no C compiler, or no static C library
 */
export function buildGuestProgram(): Buffer {
  const dir = mkdtempSync(join(tmpdir(), 'faultbook-guest-'));
  const program = join(dir, 'init');
  const sources = readdirSync(folder).filter((name) => name.endsWith('.c'));
  try {
    execFileSync('cc', ['-static', '-O2', '-o', program, ...sources], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    return readFileSync(program);
  } catch (err) {
    throw new InputError(complaint(err as NodeJS.ErrnoException & { stderr?: Buffer }), { cause: err });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function complaint({ code, message, stderr }: NodeJS.ErrnoException & { stderr?: Buffer }): string {
  const packages = "it takes Debian's packages gcc and libc6-dev";
  if (code === 'ENOENT')
    return `no C compiler (cc) is installed, and the guest's program is written in C; ${packages}`;
  const first =
    stderr
      ?.toString()
      .split('\n')
      .find((line) => line.includes('error')) ?? message;
  return `the guest's program could not be built: ${first}; ${packages}`;
}
