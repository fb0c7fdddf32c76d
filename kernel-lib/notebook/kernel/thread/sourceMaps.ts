import { SourceMap, type SourceMapPayload } from 'node:module';

/** How one cell's TypeScript became the JavaScript that runs, in two steps. */
export interface CellMaps {
  /** TypeScript to an ES module. */
  readonly toModule: SourceMapPayload | undefined;
  /** Lines of the module at whose start text was inserted afterwards, with its length. Zero-based. */
  readonly inserted: ReadonlyMap<number, number>;
  /** The ES module to a script. */
  readonly toScript: SourceMapPayload;
  /** Number of lines of the script. */
  readonly scriptLines: number;
}

interface Position {
  readonly line: number;
  readonly column: number;
}

/** tslab puts one line (`export {}`) before a cell, so that TypeScript reads a module. */
const LINES_BEFORE_CELL = 1;

/** The maps of the cells that ran, by name (`Cell [3]`). */
export class SourceMaps {
  private readonly maps = new Map<string, CellMaps>();

  add(cellName: string, maps: CellMaps): void {
    this.maps.set(cellName, maps);
  }

  /** Whether a line (from 1) of a cell's script is tslab's own, behind the cell. */
  isBehindCell(cellName: string, line: number): boolean {
    const maps = this.maps.get(cellName);
    return maps !== undefined && line > maps.scriptLines;
  }

  /**
   * The line of a cell, as the reader counts, that a place in its script comes from.
   *
   * @param line of the script, from 1
   * @param column of the script, from 1
   * @returns undefined for code that tslab added
   */
  lineOf(cellName: string, line: number, column: number): number | undefined {
    const maps = this.maps.get(cellName);
    if (!maps?.toModule) return undefined;
    const inModule = original(maps.toScript, { line: line - 1, column: column - 1 });
    if (!inModule) return undefined;
    const shift = maps.inserted.get(inModule.line) ?? 0;
    const inCell = original(maps.toModule, {
      line: inModule.line,
      column: Math.max(0, inModule.column - shift),
    });
    if (!inCell || inCell.line < LINES_BEFORE_CELL) return undefined;
    return inCell.line - LINES_BEFORE_CELL + 1;
  }
}

function original(payload: SourceMapPayload, { line, column }: Position): Position | undefined {
  const entry = new SourceMap(payload).findEntry(line, column);
  return 'originalLine' in entry ? { line: entry.originalLine, column: entry.originalColumn } : undefined;
}
