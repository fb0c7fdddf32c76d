import { type Command } from 'commander';
import { type PteCodec, pteCodec } from '../arch/codec.js';
import { archById, arches } from '../arch/variants.js';
import { InputError } from '../base/error.js';

/** What `pte decode` and `pte encode` have in common. */
export interface PteOptions {
  readonly arch?: string;
  readonly before?: true;
  readonly after?: true;
  readonly state?: string;
  readonly config?: string;
  readonly json?: true;
}

export function addPteOptions(command: Command): Command {
  return command
    .option('--arch <id>', 'architecture variant (`faultbook pte arches` lists them)')
    .option('--before', 'as before the exclusive-marker series (v6.1)')
    .option('--after', 'as after it (v6.3; the default)')
    .option('--state <name>', 'a state that only some architectures have, such as dirty-unconditional')
    .option('--config <symbols>', 'kernel configuration that numbers swap types: MEMORY_FAILURE,!MIGRATION')
    .option('--json', 'print JSON only');
}

/**
 * The architectures that the options choose, in the state that they choose.
 *
 * @throws InputError on options that contradict one another or name what does not exist
 */
export function chosenCodecs(options: PteOptions): PteCodec[] {
  const chosen = [options.before && 'before', options.after && 'after', options.state].filter(Boolean);
  if (chosen.length > 1) throw new InputError('give one of --before, --after and --state');
  const state = (chosen[0] as string | undefined) ?? 'after';
  const candidates = options.arch === undefined ? arches : [archById(options.arch)];
  const known = options.arch === undefined ? candidates.filter((arch) => state in arch.states) : candidates;
  if (known.length === 0) throw new InputError(`no architecture has a state '${state}'`);
  return known.map((arch) => {
    const kconfig = { ...arch.kconfig, ...symbols(options.config) };
    return pteCodec(options.config === undefined ? arch : { ...arch, kconfig }, state);
  });
}

function symbols(list = ''): Record<string, boolean> {
  const known = Object.keys(arches[0]!.kconfig);
  const chosen = list.split(',').filter((symbol) => symbol !== '');
  return Object.fromEntries(
    chosen.map((symbol) => {
      const name = symbol.replace(/^!|^CONFIG_/g, '');
      if (!known.includes(name)) {
        throw new InputError(
          `no configuration symbol '${symbol}'; there are ${known.join(', ')}, with ! to leave one out`,
        );
      }
      return [name, !symbol.startsWith('!')];
    }),
  );
}

/** One result as an object, several as an array. */
export function printJson(results: readonly unknown[]): void {
  process.stdout.write(`${JSON.stringify(results.length === 1 ? results[0] : results)}\n`);
}

/** A whole number, decimal or hexadecimal. */
export function parseNumber(text: string, what: string): bigint {
  if (!/^(0x[0-9a-f]+|\d+)$/i.test(text)) {
    throw new InputError(`${what} '${text}' is no number; allowed are 1234 and 0x4d2`);
  }
  return BigInt(text);
}
