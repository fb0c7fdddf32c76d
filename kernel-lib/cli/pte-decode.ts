import { Command } from 'commander';
import { type LeafLevel, type PteCodec, leafLevels } from '../arch/codec.js';
import { InputError } from '../base/error.js';
import { type DecodedPte, decodePte } from '../pgtable/decode.js';
import { checkFits, parseValues } from '../pgtable/pasted-values.js';
import { type RankedPte, rankPte } from '../pgtable/rank.js';
import { type PteOptions, addPteOptions, chosenCodecs, printJson } from './pte-options.js';

/** How many other architectures are worth showing. */
const others = 5;

/** Below the best by this much, a reading is no longer worth showing. */
const closeBy = 6;

/** `faultbook pte decode`: what entries mean, in words. */
export function pteDecode(): Command {
  return addPteOptions(
    new Command('decode')
      .description(
        'says what page-table entries mean: 80000001234567e7, pte:…, or a whole "Bad page map" line',
      )
      .option('--level <level>', 'of leaves above the lowest level: pmd or pud; s390 encodes them otherwise')
      .argument('<hex...>'),
  ).action((words: string[], options: DecodeOptions) => {
    const codecs = chosenCodecs(options);
    checkLevel(options);
    const values = parseValues(words.join(' '));
    if (options.arch !== undefined) for (const value of values) checkFits(codecs[0]!.arch, value);
    const readings = values.map((value) => readingOf(codecs, value, options));
    if (options.json) printJson(readings);
    else process.stdout.write(readings.map(describe).join('\n'));
  });
}

/** A value under its best architecture, and under the next best. */
interface Reading extends DecodedPte {
  readonly others?: readonly RankedPte[];
}

interface DecodeOptions extends PteOptions {
  readonly level?: LeafLevel;
}

function checkLevel({ level = 'pte', arch }: DecodeOptions): void {
  if (!leafLevels.includes(level)) {
    throw new InputError(`no level '${level}'; there are ${leafLevels.join(', ')}`);
  }
  if (level !== 'pte' && arch === undefined) throw new InputError('--level needs --arch');
}

function readingOf(codecs: readonly PteCodec[], value: bigint, { arch, level }: DecodeOptions): Reading {
  if (arch !== undefined) return decodePte(codecs[0]!, value, undefined, level);
  const [best, ...rest] = rankPte(codecs, value) as [RankedPte, ...RankedPte[]];
  const { score, ...reading } = best;
  return { ...reading, others: rest.filter((other) => score - other.score < closeBy).slice(0, others) };
}

function describe(reading: Reading): string {
  const lines = [`${reading.value}`, ...describeOne(reading)];
  if (reading.others?.length) {
    lines.push('  or, with less likelihood:');
    for (const other of reading.others) lines.push(`    ${other.arch.padEnd(24)} ${other.text}`);
  }
  return lines.map((line) => `${line}\n`).join('');
}

function describeOne({ arch, state, text, flags, unexplained }: DecodedPte): string[] {
  const lines = [`  ${arch} (${state}): ${text}`];
  if (flags.length > 0) lines.push(`  flags: ${flags.join(' | ')}`);
  if (unexplained !== '0x0') lines.push(`  not explained: ${unexplained}`);
  return lines;
}
