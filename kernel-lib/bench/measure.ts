import { spawnSync } from 'node:child_process';

/** CPU seconds that this process has used. */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** CPU seconds that `body` takes, and what it gives. */
export function timed<T>(body: () => T): { readonly seconds: number; readonly result: T } {
  const start = cpuSeconds();
  const result = body();
  return { seconds: cpuSeconds() - start, result };
}

/** The time that counts of several runs: what disturbs a run adds to its time, and nothing takes from it. */
export function least(seconds: readonly number[]): number {
  return Math.min(...seconds);
}

/**
 * Runs several bodies in turn, round after round, so that a noisy machine is noisy for all of them.
 *
 * @returns for each body its least time
 */
export function inTurn(rounds: number, bodies: readonly (() => number)[]): number[] {
  const seconds = bodies.map((): number[] => []);
  for (let round = 0; round < rounds; round++) bodies.forEach((body, n) => seconds[n]!.push(body()));
  return seconds.map(least);
}

/** CPU seconds of a whole process, from its start to its end. @throws Error if it fails */
export function processSeconds(command: string, args: readonly string[], cwd: string): number {
  const script = 'TIMEFORMAT="%U %S"; time "$@" >/dev/null 2>&1';
  const { status, stderr } = spawnSync('bash', ['-c', script, 'time', command, ...args], {
    cwd,
    encoding: 'utf8',
  });
  const [user, system] = stderr.trim().split(' ').map(Number);
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with status ${status}`);
  return user! + system!;
}

/** Whether a program can be run here. */
export function installed(command: string): boolean {
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).error === undefined;
}
