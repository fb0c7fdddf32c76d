import type { Arch } from '../arch/arch.js';
import { type LeafLevel, type PteCodec, entriesOf, pteVal, setPteVal } from '../arch/codec.js';
import type { EntryReader } from '../arch/entry.js';
import { type Field, presentFields, swapFields } from '../arch/fields.js';
import { type PteWords } from '../arch/predicate.js';
import { maskOf } from '../base/bitfield.js';
import type { Machine } from '../machine/machine.js';
import {
  PTE_MARKER_SWAPIN_ERROR,
  PTE_MARKER_UFFD_WP,
  type SwapKind,
  type SwapTypes,
  machineSwapTypes,
  migrationEntrySupportsAd,
  pteToSwpEntry,
  pteToSwpOffset,
  swapKind,
  swapTypes,
  swpPfnBits,
} from './swapops.js';

/** What an entry means to one architecture in one state. Numbers that may exceed 2^53 are hexadecimal strings. */
export interface DecodedPte {
  readonly value: string;
  readonly arch: string;
  readonly state: string;
  readonly kind: 'none' | 'present' | SwapKind;
  /** The whole of it in words. */
  readonly text: string;
  /** Names of the flags that are set, of a present entry. */
  readonly flags: readonly string[];
  /** Bits that no field of this architecture explains, or '0x0'. */
  readonly unexplained: string;
  /** Of entries that hold a frame number. */
  readonly pfn?: string;
  readonly physical?: string;
  /** Of a present entry. */
  readonly writable?: boolean;
  readonly dirty?: boolean;
  readonly young?: boolean;
  /** Of a swap entry of any kind. */
  readonly type?: number;
  readonly offset?: string;
  readonly exclusive?: boolean;
  readonly softDirty?: boolean;
  readonly uffdWp?: boolean;
}

type Meaning = Omit<DecodedPte, 'value' | 'arch' | 'state' | 'unexplained' | 'flags'> & {
  readonly fields: readonly Field[];
  readonly flags?: readonly string[];
};

const hex = (value: bigint): string => `0x${value.toString(16)}`;

/** What an entry of a machine's page tables means to that machine. @param level where it stands */
export function decodeMachinePte(
  { pte: codec, patched }: Pick<Machine, 'pte' | 'patched'>,
  value: bigint,
  level: LeafLevel = 'pte',
): DecodedPte {
  return decodePte(codec, value, machineSwapTypes(codec.arch, patched), level);
}

/**
 * @param value no wider than the architecture's entries
 * @param types how swap types are numbered; absent: as the architecture's default configuration has it in that state
 * @param level where the entry stands: s390 encodes leaves above the lowest level otherwise than PTEs
 */
export function decodePte(
  codec: PteCodec,
  value: bigint,
  types: SwapTypes = swapTypes(codec.arch.kconfig, codec.state.release),
  level: LeafLevel = 'pte',
): DecodedPte {
  const w: PteWords = new Int32Array(2);
  setPteVal(w, 0, value);
  const { fields, flags = [], ...meaning } = meaningOf(codec, w, types, entriesOf(codec, level));
  const explained = fields.reduce((mask, field) => mask | maskOf(field.slices), 0n);
  return {
    value: hex(value),
    arch: codec.arch.id,
    state: codec.stateName,
    ...meaning,
    flags,
    unexplained: hex(value & ~explained),
  };
}

function meaningOf(codec: PteCodec, w: PteWords, types: SwapTypes, entries: EntryReader): Meaning {
  if (entries.pteNone(w, 0)) return { kind: 'none', text: 'empty', fields: presentFields(entries.layout) };
  return entries.ptePresent(w, 0) ? presentMeaning(codec.arch, entries, w) : swapMeaning(codec, w, types);
}

