import { parseArgs } from 'node:util';
import { InputError } from '../../base/error.js';
import { optimiseLater } from '../optimising.js';
import { readConnectionFile } from './connectionFile.js';
import { KernelServer } from './server.js';

/** How often a kernel looks whether the front end that started it is still there, in milliseconds. */
const PARENT_CHECK_INTERVAL = 1_000;

function connectionFileArgument(): string {
  const { values } = parseArgs({ options: { 'connection-file': { type: 'string' } } });
  const path = values['connection-file'];
  if (path === undefined) throw new InputError('the launcher needs --connection-file FILE');
  return path;
}

/** Ends the process when its front end was killed: nobody else would. Jupyter asks for that by JPY_PARENT_PID. */
function followParent(): void {
  if (!process.env.JPY_PARENT_PID || process.platform === 'win32') return;
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && process.exit(1), PARENT_CHECK_INTERVAL).unref();
}

optimiseLater();
try {
  const server = new KernelServer(readConnectionFile(connectionFileArgument()));
  process.on('SIGINT', () => server.interrupt());
  followParent();
  await server.start();
} catch (err) {
  if (!(err instanceof InputError)) throw err;
  process.stderr.write(`faultbook kernel: ${err.message}\n`);
  process.exit(2);
}
