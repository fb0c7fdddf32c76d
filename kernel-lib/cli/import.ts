import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Command } from 'commander';
import { InputError } from '../base/error.js';
import type { FaultCount, TracedFaults } from '../trace/import/traced-faults.js';
import { fileError } from '../trace/node/file-error.js';
import { type Imported, importPagemap, importText } from '../trace/import/import.js';
import type { PagemapStatistics } from '../trace/import/pagemap-statistics.js';
import type { SmapsStatistics } from '../trace/import/smaps-statistics.js';

const HELP = `
FILE is what one of these wrote, and which one is seen by what it holds:
  perf record -e page-faults -d COMMAND; perf script > FILE
  perf record -e exceptions:page_fault_user,exceptions:page_fault_kernel COMMAND; perf script > FILE
  cat /sys/kernel/tracing/trace > FILE          with events/exceptions/enable set
  cat /proc/PID/smaps > FILE
  dd if=/proc/PID/pagemap bs=8 skip=$((ADDRESS / 4096)) count=PAGES of=FILE`;

/** `faultbook import FILE`: exit 0 if it could be read. */
export function importCommand(): Command {
  return new Command('import')
    .description('reads what a real machine noted of its page faults or of its memory, and counts')
    .argument('<file>', 'text of ftrace, of perf script or of smaps, or entries of pagemap')
    .option('--json', 'print the statistics as JSON')
    .addHelpText('after', HELP)
    .action(async (file: string, { json }: { json?: true }) => {
      const found = await imported(file);
      process.stdout.write(json ? `${JSON.stringify({ file, ...found }, null, 2)}\n` : textOf(found));
    });
}

async function imported(file: string): Promise<Imported> {
  try {
    if (await isBinary(file)) return await importPagemap(createReadStream(file));
    return await importText(createReadStream(file, 'utf8'), file);
  } catch (err) {
    if (err instanceof InputError || !(err instanceof Error && 'code' in err)) throw err;
    throw fileError(file, err, 'a file of events or of entries');
  }
}

/** How much of a file tells whether it is text. */
const LOOKED_AT = 4096;

/** Text has no zero bytes; entries of pagemap have little else. */
async function isBinary(file: string): Promise<boolean> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read({ buffer: new Uint8Array(LOOKED_AT) });
    return buffer.subarray(0, bytesRead).includes(0);
  } finally {
    await handle.close();
  }
}

function textOf(found: Imported): string {
  if (found.source === 'smaps') return smapsText(found);
  return found.source === 'pagemap' ? pagemapText(found) : faultsText(found);
}

/** How many processes and functions are shown. */
const SHOWN = 10;

function faultsText({ source, faults, otherEvents, seconds, pages, ...by }: TracedFaults): string {
  const where = pages === undefined ? '' : ` on ${several(pages, 'page')}`;
  const others = otherEvents === 0 ? '' : `; ${several(otherEvents, 'other event')} passed over`;
  return [
    `${source}: ${several(faults, 'fault')}${where} in ${seconds} s${others}\n`,
    countsText('kind', by.kinds),
    countsText('process', by.processes),
    countsText('function', by.functions),
  ].join('');
}

function several(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}

function countsText(what: string, counts: readonly FaultCount[]): string {
  if (counts.length === 0) return '';
  const rest = counts.slice(SHOWN).reduce((sum, { faults }) => sum + faults, 0);
  const shown = counts.slice(0, SHOWN).map(({ name, faults }): [string, number] => [name, faults]);
  const more: [string, number][] = rest === 0 ? [] : [[`${counts.length - SHOWN} others`, rest]];
  return table([['faults', what], ...[...shown, ...more].map(([name, faults]) => [String(faults), name])]);
}

/** The fields of smaps that the table shows, in KiB. */
const fields = ['Size', 'Rss', 'Pss', 'Anonymous', 'AnonHugePages', 'Swap'] as const;

function smapsText({ mappings, kib, kinds }: SmapsStatistics): string {
  const row = (of: Readonly<Record<string, number>>): string[] =>
    fields.map((field) => String(of[field] ?? 0));
  return table([
    ['mappings', ...fields, 'kind (in KiB)'],
    ...kinds.map((kind) => [String(kind.mappings), ...row(kind.kib), kind.kind]),
    [String(mappings), ...row(kib), 'all'],
  ]);
}

function pagemapText({ pages, kinds }: PagemapStatistics): string {
  return table([
    ['pages', 'soft-dirty', 'exclusive', 'uffd-wp', 'kind'],
    ...kinds.map(({ kind, ...counts }) => [
      ...[counts.pages, counts.softDirty, counts.exclusive, counts.uffdWp].map(String),
      kind,
    ]),
    [String(pages), '', '', '', 'all'],
  ]);
}

/** Numbers to the right, and the last column, words, to the left. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, n) => Math.max(...rows.map((row) => row[n]!.length)));
  const line = (row: readonly string[]): string =>
    row.map((cell, n) => (n === row.length - 1 ? cell : cell.padStart(widths[n]!))).join('  ');
  return rows.map((row) => `  ${line(row)}\n`).join('');
}
