import { vmBug } from '../base/error.js';
import { type Mem, ld, st } from '../step/memory.js';
import type { Machine } from './machine.js';
import type { Handle, StructType } from './struct.js';

/**
 * MODEL: the allocator of kernel objects. What is given back is recycled by size: objects by their exact number of
 * words, vectors by the next power of two.
 *
 * The first words of the slab: word 1 is the end of what was ever used, then one list head per size.
 */
const SLAB_END = 1;
const SLAB_LISTS = 2;
/** Objects are smaller than this. */
const MAX_OBJECT_WORDS = 64;
const NR_VECTOR_CLASSES = 28;
/** First word that can be handed out. */
export const SLAB_FIRST = SLAB_LISTS + MAX_OBJECT_WORDS + NR_VECTOR_CLASSES;

/** Makes a zeroed slab ready for use. */
export function initSlab(slab: Mem): void {
  st(slab, SLAB_END, SLAB_FIRST);
}

/** Allocates a zeroed object. */
export function kmemCacheZalloc<H extends Handle<Record<never, never>>>(
  k: Machine,
  type: Pick<StructType<Record<never, never>>, 'words'> & { at(k: Machine, address: number): H },
): H {
  return type.at(k, take(k, SLAB_LISTS + type.words, type.words));
}

/** Gives an object back. Its words keep their values until the next allocation, as stale pointers would see. */
export function kmemCacheFree(
  k: Machine,
  type: Pick<StructType<Record<never, never>>, 'words'>,
  at: number,
): void {
  give(k, SLAB_LISTS + type.words, at);
}

/** Allocates `words` zeroed words, rounded up to a power of two. */
export function kmalloc(k: Machine, words: number): number {
  const size = sizeClass(words);
  return take(k, SLAB_LISTS + MAX_OBJECT_WORDS + size, 1 << size);
}

/** Gives back what kmalloc(k, words) returned. */
export function kfree(k: Machine, at: number, words: number): void {
  give(k, SLAB_LISTS + MAX_OBJECT_WORDS + sizeClass(words), at);
}

/** Words of objects and vectors that were allocated and not given back. */
export function slabWordsInUse(k: Machine): number {
  let words = ld(k.slab, SLAB_END) - SLAB_FIRST;
  for (let list = SLAB_LISTS; list < SLAB_FIRST; list++) {
    const vectors = list - SLAB_LISTS - MAX_OBJECT_WORDS;
    const size = vectors < 0 ? list - SLAB_LISTS : 1 << vectors;
    for (let free = ld(k.slab, list); free !== 0; free = ld(k.slab, free)) words -= size;
  }
  return words;
}

function sizeClass(words: number): number {
  return words <= 1 ? 0 : 32 - Math.clz32(words - 1);
}

function take(k: Machine, list: number, words: number): number {
  const free = ld(k.slab, list);
  if (free !== 0) {
    st(k.slab, list, ld(k.slab, free));
    for (let word = 0; word < words; word++) st(k.slab, free + word, 0);
    return free;
  }
  const at = ld(k.slab, SLAB_END);
  const end = at + words;
  if (end > k.slab.length) throw vmBug`the slab's ${k.slab.length} words are used up`;
  st(k.slab, SLAB_END, end);
  return at;
}

function give(k: Machine, list: number, at: number): void {
  st(k.slab, at, ld(k.slab, list));
  st(k.slab, list, at);
}
