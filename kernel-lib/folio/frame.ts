import { ld, outcomeOf, st } from '../step/memory.js';
import type { Machine } from '../machine/machine.js';
import type { Step } from '../step/step.js';
import {
  CONTENT_SHIFT,
  FLAGS_MASK,
  PAGE_MAPPING_ANON,
  PAGE_MAPPING_FLAGS,
  PAGE_MAPPING_KSM,
  PAGE_MAPPING_TAIL,
  PG_anon_exclusive,
  PG_head,
  PG_tail,
} from './flags.js';
import { vmBug } from '../base/error.js';

/**
 * MODEL: a page frame is eight words. Word 2 holds the map count (from 0, not from -1) above the byte that fills
 * the page behind offset 0; word 0 holds the byte at offset 0 above the flags.
 */
export const FRAME_WORDS = 8;
const FLAGS = 0;
const REFCOUNT = 1;
const MAPCOUNT = 2;
const MAPPING = 3;
export const INDEX = 4;
export const LRU_NEXT = 5;
export const LRU_PREV = 6;
export const PRIVATE = 7;
/** Of the first tail: how often page tables map the whole folio at once. */
export const ENTIRE_MAPCOUNT = INDEX;
/** Of the first tail: pins of a large folio. */
export const PINCOUNT = PRIVATE;

const FILL_MASK = 0xff;
const ONE_MAP = 0x100;

/** References that one FOLL_PIN takes. @kernel include/linux/mm.h GUP_PIN_COUNTING_BIAS v6.2 */
export const GUP_PIN_COUNTING_BIAS = 1024;

/** No frame. */
export const NO_PAGE = 0;
/** The zero page. */
export const ZERO_PFN = 1;
/** Frames below are the zero page and the heads of LRU lists. */
export const FIRST_PFN = 32;

export function frameWord(pfn: number, word: number): number {
  return pfn * FRAME_WORDS + word;
}

/** All flags of a page as one word. */
export function pageFlags(k: Machine, pfn: number): number {
  return ld(k.frames, pfn * FRAME_WORDS + FLAGS) & FLAGS_MASK;
}

export function testFlag(k: Machine, pfn: number, flag: number): boolean {
  return outcomeOf(() => (ld(k.frames, pfn * FRAME_WORDS + FLAGS) & flag) !== 0);
}

export function setFlag(k: Machine, pfn: number, flag: number): void {
  const at = pfn * FRAME_WORDS + FLAGS;
  outcomeOf(() => st(k.frames, at, ld(k.frames, at) | flag));
}

export function clearFlag(k: Machine, pfn: number, flag: number): void {
  const at = pfn * FRAME_WORDS + FLAGS;
  outcomeOf(() => st(k.frames, at, ld(k.frames, at) & ~flag));
}

/** Sets a flag; whether it was set before. */
export function testSetFlag(k: Machine, pfn: number, flag: number): boolean {
  const was = testFlag(k, pfn, flag);
  if (!was) setFlag(k, pfn, flag);
  return was;
}

/** Clears a flag; whether it was set before. */
export function testClearFlag(k: Machine, pfn: number, flag: number): boolean {
  const was = testFlag(k, pfn, flag);
  if (was) clearFlag(k, pfn, flag);
  return was;
}

export function pageRefcount(k: Machine, pfn: number): number {
  return ld(k.frames, pfn * FRAME_WORDS + REFCOUNT);
}

/** The reference count, as another CPU may just have left it. @kernel include/linux/page_ref.h folio_ref_count v6.2 */
export function* folioRefCount(k: Machine, pfn: number): Step<number> {
  yield;
  return pageRefcount(k, pfn);
}

export function setPageRefcount(k: Machine, pfn: number, count: number): void {
  st(k.frames, pfn * FRAME_WORDS + REFCOUNT, count);
}

/**
 * Takes all references if they are as many as the caller knows of; until it unfreezes them nobody gets one.
 *
 * @kernel include/linux/page_ref.h folio_ref_freeze v6.2
 */
export function* folioRefFreeze(k: Machine, pfn: number, count: number): Step<boolean> {
  yield;
  if (pageRefcount(k, pfn) !== count) return false;
  setPageRefcount(k, pfn, 0);
  return true;
}

/** @kernel include/linux/page_ref.h folio_ref_unfreeze v6.2 */
export function* folioRefUnfreeze(k: Machine, pfn: number, count: number): Step<void> {
  yield;
  setPageRefcount(k, pfn, count);
}

