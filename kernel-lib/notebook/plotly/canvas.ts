import { crc32, deflateSync } from 'node:zlib';

/** What Plotly reads and writes of `ImageData`. */
interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray;
}

const BYTES_PER_PIXEL = 4;

/**
 * The part of a 2D canvas that Plotly's heatmap and image traces draw with: pixels, filled rectangles, and a PNG of
 * the result. jsdom has no canvas of its own.
 */
export class PixelCanvas {
  /** A CSS colour of the form `rgba(r,g,b,a)`. */
  fillStyle = 'rgba(0,0,0,1)';
  readonly #pixels: Pixels;

  constructor(width: number, height: number) {
    this.#pixels = this.createImageData(width, height);
  }

  createImageData(width: number, height: number): Pixels {
    return { width, height, data: new Uint8ClampedArray(width * height * BYTES_PER_PIXEL) };
  }

  putImageData(image: Pixels, left: number, top: number): void {
    for (let y = 0; y < image.height; y++) {
      for (let x = 0; x < image.width; x++) {
        const at = (y * image.width + x) * BYTES_PER_PIXEL;
        this.#set(left + x, top + y, image.data.subarray(at, at + BYTES_PER_PIXEL));
      }
    }
  }

  /** Width and height may be negative, as they are where an axis runs downwards. */
  fillRect(left: number, top: number, width: number, height: number): void {
    const colour = parseColour(this.fillStyle);
    const [x0, x1] = [left, left + width].map(Math.round).sort((a, b) => a - b) as [number, number];
    const [y0, y1] = [top, top + height].map(Math.round).sort((a, b) => a - b) as [number, number];
    for (let y = y0; y < y1; y++) for (let x = x0; x < x1; x++) this.#set(x, y, colour);
  }

  /** The pixels as a `data:` address of a PNG. */
  toDataURL(): string {
    return `data:image/png;base64,${encodePng(this.#pixels).toString('base64')}`;
  }

  #set(x: number, y: number, colour: Uint8ClampedArray): void {
    const { width, height, data } = this.#pixels;
    if (x >= 0 && x < width && y >= 0 && y < height) data.set(colour, (y * width + x) * BYTES_PER_PIXEL);
  }
}

function parseColour(css: string): Uint8ClampedArray {
  const [r = 0, g = 0, b = 0, alpha = 1] = (css.match(/[\d.]+/g) ?? []).map(Number);
  return Uint8ClampedArray.of(r, g, b, alpha * 255);
}

/** PNG, https://www.w3.org/TR/png/: eight bits a channel, colour type 6 (RGBA), every line unfiltered. */
function encodePng({ width, height, data }: Pixels): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 6, 0, 0, 0], 8);
  const lineBytes = width * BYTES_PER_PIXEL;
  const lines = Buffer.alloc(height * (1 + lineBytes));
  for (let y = 0; y < height; y++) {
    lines.set(data.subarray(y * lineBytes, (y + 1) * lineBytes), y * (1 + lineBytes) + 1);
  }
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const chunks = [chunk('IHDR', header), chunk('IDAT', deflateSync(lines)), chunk('IEND', Buffer.alloc(0))];
  return Buffer.concat([signature, ...chunks]);
}

function chunk(type: string, content: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(content.length, 0);
  out.set(body, 4);
  out.writeUInt32BE(crc32(body), body.length + 4);
  return out;
}
