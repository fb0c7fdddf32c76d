import { Command } from 'commander';
import { type PteCodec } from '../arch/codec.js';
import { InputError } from '../base/error.js';
import { type DecodedPte, decodePte } from '../pgtable/decode.js';
import { encodePresentPte, encodeSwapPte } from '../pgtable/encode.js';
import { PTE_MARKER_SWAPIN_ERROR, PTE_MARKER_UFFD_WP, type SwapKind } from '../pgtable/swapops.js';
import { type PteOptions, addPteOptions, chosenCodecs, parseNumber, printJson } from './pte-options.js';

interface EncodeOptions extends PteOptions {
  readonly type?: string;
  readonly kind?: string;
  readonly offset?: string;
  readonly pfn?: string;
  readonly prot?: string;
  readonly ops?: string;
  readonly marker?: string;
  readonly exclusive?: true;
  readonly softDirty?: true;
  readonly uffdWp?: true;
}

const usage =
  'give --type and --offset for a swap entry, --kind and --pfn for a migration or other special entry, ' +
  '--marker for a marker, or --pfn and --prot for a present one';

/** `faultbook pte encode`: makes an entry; without `--arch`, one of every architecture that can hold it. */
export function pteEncode(): Command {
  return addPteOptions(
    new Command('encode')
      .description('makes a page-table entry: a swap entry of any kind, or a present one')
      .option('--type <n>', 'swap type')
      .option('--offset <n>', 'swap offset')
      .option('--kind <kind>', 'migration-read, migration-write, hwpoison, … in place of --type')
      .option('--pfn <n>', 'frame number')
      .option('--marker <names>', 'uffd-wp, swapin-error or both: a PTE marker')
      .option('--exclusive', 'set the exclusive marker')
      .option('--soft-dirty', 'set the soft-dirty marker')
      .option('--uffd-wp', 'set the userfaultfd marker')
      .option('--prot <macro>', 'protection of a present entry, such as PAGE_SHARED')
      .option('--ops <list>', 'then do, left to right: mkdirty,wrprotect,modify:PAGE_NONE'),
  ).action((options: EncodeOptions) => {
    const results = encodeOn(chosenCodecs(options), options);
    if (options.json) printJson(results);
    else process.stdout.write(results.map(describe).join(''));
  });
}

/** One entry an architecture. Where several are asked, those that cannot hold it are left out. */
function encodeOn(codecs: readonly PteCodec[], options: EncodeOptions): DecodedPte[] {
  const results: DecodedPte[] = [];
  let refused: InputError | undefined;
  for (const codec of codecs) {
    try {
      results.push(decodePte(codec, encode(codec, options)));
    } catch (err) {
      if (!(err instanceof InputError)) throw err;
      refused = err;
    }
  }
  if (results.length === 0 && refused) throw refused;
  return results;
}

function encode(codec: PteCodec, options: EncodeOptions): bigint {
  const { type, kind, offset, pfn, prot, ops, marker, exclusive, softDirty, uffdWp } = options;
  const marks = { exclusive, softDirty, uffdWp };
  checkTogether(options);
  if (prot !== undefined && pfn !== undefined) {
    return encodePresentPte(codec, {
      pfn: Number(parseNumber(pfn, '--pfn')),
      prot,
      ops: ops?.split(',') ?? [],
    });
  }
  if (marker !== undefined) {
    return encodeSwapPte(codec, { type: 'pte-marker', offset: markerBits(marker), ...marks });
  }
  const value = offset ?? pfn;
  if (value === undefined || (type === undefined) === (kind === undefined)) throw new InputError(usage);
  return encodeSwapPte(codec, {
    type: type === undefined ? (kind as SwapKind) : Number(parseNumber(type, '--type')),
    offset: parseNumber(value, offset === undefined ? '--pfn' : '--offset'),
    ...marks,
  });
}

/** Which entry each option belongs to: those of two entries cannot both be meant. */
function checkTogether({ type, kind, offset, pfn, prot, ops, marker, ...marks }: EncodeOptions): void {
  const swap = { '--type': type, '--kind': kind, '--offset': offset };
  const swapMarks = {
    '--exclusive': marks.exclusive,
    '--soft-dirty': marks.softDirty,
    '--uffd-wp': marks.uffdWp,
  };
  const foreign =
    prot !== undefined
      ? { ...swap, ...swapMarks, '--marker': marker }
      : { '--ops': ops, ...(marker !== undefined && { ...swap, '--pfn': pfn }) };
  const [name] = Object.entries(foreign).find(([, value]) => value !== undefined) ?? [];
  if (name !== undefined) {
    const entry = prot !== undefined ? 'a present entry' : marker !== undefined ? 'a marker' : 'a swap entry';
    throw new InputError(`${entry} has no ${name}; ${usage}`);
  }
  if (offset !== undefined && pfn !== undefined)
    throw new InputError(`give --offset or --pfn, not both; ${usage}`);
}

const markers: Readonly<Record<string, number>> = {
  'uffd-wp': PTE_MARKER_UFFD_WP,
  'swapin-error': PTE_MARKER_SWAPIN_ERROR,
};

function markerBits(names: string): bigint {
  return names.split(',').reduce((bits, name) => {
    const bit = markers[name];
    if (bit === undefined) {
      throw new InputError(`no marker '${name}'; there are ${Object.keys(markers).join(', ')}`);
    }
    return bits | BigInt(bit);
  }, 0n);
}

function describe({ value, arch, state, text }: DecodedPte): string {
  return `${arch.padEnd(34)} ${value.padEnd(19)} ${state}: ${text}\n`;
}
