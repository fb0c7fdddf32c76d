import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InputError } from '../../base/error.js';
import { splitLines } from '../lines.js';
import { builtinOptions } from './guest-modules.js';

/** What a guest is booted with. */
export interface GuestSetup {
  /** Path of a bzImage. */
  readonly kernel: string;
  readonly initramfs: Uint8Array;
  /** How QEMU runs the guest's instructions. */
  readonly accel: 'tcg' | 'kvm';
  /** Seconds without a word after which a guest counts as stopped. */
  readonly timeout: number;
  readonly signal: AbortSignal;
}

/** How a guest ended. */
export interface GuestEnd {
  readonly timedOut: boolean;
  /** What its kernel printed. */
  readonly console: string;
}

const MIB = 640;
const QEMU = 'qemu-system-x86_64';
/** The kernel's console is the first serial line, answers come on the second. Addresses are not random. */
const commandLine = ['console=ttyS0', 'quiet', 'norandmaps', 'panic=-1', 'rdinit=/init', ...builtinOptions];

/**
 * Boots a guest and waits for its end; then QEMU has ended, too, for whatever reason.
 *
 * @param onLine is told the guest's answers line by line as they come; what it throws ends the guest
 * @throws InputError when there is no QEMU; the signal's reason when it is aborted
 */
export async function runGuest(setup: GuestSetup, onLine: (line: string) => void): Promise<GuestEnd> {
  setup.signal.throwIfAborted();
  const dir = mkdtempSync(join(tmpdir(), 'faultbook-record-'));
  const qemu = startQemu(setup, dir);
  let timedOut = false;
  const stop = (): void => void qemu.child.kill('SIGKILL');
  const giveUp = (): void => {
    timedOut = true;
    stop();
  };
  const patience = setTimeout(giveUp, setup.timeout * 1000);
  setup.signal.addEventListener('abort', stop);
  try {
    for await (const line of splitLines(qemu.child.stdout.setEncoding('utf8'))) {
      patience.refresh();
      // The guest may have been stopped in the middle of a line.
      if (!timedOut && !setup.signal.aborted) onLine(line);
    }
    const complaint = await qemu.ended;
    setup.signal.throwIfAborted();
    if (complaint !== undefined) throw new InputError(complaint);
    return { timedOut, console: textOf(join(dir, 'console')) };
  } finally {
    clearTimeout(patience);
    setup.signal.removeEventListener('abort', stop);
    stop();
    await qemu.ended;
    rmSync(dir, { recursive: true, force: true });
  }
}

function startQemu({ kernel, initramfs, accel }: GuestSetup, dir: string) {
  const initrd = join(dir, 'initramfs');
  writeFileSync(initrd, initramfs);
  const child = spawn(
    QEMU,
    [
      ...['-accel', accel, ...(accel === 'kvm' ? ['-cpu', 'host'] : []), '-smp', '1', '-m', String(MIB)],
      ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
      ...['-kernel', kernel, '-initrd', initrd, '-append', commandLine.join(' ')],
      ...['-serial', `file:${join(dir, 'console')}`],
      ...['-chardev', 'stdio,id=answers,signal=off', '-serial', 'chardev:answers'],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
  const ended = new Promise<string | undefined>((settle) => {
    child.on('error', (err: NodeJS.ErrnoException) => settle(missing(err)));
    child.on('close', (code) => settle(code ? `${QEMU}: ${firstLine(complaints)}` : undefined));
  });
  return { child, ended };
}

function missing({ code, message }: NodeJS.ErrnoException): string {
  return code === 'ENOENT'
    ? `${QEMU} is not installed, and the kernel is to run in it; it is in Debian's package qemu-system-x86`
    : `${QEMU}: ${message}`;
}

function firstLine(text: string): string {
  return text.split('\n').find((line) => line !== '') ?? 'it failed without a word';
}

/** Lines end with CR and LF on a serial line. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1').replaceAll('\r', '');
  } catch {
    // QEMU ended before it opened its files.
    return '';
  }
}
