import { inflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { PixelCanvas } from '../../../kernel-lib/notebook/plotly/canvas.js';

/** The pixels of a PNG of unfiltered lines, one line after another. */
function pixels(canvas: PixelCanvas): number[][] {
  const png = Buffer.from(canvas.toDataURL().replace('data:image/png;base64,', ''), 'base64');
  const [width, start] = [png.readUInt32BE(16), png.indexOf('IDAT') + 4];
  const lines = inflateSync(png.subarray(start, start + png.readUInt32BE(start - 8)));
  const bytes = Array.from({ length: lines.length / (1 + 4 * width) }, (_, y) => [
    ...lines.subarray(y * (1 + 4 * width) + 1, (y + 1) * (1 + 4 * width)),
  ]).flat();
  return Array.from({ length: bytes.length / 4 }, (_, i) => bytes.slice(4 * i, 4 * i + 4));
}

const CLEAR = [0, 0, 0, 0];
const RED = [255, 0, 0, 255];

test('a filled rectangle colours its pixels, also when it runs up and to the left', () => {
  for (const [x, y, width, height] of [
    [1, 0, 1, 1],
    [2, 1, -1, -1],
  ] as const) {
    const canvas = new PixelCanvas(2, 2);
    canvas.fillStyle = 'rgba(255,0,0,1)';
    canvas.fillRect(x, y, width, height);
    expect(pixels(canvas)).toEqual([CLEAR, RED, CLEAR, CLEAR]);
  }
});

test('what lies outside the canvas is not drawn', () => {
  const canvas = new PixelCanvas(1, 1);
  canvas.fillStyle = 'rgba(255,0,0,1)';
  canvas.fillRect(1, 0, 5, 1);
  canvas.fillRect(-3, 0, 3, 1);
  expect(pixels(canvas)).toEqual([CLEAR]);
});

test('image data is put at its place', () => {
  const canvas = new PixelCanvas(2, 1);
  const image = canvas.createImageData(1, 1);
  image.data.set(RED);
  canvas.putImageData(image, 1, 0);
  expect(pixels(canvas)).toEqual([CLEAR, RED]);
});
