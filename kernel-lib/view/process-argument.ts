import { badArgument, checkAddress } from '../base/argument.js';
import { InputError } from '../base/error.js';
import type { Process } from '../sys/process.js';

/** @throws InputError unless `process` is one that has not exited, and `address` an address of it */
export function checkPlace(view: string, process: Process, address: number): void {
  checkProcess(view, process);
  checkAddress(view, address);
}

/** @throws InputError unless `process` is one that has not exited */
export function checkProcess(view: string, process: Process): void {
  if (typeof process?.alive !== 'boolean') {
    throw badArgument(view, 'process', process, 'a process, as linux.spawn() gives');
  }
  if (!process.alive) throw new InputError(`${view}: ${process.name} has exited`);
}
