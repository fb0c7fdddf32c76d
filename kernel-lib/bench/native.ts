import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { freemem, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installed, least } from './measure.js';

const source = fileURLToPath(new URL('native.c', import.meta.url));
const PAGE_SIZE = 4096;
/** Of the machine's free memory, what the program may take: it needs a page for each page, and COW two. */
const SHARE = 1 / 4;
const COPIES = 2;
/** Exit status of a program whose kernel or user cannot do an operation. */
const CANNOT = 3;

/** The same operations on the kernel under our feet. */
export interface HostKernel {
  /** As `uname -r` has it. */
  readonly release: string;
  /**
   * CPU seconds of one operation, the least of the rounds; undefined where the program does not know it, the kernel
   * or the user may not do it, or memory is too small for so many pages.
   */
  seconds(operation: string, pages: number, rounds: number): number | undefined;
  /** Removes what was built. */
  close(): void;
}

/** Builds the program that runs on the host kernel; undefined where no C compiler, or not Linux, is present. */
export function hostKernel(): HostKernel | undefined {
  if (process.platform !== 'linux' || !installed('cc')) return undefined;
  const dir = mkdtempSync(join(tmpdir(), 'faultbook-native-'));
  const program = join(dir, 'native');
  const close = () => rmSync(dir, { recursive: true, force: true });
  try {
    execFileSync('cc', ['-O2', '-pthread', '-o', program, source], { stdio: 'ignore' });
  } catch {
    // A compiler without the kernel's headers.
    close();
    return undefined;
  }
  return {
    release: release(),
    seconds: (operation, pages, rounds) =>
      pages * PAGE_SIZE * COPIES > freemem() * SHARE
        ? undefined
        : nativeSeconds(program, operation, pages, rounds),
    close,
  };
}

function nativeSeconds(
  program: string,
  operation: string,
  pages: number,
  rounds: number,
): number | undefined {
  const { status, stdout, stderr } = spawnSync(program, [operation, String(pages), String(rounds)], {
    encoding: 'utf8',
  });
  if (status === CANNOT || status === 2) return undefined;
  if (status !== 0) throw new Error(`the native ${operation} ended with status ${status}: ${stderr}`);
  return least(stdout.trim().split('\n').map(Number));
}
