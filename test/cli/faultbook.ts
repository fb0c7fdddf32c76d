import { spawn, type ChildProcess } from 'node:child_process';
import { resolve } from 'node:path';

const MAIN = resolve('dist/cli/main.js');

export interface Outcome {
  /** The exit code, null when a signal ended the command. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running `faultbook` command, as built. */
export interface Running {
  readonly child: ChildProcess;
  readonly outcome: Promise<Outcome>;
}

/** Starts `faultbook` with `args` in the folder `cwd`. */
export function startFaultbook(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): Running {
  const child = spawn(process.execPath, [MAIN, ...args], { cwd, env: { ...process.env, ...env } });
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (part: string) => (text[name] += part));
  }
  const outcome = new Promise<Outcome>((done, fail) => {
    child.on('error', fail);
    child.on('close', (code) => done({ code, ...text }));
  });
  return { child, outcome };
}

/** Runs `faultbook` with `args` in the folder `cwd`. */
export function faultbook(args: readonly string[], cwd: string): Promise<Outcome> {
  return startFaultbook(args, cwd).outcome;
}
