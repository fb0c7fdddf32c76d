import { someOf } from '../base/argument.js';
import { InputError } from '../base/error.js';
import { type Arch } from './arch.js';
import { alpha } from './alpha.js';
import { arc, arc4k, arcPae40 } from './arc.js';
import { arm2level, armLpae } from './arm.js';
import { arm64_16k, arm64_4k, arm64_64kPa52 } from './arm64.js';
import { cskyAbiv1, cskyAbiv2 } from './csky.js';
import { hexagon } from './hexagon.js';
import { ia64_16k, ia64_4k, ia64_64k } from './ia64.js';
import {
  loongarch64_16k,
  loongarch64_16kDirtyPrefix,
  loongarch64_16kMkdirtyFixedOnly,
  loongarch64_4k,
  loongarch64_64k,
} from './loongarch.js';
import { m68kColdfire, m68kMotorola, m68kSun3 } from './m68k.js';
import { microblaze } from './microblaze.js';
import { mips32_phys64Alchemy, mips32_xpa } from './mips32-phys64.js';
import { mips32_r3k, mips32_std, mips32_std4k, mips32_stdRixi } from './mips32.js';
import { mips64_16k, mips64_4k, mips64_4kRixi, mips64_64k } from './mips64.js';
import { nios2 } from './nios2.js';
import { openrisc } from './openrisc.js';
import { parisc32, parisc64 } from './parisc.js';
import { ppcBook3s32, ppcBook3s32Pte64 } from './powerpc-book3s32.js';
import { ppcBook3s64_4k, ppcBook3s64_64k } from './powerpc-book3s64.js';
import { ppcNohash32_e500Pte64, ppcNohash64_e500 } from './powerpc-e500.js';
import {
  ppcNohash32_40x,
  ppcNohash32_44x,
  ppcNohash32_85xx,
  ppcNohash32_8xx,
  ppcNohash32_8xx4k,
} from './powerpc-nohash32.js';
import { riscv32, riscv64 } from './riscv.js';
import { s390 } from './s390.js';
import { sh4, shX2tlb, shX2tlbOff32bit } from './sh.js';
import { sparc32, sparc64, sparc64Sun4v, sparc64Sun4vM7 } from './sparc.js';
import { um2level32, um3level32, um3level64 } from './um.js';
import { x86_32, x86_32_pae, x86_64 } from './x86.js';
import { xtensa } from './xtensa.js';

/** Every architecture variant, one line a file. */
export const arches: readonly Arch[] = [
  ...[alpha],
  ...[arc, arc4k, arcPae40],
  ...[arm2level, armLpae],
  ...[arm64_4k, arm64_16k, arm64_64kPa52],
  ...[cskyAbiv1, cskyAbiv2],
  ...[hexagon],
  ...[ia64_4k, ia64_16k, ia64_64k],
  ...[loongarch64_4k, loongarch64_16k, loongarch64_64k],
  ...[loongarch64_16kDirtyPrefix, loongarch64_16kMkdirtyFixedOnly],
  ...[m68kMotorola, m68kSun3, m68kColdfire],
  ...[microblaze],
  ...[mips32_r3k, mips32_std4k, mips32_std, mips32_stdRixi, mips32_phys64Alchemy, mips32_xpa],
  ...[mips64_4k, mips64_4kRixi, mips64_16k, mips64_64k],
  ...[nios2],
  ...[openrisc],
  ...[parisc32, parisc64],
  ...[ppcBook3s32, ppcBook3s32Pte64, ppcBook3s64_4k, ppcBook3s64_64k],
  ...[ppcNohash32_40x, ppcNohash32_44x, ppcNohash32_8xx, ppcNohash32_8xx4k],
  ...[ppcNohash32_85xx, ppcNohash32_e500Pte64, ppcNohash64_e500],
  ...[riscv64, riscv32],
  ...[s390],
  ...[sh4, shX2tlb, shX2tlbOff32bit],
  ...[sparc32, sparc64, sparc64Sun4v, sparc64Sun4vM7],
  ...[um3level64, um2level32, um3level32],
  ...[x86_64, x86_32, x86_32_pae],
  ...[xtensa],
];

const byId = new Map(arches.map((arch) => [arch.id, arch]));

/** @throws InputError naming the variants that begin alike, or else the first ones */
export function archById(id: string): Arch {
  const arch = byId.get(id);
  if (arch) return arch;
  const allowed = someOf(
    [...byId.keys()],
    (other) => other.slice(0, 3) === id.slice(0, 3),
    'faultbook pte arches',
  );
  throw new InputError(`no architecture '${id}'; there are ${allowed}`);
}
