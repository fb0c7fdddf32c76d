import { createReadStream, type ReadStream } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { InputError } from '../../base/error.js';
import { openRecording, type OpenRecording } from '../lines.js';
import { fileError } from './file-error.js';

/** A file of recordings on disk. */
export interface RecordingFile {
  readonly path: string;
  /** Its size as it lies on disk. */
  readonly bytes: number;
}

/**
 * Finds recordings: files as they are named, folders by the `.jsonl` and `.jsonl.gz` files directly in them.
 *
 * @throws InputError for a path that is not there or a folder without recordings
 */
export async function findRecordingFiles(paths: readonly string[]): Promise<RecordingFile[]> {
  const found: RecordingFile[] = [];
  for (const path of paths) {
    const stats = await explained(path, stat(path));
    if (!stats.isDirectory()) found.push({ path, bytes: stats.size });
    else found.push(...(await recordingFilesIn(path)));
  }
  return found;
}

async function recordingFilesIn(folder: string): Promise<RecordingFile[]> {
  const names = (await explained(folder, readdir(folder)))
    .filter((name) => /\.jsonl(\.gz)?$/.test(name))
    .sort();
  if (names.length === 0)
    throw new InputError(`${folder}: no recording (*.jsonl or *.jsonl.gz) lies in this folder`);
  const paths = names.map((name) => join(folder, name));
  return Promise.all(paths.map(async (path) => ({ path, bytes: (await stat(path)).size })));
}

/**
 * Opens a recording on disk, gzip-compressed or plain. It is unpacked and read as its programs are iterated.
 *
 * @param onRead is told how many bytes of the file have been read
 * @throws InputError when it cannot be read; its programs throw it for damage that shows later
 */
export async function openRecordingFile(
  path: string,
  onRead?: (bytes: number) => void,
): Promise<OpenRecording> {
  return openRecording(path, textOf(path, onRead));
}

/** The text of a recording on disk, unpacked as it is read. */
export async function* textOf(
  path: string,
  onRead: (bytes: number) => void = () => {},
): AsyncGenerator<string, void, void> {
  try {
    const gzip = await isGzip(path);
    const file = createReadStream(path);
    for await (const text of gzip ? unpacked(file) : file.setEncoding('utf8')) {
      onRead(file.bytesRead);
      yield text as string;
    }
  } catch (err) {
    throw fileError(path, err, 'a recording');
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
function unpacked(file: ReadStream): AsyncIterable<unknown> {
  return pipeline(file, createGunzip(), () => {}).setEncoding('utf8');
}

async function explained<T>(path: string, result: Promise<T>): Promise<T> {
  try {
    return await result;
  } catch (err) {
    throw fileError(path, err, 'a recording');
  }
}
