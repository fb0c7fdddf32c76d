import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const CHANNELS = ['shell', 'iopub', 'control', 'stdin', 'hb'] as const;
export type Channel = (typeof CHANNELS)[number];

const open = new Set<string>();
process.on('exit', () => open.forEach(remove));

/** How to reach one kernel: what its connection file says. */
export interface Connection {
  readonly file: string;
  readonly key: string;
  readonly endpoint: Readonly<Record<Channel, string>>;
  /** Removes the connection file and the sockets. */
  readonly remove: () => void;
}

/**
 * Writes a connection file for a kernel that is about to start.
 *
 * The sockets are local ones in a new directory that only this user can open: unlike with TCP ports, nobody can take an
 * address between its choice here and its use by the kernel.
 */
export function openConnection(): Connection {
  const dir = mkdtempSync(join(tmpdir(), 'faultbook-'));
  open.add(dir);
  const key = randomBytes(32).toString('hex');
  const ip = join(dir, 'kernel');
  const ports = Object.fromEntries(CHANNELS.map((channel, i) => [`${channel}_port`, i + 1]));
  const file = join(dir, 'connection.json');
  const settings = { transport: 'ipc', ip, key, signature_scheme: 'hmac-sha256', ...ports };
  writeFileSync(file, JSON.stringify(settings), { mode: 0o600 });
  const endpoint = Object.fromEntries(CHANNELS.map((channel, i) => [channel, `ipc://${ip}-${i + 1}`]));
  return {
    file,
    key,
    endpoint: endpoint as Record<Channel, string>,
    remove: () => remove(dir),
  };
}

function remove(dir: string): void {
  rmSync(dir, { recursive: true, force: true });
  open.delete(dir);
}
