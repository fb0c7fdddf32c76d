import { spawnSync } from 'node:child_process';

/** CPU seconds that this process has used. */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/**
 * CPU seconds that this thread takes for `body`, and what it gives. Nobody tells them of a thread; they are no more than
 * the process's, to which V8's compiler and garbage collector add on threads of their own, and no more than the clock's,
 * to which other processes add. The smaller of the two is nearer.
 */
export function timed<T>(body: () => T): { readonly seconds: number; readonly result: T } {
  const cpu = cpuSeconds();
  const clock = performance.now();
  const result = body();
  const seconds = Math.min(cpuSeconds() - cpu, (performance.now() - clock) / 1e3);
  return { seconds, result };
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
