/** A page fault that a tracer noted. */
export interface TracedFault {
  readonly command: string;
  readonly pid: number;
  /** Seconds of the tracer's clock. */
  readonly time: number;
  /** As the tracer names it: `page-faults`, `page_fault_user`. */
  readonly event: string;
  /** What was touched, `0x…` or a symbol; absent where the tracer did not note it. */
  readonly address?: string;
  /** The function that touched it; absent where the tracer did not note it or knows no symbol. */
  readonly function?: string;
  /** As x86 pushes it; absent where the tracer did not note it. */
  readonly errorCode?: number;
}

/** What one line says: a fault, the function of the fault before it (of a call chain), another event, or nothing. */
export type TracedLine =
  | { readonly is: 'fault'; readonly fault: TracedFault }
  | { readonly is: 'caller'; readonly function: string }
  | { readonly is: 'other' }
  | { readonly is: 'nothing' };

/** How a tool writes an event: `perf script` begins with the command, ftrace joins it to the pid by a dash. */
const perfLine =
  /^\s*(?<command>\S.*?)\s+(?<pid>\d+)(?:\/\d+)?\s+(?:\[\d+\]\s+)?(?:\S{4,5}\s+)?(?<time>\d+\.\d+):\s+(?:\d+\s+)?(?<event>[a-z][\w:-]*?)(?::[a-zA-Z]*)?:(?:\s(?<rest>.*))?$/;
const ftraceLine =
  /^\s*(?<command>\S.*)-(?<pid>\d+)\s+(?:\(\s*[\d-]+\)\s+)?\[\d+\]\s+(?:\S{4,5}\s+)?(?<time>\d+\.\d+):\s+(?<event>\w+):(?:\s(?<rest>.*))?$/;
/** A line of a call chain: `ffffffff81752b6a elf_load+0x28a ([kernel.kallsyms])`. */
const chainLine = /^\s+[0-9a-f]{4,16} (?<symbol>\S+) \(.*\)$/;

const softwareEvents: readonly string[] = ['page-faults', 'faults', 'minor-faults', 'major-faults'];
const tracepoint = /^(?:exceptions:)?(page_fault_(?:user|kernel))$/;

/** Reads one line of `perf script`. */
export function perfScriptLine(text: string): TracedLine {
  const chain = chainLine.exec(text);
  if (chain) return { is: 'caller', function: functionOf(chain.groups!.symbol!) };
  return eventLine(perfLine, text);
}

/** Reads one line of ftrace's file `trace`, or of `trace-cmd report`. */
export function ftraceTextLine(text: string): TracedLine {
  return eventLine(ftraceLine, text);
}

function eventLine(format: RegExp, text: string): TracedLine {
  const found = format.exec(text)?.groups;
  if (found === undefined) return { is: 'nothing' };
  const { command = '', pid, time, event = '', rest = '' } = found;
  const [, traced] = tracepoint.exec(event) ?? [];
  if (traced === undefined && !softwareEvents.includes(event)) return { is: 'other' };
  const of = { command, pid: Number(pid), time: Number(time), event: traced ?? event };
  return { is: 'fault', fault: { ...of, ...(traced === undefined ? sampled(rest) : noted(rest)) } };
}

/** `address=0x7f… ip=0x55… error_code=0x6`; where the kernel knows a symbol, that instead of the number. */
function noted(rest: string): Partial<TracedFault> {
  const field = (name: string): string | undefined => new RegExp(`\\b${name}=(\\S+)`).exec(rest)?.[1];
  const [address, ip, errorCode] = [field('address'), field('ip'), field('error_code')];
  return {
    ...(address !== undefined && { address }),
    ...(ip !== undefined && !ip.startsWith('0x') && { function: functionOf(ip) }),
    ...(errorCode !== undefined && { errorCode: Number(errorCode) }),
  };
}

/** `ADDRESS [symbol (object)] IP symbol (object)`: the address stands there if it was asked for, `perf record -d`. */
function sampled(rest: string): Partial<TracedFault> {
  const numbers = [...rest.matchAll(/(?<=^|\s)(?<number>[0-9a-f]{4,16})(?: (?<symbol>[^\s(]\S*))?(?=\s|$)/g)];
  const ip = numbers.at(-1)?.groups;
  return {
    ...(numbers.length > 1 && { address: `0x${numbers[0]!.groups!.number}` }),
    ...(ip?.symbol !== undefined && { function: functionOf(ip.symbol) }),
  };
}

/** Without the offset that `+0x28a` and `+0x28a/0x300` say. */
function functionOf(symbol: string): string {
  return symbol.replace(/\+0x[0-9a-f]+(?:\/0x[0-9a-f]+)?$/, '');
}
