import { expect, test } from 'vitest';
import { archById, decodePte, mimeBundle, pteCodec, view } from '../../kernel-lib/index.js';

test('without a script the decoder says the meaning and every field that holds something', () => {
  const decoder = view.pteDecoder('0x8000000123456067', { arch: 'x86_64', release: 'v6.3' });
  const { text: meaning } = decodePte(pteCodec(archById('x86_64'), 'after'), 0x8000000123456067n);
  const bundle = decoder[mimeBundle]();
  expect(bundle['text/plain']).toContain(`0x8000000123456067 on x86_64, v6.3: ${meaning}`);
  expect(bundle['text/html']).toContain(meaning);
  expect(bundle['text/html']).toContain('<td style="text-align:left">_PAGE_NX</td>');
  expect(String(bundle['text/plain'])).toMatch(/^51:12 +PFN +0x123456 +frame number$/m);
});

test('a release reads a swap entry by its own layout: the marker of arc is one bit of the offset before', () => {
  const value = 1n << 5n;
  const texts = ['v6.1', 'v6.3'].map((release) => view.pteDecoder(value, { arch: 'arc', release }).text);
  expect(texts[0]).not.toContain('exclusive');
  expect(texts[1]).toContain('exclusive');
});

test('a line of a kernel’s log will do', () => {
  const line = 'BUG: Bad page map in process a  pte:8000000123456067 pmd:00000067';
  expect(view.pteDecoder(line).text).toContain('frame 0x123456');
});

test.each([
  ['hello', "'hello' is no page-table entry"],
  ['', 'an entry is wanted'],
  ['1 2', 'one entry at a time; here are 2'],
])('%j is refused', (value, message) => {
  expect(() => view.pteDecoder(value)).toThrow(message);
});

test('names that there are not are refused, and values that are too wide', () => {
  expect(() => view.pteDecoder(1n, { arch: 'vax' })).toThrow("no architecture 'vax'");
  expect(() => view.pteDecoder(1n, { release: 'v9' })).toThrow("no release 'v9'");
  expect(() => view.pteDecoder(1n << 40n, { arch: 'x86_32' })).toThrow('more than the 32 bits');
});
