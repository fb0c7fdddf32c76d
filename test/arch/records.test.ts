import { expect, test } from 'vitest';
import { pteCodec } from '../../kernel-lib/arch/codec.js';
import { maskReader } from '../../kernel-lib/arch/mask.js';
import { archById, arches } from '../../kernel-lib/arch/variants.js';
import { maskOf, parseSlices } from '../../kernel-lib/base/bitfield.js';

test('every record is plain data: no architecture has a function', () => {
  for (const arch of arches) expect(JSON.parse(JSON.stringify(arch)), arch.id).toEqual(arch);
});

test('every record compiles in every state', () => {
  for (const arch of arches) {
    for (const state of Object.keys(arch.states)) expect(() => pteCodec(arch, state)).not.toThrow();
  }
});

test('every name in a record can be read, and fits its PTE', () => {
  for (const arch of arches) {
    const masks = maskReader(arch);
    const names = [...Object.keys(arch.bits), ...Object.keys(arch.masks), ...Object.keys(arch.pgprots)];
    for (const name of names)
      expect(masks.value(name) >> BigInt(arch.pteBits), `${arch.id} ${name}`).toBe(0n);
  }
});

test('no two declared bits share a place, nor does one share it with the frame number', () => {
  for (const arch of arches) {
    let seen = maskOf(parseSlices(arch.pfn.at));
    for (const [name, [at]] of Object.entries(arch.bits)) {
      const mask = maskOf(parseSlices(String(at)));
      expect(seen & mask, `${arch.id} ${name}`).toBe(0n);
      seen |= mask;
    }
  }
});

test('page tables of every variant have a pte level above the page, and levels that meet', () => {
  for (const { id, levels, pageShift } of arches) {
    expect(levels.at(-1), id).toMatchObject({ name: 'pte', shift: pageShift });
    for (const [n, upper] of levels.slice(0, -1).entries()) {
      expect(upper.shift, id).toBe(levels[n + 1]!.shift + levels[n + 1]!.bits);
    }
  }
});

test('an unknown architecture is refused with those that there are', () => {
  expect(() => archById('pdp11')).toThrow(/no architecture 'pdp11'; there are alpha, arc/);
});
