import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

/** Longest end of a kernel's own standard error that is kept, in characters. */
const STDERR_TAIL = 4096;

/** How long an ended process's standard error may take to close, in milliseconds. */
const CLOSE_LIMIT = 500;

/** How Node, or the kernel itself, says why it ends. */
const LAST_WORDS = /^(?:FATAL ERROR|faultbook kernel): (.*)$/m;

const live = new Set<KernelProcess>();
process.on('exit', () => live.forEach((kernel) => kernel.signal('SIGKILL')));

/** A kernel's operating system process and all that it starts: none of them outlives the runner. */
export class KernelProcess {
  /** Resolves when the process has ended, with the reason as a clause: `process.exit(3)`, `SIGKILL`. */
  readonly exited: Promise<string>;
  private readonly child: ChildProcess;
  private stderr = '';

  /**
   * @param argv the command and its arguments
   * @param cwd the folder from which cells resolve modules and files
   * @param environment further variables of its environment
   */
  constructor(argv: readonly string[], cwd: string, environment: Readonly<Record<string, string>> = {}) {
    const [command, ...args] = argv;
    // Its own process group: Ctrl-C in the terminal reaches the runner only, and one signal reaches every descendant.
    this.child = spawn(command!, args, {
      cwd,
      env: { ...kernelEnvironment(), ...environment },
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    });
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.stderr = (this.stderr + text).slice(-STDERR_TAIL);
    });
    live.add(this);
    this.exited = this.end();
  }

  /** Sends `signal` to the process and its descendants; nothing happens when they are gone. */
  signal(signal: 'SIGINT' | 'SIGKILL'): void {
    if (this.child.pid === undefined) return;
    try {
      process.kill(-this.child.pid, signal);
    } catch (err) {
      if ((err as NodeJS.ErrnoException).code !== 'ESRCH') throw err;
    }
  }

  private async end(): Promise<string> {
    const closed = new Promise((resolve) => this.child.on('close', resolve));
    const how = await new Promise<string>((resolve) => {
      this.child.on('error', (err) => resolve(err.message));
      this.child.on('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
    });
    // Descendants of a cell may have survived their parent.
    this.signal('SIGKILL');
    live.delete(this);
    // One that has left the group may hold standard error open for ever.
    await Promise.race([closed, sleep(CLOSE_LIMIT, undefined, { ref: false })]);
    return LAST_WORDS.exec(this.stderr)?.[1] ?? how;
  }
}

/**
 * The environment of a kernel: results do not depend on the time zone, language or colours of the machine, and the
 * kernel ends by itself should the runner be killed.
 */
function kernelEnvironment(): NodeJS.ProcessEnv {
  const { FORCE_COLOR: _, ...inherited } = process.env;
  return { ...inherited, NO_COLOR: '1', TZ: 'UTC', LC_ALL: 'C.UTF-8', JPY_PARENT_PID: `${process.pid}` };
}