/** Adds to the reference count, atomically. */
export function* folioRefAdd(k: Machine, pfn: number, count: number): Step<void> {
  yield;
  const at = pfn * FRAME_WORDS + REFCOUNT;
  outcomeOf(() => st(k.frames, at, ld(k.frames, at) + count));
}

/**
 * Adds to the reference count of a page that may just have been freed; false if it was.
 *
 * @kernel include/linux/page_ref.h folio_ref_try_add_rcu v6.2
 */
export function* folioRefTryAddRcu(k: Machine, pfn: number, count: number): Step<boolean> {
  yield;
  return outcomeOf(() => tryAdd(k, pfn, count));
}

function tryAdd(k: Machine, pfn: number, count: number): boolean {
  const references = pageRefcount(k, pfn);
  if (references === 0) return false;
  setPageRefcount(k, pfn, references + count);
  return true;
}

/** Takes from the reference count, atomically; whether it reached zero. */
export function* folioRefSubAndTest(k: Machine, pfn: number, count: number): Step<boolean> {
  yield;
  return outcomeOf(() => subAndTest(k, pfn, count));
}

function subAndTest(k: Machine, pfn: number, count: number): boolean {
  const left = pageRefcount(k, pfn) - count;
  if (left < 0) throw vmBug`frame ${pfn} had ${left + count} references, ${count} are given back`;
  setPageRefcount(k, pfn, left);
  return left === 0;
}

/** @kernel include/linux/mm.h folio_get v6.2 */
export function* folioGet(k: Machine, pfn: number): Step<void> {
  yield* folioRefAdd(k, pfn, 1);
}

/** Whether a frame is memory of a device: it has no struct page. */
export function isDevicePfn(k: Machine, pfn: number): boolean {
  return pfn >= k.nrFrames;
}

/** How many page-table entries map the page, by itself or within a huge one. @kernel include/linux/mm.h page_mapcount v6.2 */
export function pageMapcount(k: Machine, pfn: number): number {
  const own = ownMapcount(k, pfn);
  if (!testFlag(k, pfn, PG_head | PG_tail)) return own;
  return own + ld(k.frames, (compoundHead(k, pfn) + 1) * FRAME_WORDS + ENTIRE_MAPCOUNT);
}

/** How many lowest-level entries map the page. */
export function ownMapcount(k: Machine, pfn: number): number {
  return outcomeOf(() => ld(k.frames, pfn * FRAME_WORDS + MAPCOUNT) >> 8);
}

/** The folio's first page. @kernel include/linux/page-flags.h page_folio v6.2 */
export function pageFolio(k: Machine, pfn: number): number {
  return compoundHead(k, pfn);
}

function compoundHead(k: Machine, pfn: number): number {
  return outcomeOf(() => headOf(pfn, ld(k.frames, pfn * FRAME_WORDS + MAPPING)));
}

function headOf(pfn: number, mapping: number): number {
  return (mapping & PAGE_MAPPING_FLAGS) === PAGE_MAPPING_TAIL ? mapping >>> 2 : pfn;
}

/** One more mapping; the count afterwards. */
export function incMapcount(k: Machine, pfn: number): number {
  return outcomeOf(() => addMap(k, pfn, ONE_MAP));
}

/** One mapping less; the count afterwards. */
export function decMapcount(k: Machine, pfn: number): number {
  return outcomeOf(() => addMap(k, pfn, -ONE_MAP));
}

function addMap(k: Machine, pfn: number, by: number): number {
  const at = pfn * FRAME_WORDS + MAPCOUNT;
  const word = ld(k.frames, at) + by;
  if (word < 0) throw vmBug`frame ${pfn} loses a mapping that it does not have`;
  st(k.frames, at, word);
  return word >> 8;
}

/** @kernel include/linux/page-flags.h PageAnon v6.2 */
export function PageAnon(k: Machine, pfn: number): boolean {
  return folioTestAnon(k, compoundHead(k, pfn));
}

/** The same of a folio, by its first page. @kernel include/linux/page-flags.h folio_test_anon v6.2 */
export function folioTestAnon(k: Machine, folio: number): boolean {
  return outcomeOf(() => (ld(k.frames, folio * FRAME_WORDS + MAPPING) & PAGE_MAPPING_ANON) !== 0);
}

