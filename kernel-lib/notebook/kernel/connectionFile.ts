import { readFileSync } from 'node:fs';
import { InputError } from '../../base/error.js';

export const CHANNELS = ['shell', 'control', 'iopub', 'stdin', 'hb'] as const;
export type Channel = (typeof CHANNELS)[number];

/** Where a client expects the kernel's sockets, and the key that signs its messages. */
export interface ConnectionFile {
  readonly key: string;
  readonly address: Readonly<Record<Channel, string>>;
}

/**
 * Reads a Jupyter connection file.
 *
 * @throws InputError when the file cannot be read, is not JSON, or lacks an address
 */
export function readConnectionFile(path: string): ConnectionFile {
  const fields = parse(path);
  const { transport = 'tcp', ip, key = '', signature_scheme: scheme = 'hmac-sha256' } = fields;
  if (typeof ip !== 'string') throw new InputError(`${path}: "ip" must be an address`);
  if (typeof key !== 'string') throw new InputError(`${path}: "key" must be a string`);
  if (scheme !== 'hmac-sha256') throw new InputError(`${path}: "signature_scheme" must be hmac-sha256`);
  if (transport !== 'tcp' && transport !== 'ipc')
    throw new InputError(`${path}: "transport" must be tcp or ipc`);
  // Jupyter names an IPC socket's file by the "port" behind a dash.
  const separator = transport === 'ipc' ? '-' : ':';
  const addresses = CHANNELS.map((channel) => {
    const port = fields[`${channel}_port`];
    if (!Number.isInteger(port)) throw new InputError(`${path}: "${channel}_port" must be a whole number`);
    return [channel, `${transport}://${ip}${separator}${port}`];
  });
  return { key, address: Object.fromEntries(addresses) as Record<Channel, string> };
}

function parse(path: string): Record<string, unknown> {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  } catch (err) {
    throw new InputError(`${path}: ${(err as Error).message}`);
  }
}
