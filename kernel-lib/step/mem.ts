/**
 * Words of machine state: an `Int32Array` cut from an `Arena`. The type has no index signature, so that the compiler
 * refuses `mem[i]`: kernel code reads with `ld` and writes with `st`. A 64-bit entry is two words, low word first.
 */
export interface Mem {
  readonly length: number;
  readonly byteOffset: number;
}
