import { InputError } from '../../base/error.js';
import { type Chunks, splitLines } from '../lines.js';
import { type TracedLine, ftraceTextLine, perfScriptLine } from './event-lines.js';
import { FaultCounter, type TracedFaults } from './traced-faults.js';
import { type PagemapStatistics, PagemapCounter } from './pagemap-statistics.js';
import { type SmapsStatistics, SmapsCounter, isSmapsLine } from './smaps-statistics.js';

/** What a real machine told of its faults or of its memory. */
export type Imported = TracedFaults | SmapsStatistics | PagemapStatistics;

/** What reads one kind of text, once it is known which it is. */
interface LineReader {
  add(line: string): void;
  statistics(): TracedFaults | SmapsStatistics;
}

/** Each kind of text: what its first line is like, and who reads it. */
const formats: readonly { readonly begins: (line: string) => boolean; readonly reader: () => LineReader }[] =
  [
    { begins: isSmapsLine, reader: () => new SmapsCounter() },
    { begins: (line) => isEvent(ftraceTextLine(line)), reader: () => eventReader('ftrace', ftraceTextLine) },
    {
      begins: (line) => isEvent(perfScriptLine(line)),
      reader: () => eventReader('perf script', perfScriptLine),
    },
  ];

/** What `importText` understands, for messages. */
const ALLOWED = 'the text of ftrace, of `perf script` or of /proc/PID/smaps, or entries of /proc/PID/pagemap';

/**
 * Reads what a real machine told of its page faults, ftrace's or `perf script`'s text, or of its memory,
 * /proc/PID/smaps: which of them it is, is seen by the first line that is an event or a mapping.
 *
 * @param text all of it, or in pieces
 * @param name of the file, for messages
 * @throws InputError when no line is either
 */
export async function importText(
  text: string | Chunks,
  name = 'the text',
): Promise<TracedFaults | SmapsStatistics> {
  let reader: LineReader | undefined;
  for await (const line of splitLines(typeof text === 'string' ? [text] : text)) {
    reader ??= formats.find(({ begins }) => begins(line))?.reader();
    reader?.add(line);
  }
  if (reader === undefined)
    throw new InputError(`${name} holds no event and no mapping; allowed: ${ALLOWED}`);
  return reader.statistics();
}

/**
 * Reads entries of /proc/PID/pagemap.
 *
 * @param bytes eight for each page, in one piece or in several
 * @throws InputError when they end in the middle of an entry
 */
export async function importPagemap(
  bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<PagemapStatistics> {
  const counter = new PagemapCounter();
  for await (const piece of bytes) counter.add(piece);
  return counter.statistics();
}

function isEvent(line: TracedLine): boolean {
  return line.is === 'fault' || line.is === 'other';
}

function eventReader(source: TracedFaults['source'], read: (text: string) => TracedLine): LineReader {
  const counter = new FaultCounter(source);
  return { add: (line) => counter.add(read(line)), statistics: () => counter.statistics() };
}
