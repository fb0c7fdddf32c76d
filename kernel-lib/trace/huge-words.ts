/**
 * A line of a program in which `H` stands for the pages of a huge page, `2H`, `H/2` or `H-1` likewise, with numbers
 * instead: what is huge differs from architecture to architecture.
 *
 * @param pages of a huge page
 */
export function inPages(line: string, pages: number): string {
  return line.replace(/\b(\d*)H(\/2)?([+-]\d+)?\b/g, (_, times: string, half = '', more = '0') =>
    String((Number(times || 1) * pages) / (half === '' ? 1 : 2) + Number(more)),
  );
}
