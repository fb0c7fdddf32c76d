import { RecordingParser } from './parser.js';
import type { FileHeader, RecordedProgram } from './recording.js';

/** Text in pieces of any size: what a file, a response or a string in a page gives. */
export type Chunks = AsyncIterable<string> | Iterable<string>;

/** A recording that is being read: its first line, and its programs one after the other. */
export interface OpenRecording {
  readonly file: string;
  readonly header: FileHeader;
  /** Reads on as it is iterated; can be iterated once. */
  readonly programs: AsyncGenerator<RecordedProgram, void, void>;
}

/**
 * Begins to read a recording from its unpacked text.
 *
 * @param file its name, for messages
 * @throws InputError when the first line is no header; the programs throw it for what comes later
 */
export async function openRecording(file: string, chunks: Chunks): Promise<OpenRecording> {
  const parser = new RecordingParser(file);
  const lines = splitLines(chunks);
  const first = await lines.next();
  if (first.done) parser.close();
  else parser.push(first.value);
  return { file, header: parser.header!, programs: programsOf(parser, lines) };
}

async function* programsOf(
  parser: RecordingParser,
  lines: AsyncIterable<string>,
): AsyncGenerator<RecordedProgram, void, void> {
  for await (const line of lines) {
    const program = parser.push(line);
    if (program) yield program;
  }
  parser.close();
}

/** The lines of a text, without their ends. */
export async function* splitLines(chunks: Chunks): AsyncGenerator<string, void, void> {
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop()!;
    yield* lines;
  }
  if (rest !== '') yield rest;
}
