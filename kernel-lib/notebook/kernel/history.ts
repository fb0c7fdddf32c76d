/** One executed cell: session 0 is the running one, the only one that is remembered. */
export type HistoryEntry = readonly [session: number, line: number, input: string];

/** What a `history_request` asks for. */
export interface HistoryRequest {
  readonly hist_access_type?: unknown;
  readonly output?: unknown;
  readonly n?: unknown;
  readonly start?: unknown;
  readonly stop?: unknown;
  readonly pattern?: unknown;
  readonly unique?: unknown;
}

/** The inputs of this session, for the front end's arrow keys and search. */
export class History {
  private readonly entries: HistoryEntry[] = [];

  add(executionCount: number, code: string): void {
    this.entries.push([0, executionCount, code]);
  }

  /** The entries asked for, oldest first; with `output`, each input is paired with a missing output. */
  answer(request: HistoryRequest): unknown[] {
    const found = this.find(request);
    if (request.output !== true) return found;
    return found.map(([session, line, input]) => [session, line, [input, null]]);
  }

  private find(request: HistoryRequest): HistoryEntry[] {
    const { hist_access_type: access, n, start, stop, pattern, unique } = request;
    if (access === 'range')
      return this.entries.filter(([, line]) => line >= Number(start ?? 0) && line < limit(stop));
    const matching =
      access === 'search' ? this.search(String(pattern ?? '*'), unique === true) : this.entries;
    return n === undefined || n === null
      ? matching
      : matching.slice(Math.max(0, matching.length - Number(n)));
  }

  private search(pattern: string, unique: boolean): HistoryEntry[] {
    const glob = globToRegExp(pattern);
    const found = this.entries.filter(([, , input]) => glob.test(input));
    return unique ? [...new Map(found.map((entry) => [entry[2], entry])).values()] : found;
  }
}

function limit(stop: unknown): number {
  return stop === undefined || stop === null ? Infinity : Number(stop);
}

/** A shell pattern (`*` any text, `?` any one character) that must cover the whole input. */
function globToRegExp(pattern: string): RegExp {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's');
}
