import { decodeMachinePte } from '../pgtable/decode.js';
import type { Process } from '../sys/process.js';
import { checkPlace } from './process-argument.js';
import { type BitFieldPicture, bitfield } from './bitfield.js';

/**
 * A page-table entry of a process: raw value, meaning, and every field with its bits.
 *
 * @param address of any byte of the page
 * @throws InputError when the process has exited
 */
export function pte(process: Process, address: number): BitFieldPicture {
  checkPlace('view.pte', process, address);
  const { machine } = process;
  const codec = machine.pte;
  const value = process.pte(address);
  const level = process.pteLevel(address);
  const { kind, value: raw, text } = decodeMachinePte(machine, value, level);
  const present = level === 'pte' ? 'present' : level;
  const of = kind === 'none' || kind === 'present' ? present : { swap: codec.stateName };
  return bitfield(codec.arch, { of, value, title: `${raw}: ${text}` });
}
