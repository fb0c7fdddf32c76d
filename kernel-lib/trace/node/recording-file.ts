import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { InputError } from '../../base/error.js';
import { openRecording, type OpenRecording } from '../lines.js';

/**
 * Opens a recording on disk, gzip-compressed or plain. It is unpacked and read as its programs are iterated.
 *
 * @throws InputError when it cannot be read; its programs throw it for damage that shows later
 */
export async function openRecordingFile(path: string): Promise<OpenRecording> {
  return openRecording(path, textOf(path));
}

/** The text of a recording on disk, unpacked as it is read. */
export async function* textOf(path: string): AsyncGenerator<string, void, void> {
  try {
    yield* (await isGzip(path)) ? unpacked(path) : (createReadStream(path, 'utf8') as AsyncIterable<string>);
  } catch (err) {
    throw new InputError(`${path}: ${reason(err as NodeJS.ErrnoException)}`, { cause: err });
  }
}

async function isGzip(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await file.close();
  }
}

/** `pipeline` carries an error of the file to the reader and closes the file when the reader leaves early. */
function unpacked(path: string): Readable {
  return pipeline(createReadStream(path), createGunzip(), () => {}).setEncoding('utf8');
}

function reason(err: NodeJS.ErrnoException): string {
  switch (err.code) {
    case 'ENOENT':
      return 'no such file';
    case 'EISDIR':
      return 'is a folder, not a recording';
    case 'Z_BUF_ERROR':
      return 'the gzip data ends too early: the file is truncated';
    case 'Z_DATA_ERROR':
      return `the gzip data is damaged (${err.message})`;
    default:
      return err.message;
  }
}
