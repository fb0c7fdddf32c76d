import { Command } from 'commander';
import { arches } from '../arch/variants.js';
import { type ArchSummary, type StateSummary, archSummary } from '../pgtable/arch-summary.js';

/** `faultbook pte arches`: every architecture variant, before and after the series. */
export function pteArches(): Command {
  return new Command('arches')
    .description('lists the architecture variants with their swap entries before and after the series')
    .option('--json', 'print a JSON array')
    .action(({ json }: { json?: boolean }) => {
      const rows = arches.map(archSummary);
      process.stdout.write(json ? `${JSON.stringify(rows)}\n` : table(rows));
    });
}

const columns = ['id', 'PTE', 'page', 'VA', 'exclusive', 'offset bits', 'largest swap area'] as const;

function table(rows: readonly ArchSummary[]): string {
  const cells = [columns, ...rows.map(cellsOf)];
  const widths = columns.map((_, n) => Math.max(...cells.map((row) => row[n]!.length)));
  const line = (row: readonly string[]): string => row.map((cell, n) => cell.padEnd(widths[n]!)).join('  ');
  return cells.map((row) => `${line(row).trimEnd()}\n`).join('');
}

function cellsOf({ id, pteBits, pageSize, vaBits, states }: ArchSummary): readonly string[] {
  const before = states.before!;
  const after = states.after!;
  const change = (of: (state: StateSummary) => string): string =>
    of(before) === of(after) ? of(after) : `${of(before)} -> ${of(after)}`;
  return [
    id,
    String(pteBits),
    `${pageSize / 1024}K`,
    String(vaBits),
    change(({ exclusive }) => (exclusive === null ? '-' : String(exclusive))),
    change(({ offsetBits }) => String(offsetBits)),
    change(({ maxArea }) => maxArea),
  ];
}
