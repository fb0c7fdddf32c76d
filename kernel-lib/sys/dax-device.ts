import { InputError } from '../base/error.js';
import type { Machine } from '../machine/machine.js';
import { deviceContent } from '../pagecache/dax-device.js';
import { AddressSpace, type File } from '../vma/file.js';

/**
 * Memory of a device that is mapped as it is, without a page cache: `linux.daxDevice('dax0.0', { pages, align })`.
 */
export class DaxDevice {
  readonly name: string;
  readonly file: File;
  readonly #k: Machine;

  constructor(k: Machine, name: string, file: File) {
    this.name = name;
    this.file = file;
    this.#k = k;
  }

  /** Size in pages. */
  get pages(): number {
    return this.#mapping.daxNrPages;
  }

  /** The first byte of a page of the device. */
  content(page: number): number {
    if (!Number.isInteger(page) || page < 0 || page >= this.pages) {
      throw new InputError(`${this.name}: page is ${page}; allowed: 0 to ${this.pages - 1}`);
    }
    return deviceContent(this.#k, this.#mapping.daxPfn + page) & 0xff;
  }

  /** How often the kernel has asked the device's file to map more than a page. */
  get hugeFaults(): number {
    return this.#mapping.hugeFaults;
  }

  /** Whether the file answers a store to a private mapping by mapping what is there already, as no real one does. */
  get remaps(): boolean {
    return this.#mapping.daxRemaps === 1;
  }

  set remaps(does: boolean) {
    this.#mapping.daxRemaps = does ? 1 : 0;
  }

  get #mapping(): AddressSpace {
    return AddressSpace.at(this.#k, this.file.fMapping);
  }

  toString(): string {
    return `${this.name}, ${this.pages} pages, asked for huge entries ${this.hugeFaults} times`;
  }

  /** What `console.log` prints in Node. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}
