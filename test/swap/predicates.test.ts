import { describe, expect, test } from 'vitest';
import { type Pte, pteNone, ptePresent } from '../../kernel-lib/pgtable/pte.js';
import type { Machine } from '../../kernel-lib/machine/machine.js';
import { nonSwapEntry, pteToSwpEntry } from '../../kernel-lib/swap/entry.js';
import { isPfnSwapEntry } from '../../kernel-lib/swap/pfn-entry.js';
import {
  isPteMarker,
  isSwapPte,
  isSwapSpecialPte,
  pteHasSwapEntry,
  pteNoneMostly,
} from '../../kernel-lib/swap/special-pte.js';
import { Place, kinds, variants } from '../walk/pte-kinds.js';

/** What can be asked of every entry, by the letters of the table below. */
const always: Readonly<Record<string, (k: Machine, pte: Pte) => boolean>> = {
  N: pteNone,
  P: ptePresent,
  S: isSwapPte,
  M: isPteMarker,
  m: pteNoneMostly,
  H: pteHasSwapEntry,
  Z: isSwapSpecialPte,
};

/** What can be asked of what an entry holds. */
const ofEntry: Readonly<Record<string, (k: Machine, entry: number) => boolean>> = {
  X: nonSwapEntry,
  F: isPfnSwapEntry,
};

/** The letters of what is true of the entry of a kind. */
function truths(kind: string, patches: readonly string[]): string {
  const p = new Place(patches);
  kinds[kind]!(p);
  const { k, pte } = p;
  const letters = Object.entries(always).filter(([, holds]) => holds(k, pte));
  const entry = pteHasSwapEntry(k, pte) ? pteToSwpEntry(k, pte) : undefined;
  const inside = Object.entries(ofEntry).filter(([, holds]) => entry !== undefined && holds(k, entry));
  return [...letters, ...inside].map(([letter]) => letter).join('');
}

/** `is_pfn_swap_entry()` holds of hwpoison since 07a57a338adb, which the recorded 6.1 has. */
const merged: Readonly<Record<string, string>> = {
  none: 'Nm',
  present: 'P',
  'zero page': 'P',
  swap: 'SH',
  'migration read': 'SHXF',
  'migration read-exclusive': 'SHXF',
  'migration write': 'SHXF',
  'device private': 'SHXF',
  'device exclusive': 'SHXF',
  hwpoison: 'SHXF',
  'swap error': 'SHX',
  'uffd-wp': 'SMmHX',
};

describe('is_swap_pte(), non_swap_entry(), is_pfn_swap_entry(), is_pte_marker() and pte_none_mostly()', () => {
  test.each(Object.keys(kinds))('of an entry of kind %s', (kind) => {
    expect(truths(kind, [])).toBe(merged[kind]);
  });

  test('an error in a marker is none mostly, in an entry of its own it is not', () => {
    expect([truths('swap error', []), truths('swap error', ['15520a3f0469'])]).toEqual(['SHX', 'SMmHX']);
  });

  test('the special PTE of 2021 holds no entry, and before its patch is decoded all the same', () => {
    expect(truths('uffd-wp', variants['RFC']!)).toBe('SZ');
    expect(truths('uffd-wp', variants['before']!)).toBe('SHZ');
  });
});
