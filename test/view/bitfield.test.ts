import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { pteCodec, pteVal } from '../../kernel-lib/arch/codec.js';
import { archById, arches } from '../../kernel-lib/arch/variants.js';
import { bitfield } from '../../kernel-lib/view/bitfield.js';

/** What is used of jsdom, whose own types would put the whole DOM among the globals. */
interface SvgDocument {
  querySelector(selector: string): { readonly textContent: string } | null;
  querySelectorAll(selector: string): { readonly length: number };
}
const { JSDOM } = createRequire(import.meta.url)('jsdom') as {
  JSDOM: new (text: string, options: object) => { readonly window: { readonly document: SvgDocument } };
};

test('a picture says the fields of a swap entry from the highest bit down', () => {
  expect(bitfield(archById('x86_32'), { of: { swap: 'after' } }).text).toBe(
    [
      'x86, 32-bit, two levels: a swap entry, v6.3',
      ' 31:9  offset  (swap offset)',
      '    8  -  (not used)',
      '    7  exclusive  (the page was exclusive to one process)',
      '    6  -  (not used)',
      '  5:1  type  (swap type)',
      '    0  -  (not used)',
    ].join('\n'),
  );
});

test('a picture of a value writes its bits into the fields', () => {
  const arch = archById('x86_32');
  const codec = pteCodec(arch, 'after');
  const w = new Int32Array(2);
  codec.swpEntryToPte(w, 0, 2, 0x1234);
  codec.pteSwpMkexclusive(w, 0);
  const { text } = bitfield(arch, { of: { swap: 'after' }, value: pteVal(w, 0) });
  expect(text).toContain('offset = 0x1234');
  expect(text).toContain('exclusive = 1');
});

test('the cells of every picture cover every bit once', () => {
  for (const arch of arches) {
    const pictures = Object.keys(arch.states).map((swap) => bitfield(arch, { of: { swap } }));
    const leaves = (['present', 'pmd', 'pud'] as const).map((of) => bitfield(arch, { of }));
    for (const { cells } of [...leaves, ...pictures]) {
      const bits = cells.flatMap(({ high, low }) => [...Array(high - low + 1).keys()].map((n) => high - n));
      expect(bits, arch.id).toEqual([...Array(arch.pteBits).keys()].reverse());
    }
  }
});

test('a leaf of s390 shows the bits of its own table, and one of x86-64 those of a PTE', () => {
  const names = (arch: string, of: 'pmd' | 'pud') =>
    bitfield(archById(arch), { of }).cells.flatMap(({ field }) => field?.name ?? []);
  expect(names('s390', 'pmd')).toContain('_SEGMENT_ENTRY_LARGE');
  expect(names('s390', 'pud')).toContain('_REGION3_ENTRY_LARGE');
  expect(names('x86_64', 'pmd')).toContain('_PAGE_DIRTY');
});

test('the SVG is well formed, has a title, and says each cell’s meaning', () => {
  for (const arch of arches) {
    const { svg, cells, title } = bitfield(arch, { of: 'present', value: 0x67n });
    const { document } = new JSDOM(svg, { contentType: 'image/svg+xml' }).window;
    expect(document.querySelector('svg > title')!.textContent).toBe(title);
    expect(document.querySelectorAll('g > title')).toHaveLength(cells.length);
  }
});

test('a state that the record lacks is refused', () => {
  expect(() => bitfield(archById('arc'), { of: { swap: 'v9' } })).toThrow("arc has no state 'v9'");
});

test('names of bits leave out what all of them begin with, in segment tables, too', () => {
  const { svg } = bitfield(archById('s390'), { of: 'pmd' });
  expect(svg).toContain('>DIRTY<');
  expect(svg).not.toContain('>SEGMENT_ENTRY_DIRTY<');
});