/** @kernel include/linux/page-flags.h PageKsm v6.2 */
export function PageKsm(k: Machine, pfn: number): boolean {
  return outcomeOf(
    () => (ld(k.frames, pfn * FRAME_WORDS + MAPPING) & PAGE_MAPPING_FLAGS) === PAGE_MAPPING_KSM,
  );
}

/** @kernel include/linux/page-flags.h PageAnonExclusive v6.2 */
export function PageAnonExclusive(k: Machine, pfn: number): boolean {
  return testFlag(k, pfn, PG_anon_exclusive);
}

/** The mapping word: address of an anon_vma or address space, with PAGE_MAPPING_* in the low bits. */
export function pageMappingWord(k: Machine, pfn: number): number {
  return ld(k.frames, pfn * FRAME_WORDS + MAPPING);
}

/** Makes the page belong to the object at slab address `owner`; 0 and no bits: to nothing. */
export function setPageMapping(k: Machine, pfn: number, owner: number, bits: number): void {
  st(k.frames, pfn * FRAME_WORDS + MAPPING, (owner << 2) | bits);
}

/** Slab address of what the page belongs to: anon_vma, address space or stable node; 0 for nothing. */
export function pageOwner(k: Machine, pfn: number): number {
  return ld(k.frames, pfn * FRAME_WORDS + MAPPING) >>> 2;
}

/** The page's offset in pages, modulo 2^32. */
export function pageIndex(k: Machine, pfn: number): number {
  return ld(k.frames, pfn * FRAME_WORDS + INDEX) >>> 0;
}

export function setPageIndex(k: Machine, pfn: number, index: number): void {
  st(k.frames, pfn * FRAME_WORDS + INDEX, index | 0);
}

export function pagePrivate(k: Machine, pfn: number): number {
  return ld(k.frames, pfn * FRAME_WORDS + PRIVATE);
}

export function setPagePrivate(k: Machine, pfn: number, value: number): void {
  st(k.frames, pfn * FRAME_WORDS + PRIVATE, value);
}

/** The byte at offset 0 of the page. */
export function pageByte(k: Machine, pfn: number): number {
  return outcomeOf(() => (ld(k.frames, pfn * FRAME_WORDS + FLAGS) >>> CONTENT_SHIFT) & 0xff);
}

export function setPageByte(k: Machine, pfn: number, value: number): void {
  const at = pfn * FRAME_WORDS + FLAGS;
  outcomeOf(() => st(k.frames, at, (ld(k.frames, at) & FLAGS_MASK) | (value << CONTENT_SHIFT)));
}

/** The byte that fills the page behind offset 0. */
export function pageFill(k: Machine, pfn: number): number {
  return outcomeOf(() => ld(k.frames, pfn * FRAME_WORDS + MAPCOUNT) & FILL_MASK);
}

export function setPageFill(k: Machine, pfn: number, value: number): void {
  const at = pfn * FRAME_WORDS + MAPCOUNT;
  outcomeOf(() => st(k.frames, at, (ld(k.frames, at) & ~FILL_MASK) | value));
}

/** The whole page's content as one number: its first byte, and above that the byte that fills the rest. */
export function pageContent(k: Machine, pfn: number): number {
  return pageByte(k, pfn) | (pageFill(k, pfn) << 8);
}

/** Copies the whole content of a page; stores through other mappings may come before or after. */
export function* copyUserHighpage(k: Machine, to: number, from: number): Step<void> {
  yield;
  setPageContent(k, to, pageContent(k, from));
}

export function setPageContent(k: Machine, pfn: number, content: number): void {
  setPageByte(k, pfn, content & 0xff);
  setPageFill(k, pfn, content >> 8);
}

/**
 * Whether a page may be pinned for DMA. A small page with 1024 ordinary references says yes, too.
 *
 * @kernel include/linux/mm.h folio_maybe_dma_pinned v6.2
 */
export function* folioMaybeDmaPinned(k: Machine, pfn: number): Step<boolean> {
  yield;
  return maybeDmaPinned(k, pfn);
}

/** The same for an onlooker. */
export function maybeDmaPinned(k: Machine, pfn: number): boolean {
  if (testFlag(k, pfn, PG_head)) return ld(k.frames, (pfn + 1) * FRAME_WORDS + PINCOUNT) > 0;
  return outcomeOf(() => pageRefcount(k, pfn) >= GUP_PIN_COUNTING_BIAS);
}
