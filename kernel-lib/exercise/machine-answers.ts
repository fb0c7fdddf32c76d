import { type DecodedPte, decodeMachinePte } from '../pgtable/decode.js';
import { type BootOptions, type Linux, boot } from '../sys/boot.js';
import type { Process } from '../sys/process.js';

/** A place in a process's memory. */
export interface Place {
  readonly process: Process;
  readonly address: number;
}

/** A freshly booted machine with one process. */
export function machineWith(name: string, options: BootOptions = {}): { linux: Linux; process: Process } {
  const linux = boot({ release: 'v6.2', arch: 'x86_64', swap: '64MiB', ...options });
  return { linux, process: linux.spawn(name) };
}

/** A process with one page of its own, written and then swapped out. */
export function withSwappedPage(options: BootOptions = {}): Place {
  const { process } = machineWith('owner', options);
  const address = process.mmap(1);
  process.write(address, 0x41);
  process.madvise(address, 'MADV_PAGEOUT');
  return { process, address };
}

/** What the entry at a place means. */
export function entryAt({ process, address }: Place): DecodedPte {
  return decodeMachinePte(process.machine, process.pte(address), process.pteLevel(address));
}

/** The frames of consecutive pages, in hexadecimal; undefined where none is mapped. */
export function framesFrom({ process, address }: Place, nrPages: number): (string | undefined)[] {
  const { pageSize } = process.machine;
  return Array.from({ length: nrPages }, (_, i) => {
    const entry = entryAt({ process, address: address + i * pageSize });
    return entry.kind === 'present' ? entry.pfn : undefined;
  });
}
