import type { Machine } from '../../kernel-lib/machine/machine.js';
import { MAP_ANONYMOUS, MAP_FIXED, MAP_PRIVATE, MAP_SHARED } from '../../kernel-lib/mmap/flags.js';
import { doMadvise, type Advice } from '../../kernel-lib/mmap/madvise.js';
import { vmMmapPgoff } from '../../kernel-lib/mmap/mmap.js';
import { doMprotectPkey } from '../../kernel-lib/mmap/mprotect.js';
import { mremap } from '../../kernel-lib/mmap/mremap.js';
import { __vmMunmap } from '../../kernel-lib/mmap/munmap.js';
import { run } from '../../kernel-lib/step/step.js';
import { boot } from '../../kernel-lib/sys/boot.js';
import type { Process } from '../../kernel-lib/sys/process.js';
import type { File } from '../../kernel-lib/vma/file.js';
import { showPermissions, showSmapVmaFlags } from '../../kernel-lib/vma/vm-flags.js';
import { vmaLookup, vmasOf } from '../../kernel-lib/vma/vma-list.js';
import type { Vma } from '../../kernel-lib/vma/vma.js';

const BASE = 0x4000_0000;
const PROT: Readonly<Record<string, number>> = { none: 0, r: 1, rw: 3 };

/** One process whose system calls take page numbers, and whose layout prints as `0-4 rw-p`. */
export class Layout {
  readonly process: Process;
  readonly k: Machine;

  constructor(release: string, process?: Process, k?: Machine) {
    const linux = k === undefined ? boot({ release }) : undefined;
    this.k = k ?? linux!.machine;
    this.process = process ?? linux!.spawn('p');
  }

  fork(): Layout {
    return new Layout('', this.process.fork('child'), this.k);
  }

  mmap(from: number, to: number, prot = 'rw', file: File | null = null, shared = false, pgoff = 0): number {
    return this.#pages(
      run(
        vmMmapPgoff(this.k, this.process.mm, {
          file,
          addr: this.address(from),
          len: this.#bytes(from, to),
          prot: PROT[prot]!,
          flags: MAP_FIXED | (shared ? MAP_SHARED : MAP_PRIVATE) | (file === null ? MAP_ANONYMOUS : 0),
          pgoff,
        }),
      ),
    );
  }

  munmap(from: number, to: number): number {
    return run(__vmMunmap(this.k, this.process.mm, this.address(from), this.#bytes(from, to)));
  }

  mprotect(from: number, to: number, prot: string): number {
    return run(
      doMprotectPkey(this.k, this.process.mm, this.address(from), this.#bytes(from, to), PROT[prot]!),
    );
  }

  madvise(from: number, to: number, advice: Advice): number {
    return run(doMadvise(this.k, this.process.mm, this.address(from), this.#bytes(from, to), advice));
  }

  mremap(from: number, to: number, target: number, flags: number): number {
    const oldLen = this.#bytes(from, to);
    const request = {
      addr: this.address(from),
      oldLen,
      newLen: oldLen,
      flags,
      newAddr: this.address(target),
    };
    return this.#pages(run(mremap(this.k, this.process.mm, request)));
  }

  write(page: number, value = 1): void {
    this.process.write(this.address(page), value);
  }

  read(page: number): number {
    return this.process.read(this.address(page));
  }

  address(page: number): number {
    return BASE + page * this.k.pageSize;
  }

  vma(page: number): Vma {
    return vmaLookup(this.k, this.process.mm, this.address(page))!;
  }

  /** `0-4 rw-p` for each VMA, with those of the named VmFlags that it has. */
  show(...flags: string[]): string[] {
    return vmasOf(this.k, this.process.mm).map((vma) => {
      const range = `${this.#pages(vma.vmStart)}-${this.#pages(vma.vmEnd)}`;
      const has = showSmapVmaFlags(vma.vmFlags).filter((name) => flags.includes(name));
      return [range, showPermissions(vma.vmFlags), ...has].join(' ');
    });
  }

  #bytes(from: number, to: number): number {
    return (to - from) * this.k.pageSize;
  }

  /** An address as a page number; error numbers stay. */
  #pages(address: number): number {
    return address < 0 ? address : (address - BASE) / this.k.pageSize;
  }
}