function presentMeaning(arch: Arch, codec: EntryReader, w: PteWords): Meaning {
  const fields = presentFields(codec.layout);
  const value = pteVal(w, 0);
  const set = fields.filter(({ role, slices }) => role === 'flag' && (value & maskOf(slices)) !== 0n);
  const frame = frameOf(arch, BigInt(codec.ptePfn(w, 0)));
  const writable = codec.pteWrite(w, 0);
  const dirty = codec.pteDirty(w, 0);
  const young = codec.pteYoung(w, 0);
  const words = [
    codec.pteProtnone(w, 0) ? 'PROT_NONE' : writable ? 'writable' : 'read-only',
    dirty ? 'dirty' : 'clean',
    young ? 'young' : 'old',
    ...(codec.pteSpecial(w, 0) ? ['special'] : []),
    ...(codec.pteSoftDirty(w, 0) ? ['soft-dirty'] : []),
    ...(codec.pteUffdWp(w, 0) ? ['write-protected by userfaultfd'] : []),
  ];
  return {
    kind: 'present',
    text: `present: ${words.join(', ')}; ${frame.text}`,
    flags: set.map(({ name }) => name),
    pfn: frame.pfn,
    physical: frame.physical,
    writable,
    dirty,
    young,
    fields,
  };
}

function swapMeaning(codec: PteCodec, w: PteWords, types: SwapTypes): Meaning {
  const { arch, state } = codec;
  const { type } = pteToSwpEntry(codec, w, 0);
  const offset = pteToSwpOffset(codec, w, 0);
  const kind = swapKind(types, type);
  const markers = {
    exclusive: codec.pteSwpExclusive(w, 0),
    softDirty: codec.pteSwpSoftDirty(w, 0),
    uffdWp: codec.pteSwpUffdWp(w, 0),
  };
  const { words, pfn } = kindMeaning(codec, kind, type, offset);
  const frame = pfn === undefined ? undefined : frameOf(arch, pfn);
  const set = [
    ...(markers.exclusive ? ['exclusive'] : []),
    ...(markers.softDirty ? ['soft-dirty'] : []),
    ...(markers.uffdWp ? ['write-protected by userfaultfd'] : []),
  ];
  return {
    kind,
    text: [words, ...(frame ? [frame.text] : []), ...set].join(', '),
    ...(frame && { pfn: frame.pfn, physical: frame.physical }),
    type,
    offset: hex(offset),
    ...markers,
    fields: swapFields(arch, state),
  };
}

const kindWords: Readonly<Record<SwapKind, string>> = {
  swap: 'swap',
  hwpoison: 'poisoned memory',
  'migration-read': 'migration, readable',
  'migration-read-exclusive': 'migration, readable, exclusive',
  'migration-write': 'migration, writable',
  'device-write': 'device-private memory, writable',
  'device-read': 'device-private memory, readable',
  'device-exclusive-write': 'device-exclusive access, writable',
  'device-exclusive-read': 'device-exclusive access, readable',
  'pte-marker': 'marker',
  'swapin-error': 'swap-in error',
};

function kindMeaning(
  codec: PteCodec,
  kind: SwapKind,
  type: number,
  offset: bigint,
): { words: string; pfn?: bigint } {
  const words = kindWords[kind];
  if (kind === 'swap') return { words: `swap: area ${type}, page ${hex(offset)}` };
  if (kind === 'swapin-error') return { words };
  if (kind === 'pte-marker') return { words: `${words}: ${markerWords(offset)}` };
  const bits = BigInt(swpPfnBits(codec.arch));
  const pfn = BigInt.asUintN(Number(bits), offset);
  if (!kind.startsWith('migration')) return { words, pfn };
  // Young and dirty travel above the frame number where the offset has room for them.
  if (!migrationEntrySupportsAd(codec)) return { words, pfn };
  const notes = [(offset >> bits) & 1n ? 'young' : 'old', (offset >> (bits + 1n)) & 1n ? 'dirty' : 'clean'];
  return { words: `${words}, ${notes.join(', ')}`, pfn };
}

function markerWords(offset: bigint): string {
  const set = [
    ...(offset & BigInt(PTE_MARKER_UFFD_WP) ? ['write-protected by userfaultfd'] : []),
    ...(offset & BigInt(PTE_MARKER_SWAPIN_ERROR) ? ['swap-in error'] : []),
  ];
  return set.join(', ') || `unknown (${hex(offset)})`;
}

function frameOf(arch: Arch, pfn: bigint): { pfn: string; physical: string; text: string } {
  const physical = hex(pfn << BigInt(arch.pageShift));
  return { pfn: hex(pfn), physical, text: `frame ${hex(pfn)} (address ${physical})` };
}
