import { type Citation, citations } from './citations.js';

export interface Frame {
  readonly name: string;
  /** `zap/mmu-gather`; empty for what the engine does itself. */
  readonly file: string;
  /** Of the script that runs, from 1 on. */
  readonly line: number;
}

/** The functions under way, innermost first; `limit` of them at most. */
export function framesOnStack(limit = Infinity): Frame[] {
  return callSites(limit).map((site) => ({
    name: site.getFunctionName() ?? '',
    file: fileOf(site.getScriptNameOrSourceURL() ?? ''),
    line: site.getLineNumber() ?? 0,
  }));
}

const files = new Map<string, string>();

/** `zap/mmu-gather` of a script's whole address, worked out once for each. */
function fileOf(script: string): string {
  const known = files.get(script);
  if (known !== undefined) return known;
  const file = /([\w-]+\/[\w-]+)\.[jt]s/.exec(script)?.[1] ?? '';
  files.set(script, file);
  return file;
}

/** The engine's stack as it is, whatever the program around has made of the text of stacks. */
function callSites(limit: number): NodeJS.CallSite[] {
  const { stackTraceLimit, prepareStackTrace } = Error;
  Error.stackTraceLimit = limit;
  Error.prepareStackTrace = (_err, sites) => sites;
  const sites = new Error().stack as unknown;
  Error.stackTraceLimit = stackTraceLimit;
  Error.prepareStackTrace = prepareStackTrace!;
  return Array.isArray(sites) ? (sites as NodeJS.CallSite[]) : [];
}

/** The function of the kernel that a function of the model stands for, undefined where it is the model's own. */
export function citationOf({ file, name }: Pick<Frame, 'file' | 'name'>): Citation | undefined {
  return citations[`${file}:${name}`];
}
