import { type PteCodec, pteVal, setPteVal } from '../arch/codec.js';
import { bitsOf, maskOf, parseSlices } from '../base/bitfield.js';
import { type DecodedPte, decodePte } from './decode.js';
import { swapTypes, swpPfnBits } from './swapops.js';
import { type Step } from './trial-pte.js';

/** A decoding, and how much sense it makes: comparable only with others of the same value. */
export interface RankedPte extends DecodedPte {
  readonly score: number;
}

/** A value that fits several architectures is most often from one of these. */
const common: Readonly<Record<string, number>> = { x86_64: 2, arm64_4k: 1.5, riscv64: 0.5, x86_32_pae: 0.5 };

/** What the kernel and the MMU note in an entry: no part of its protection. */
const notes: readonly Step[] = [
  ...(['pteMkyoung', 'pteMkold', 'pteMkdirty', 'pteMkclean', 'pteMkwrite', 'pteWrprotect'] as const),
  ...(['pteMkspecial', 'pteMksoftDirty', 'pteMkuffdWp'] as const),
];

/**
 * Ranks the architectures under which a value makes sense, best first. Entries that could not be from a kernel score
 * low: bits that nobody explains, frames and swap pages beyond what machines have, protections that no mapping has.
 */
export function rankPte(codecs: readonly PteCodec[], value: bigint): RankedPte[] {
  return codecs
    .filter(({ arch }) => value >> BigInt(arch.pteBits) === 0n)
    .map((codec) => ({ ...decodePte(codec, value), score: scoreOf(codec, value) }))
    .sort((a, b) => b.score - a.score);
}

function scoreOf(codec: PteCodec, value: bigint): number {
  const decoded = decodePte(codec, value);
  const score = common[codec.arch.id] ?? 0;
  if (decoded.kind === 'none') return score;
  const unexplained = bitsOf(BigInt(decoded.unexplained)).length;
  const specific =
    decoded.kind === 'present' ? presentScore(codec, value, decoded) : swapScore(codec, value, decoded);
  return score + specific - 4 * unexplained;
}

function presentScore(codec: PteCodec, value: bigint, { pfn = '0x0' }: DecodedPte): number {
  const { arch } = codec;
  const bits = BigInt(pfn).toString(2).length;
  const beyond = bits > swpPfnBits(arch) ? 6 : 0;
  return 4 - strangeness(codec, value) - beyond - tooLarge(bits, 36 - arch.pageShift);
}

/** In how many bits the entry's protection differs from the nearest that a mapping can have. */
function strangeness(codec: PteCodec, value: bigint): number {
  const noted = notesOf(codec) | maskOf(parseSlices(codec.arch.pfn.at));
  const differences = codec.protectionMap.map((prot) => {
    const w = Int32Array.of(prot.lo, prot.hi);
    return bitsOf((pteVal(w, 0) ^ value) & ~noted).length;
  });
  return Math.min(...differences, 4);
}

function notesOf(codec: PteCodec): bigint {
  const w = new Int32Array(2);
  return notes.reduce((mask, step) => {
    const all = BigInt.asUintN(codec.arch.pteBits, -1n);
    for (const start of [0n, all]) {
      setPteVal(w, 0, start);
      codec[step](w, 0);
      mask |= pteVal(w, 0) ^ start;
    }
    return mask;
  }, 0n);
}

function swapScore(codec: PteCodec, value: bigint, decoded: DecodedPte): number {
  const { arch, state } = codec;
  const { kind, type = 0, offset = '0x0', pfn } = decoded;
  const bits = BigInt(pfn ?? offset).toString(2).length;
  const { MAX_SWAPFILES } = swapTypes(arch.kconfig, state.release);
  const ofType = kind === 'swap' ? (type < 4 ? 2 : -type / MAX_SWAPFILES) : 1;
  const usual = pfn === undefined ? 28 : 36 - arch.pageShift;
  return ofType - tooLarge(bits, usual) - (encodesBack(codec, value, decoded) ? 0 : 6);
}

/** Whether the encoder would have made this entry, markers apart: no fixed one is missing. */
function encodesBack(codec: PteCodec, value: bigint, { type = 0, offset = '0x0' }: DecodedPte): boolean {
  const w = new Int32Array(4);
  setPteVal(w, 0, value);
  codec.pteSwpClearFlags(w, 0);
  const bare = pteVal(w, 0);
  setPteVal(w, 2, BigInt(offset));
  codec.swpEntryToPteWords(w, 0, type, w[2]!, w[3]!);
  return pteVal(w, 0) === bare;
}

/** A third of a point for each bit above what machines usually have. */
function tooLarge(bits: number, usual: number): number {
  return Math.max(0, bits - usual) / 3;
}
