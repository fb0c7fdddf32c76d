import { describe, expect, test } from 'vitest';
import { type PteCodec, pteCodec } from '../../kernel-lib/arch/codec.js';
import { type Mmu, compileMmu } from '../../kernel-lib/arch/mmu.js';
import { archById } from '../../kernel-lib/arch/variants.js';
import { resolvePatches } from '../../kernel-lib/patches/releases.js';

/** Operators in the order in which they are applied, to an entry of a private mapping that may be written. */
const expressions = [
  ['pteMkdirty'],
  ['pteMkwrite'],
  ['pteMkwrite', 'pteMkdirty'],
  ['pteMkdirty', 'pteMkwrite'],
  ['pteMkwrite', 'pteMkdirty', 'pteWrprotect'],
  ['pteMkdirty', 'pteMkwrite', 'pteWrprotect'],
  ['pteMkwrite', 'pteWrprotect', 'pteMkdirty'],
  ['pteMkwrite', 'pteWrprotect'],
  ['pteMkwrite', 'pteMkdirty', 'pteMkclean'],
  ['pteMkdirty', 'pteWrprotect', 'pteMkwrite'],
  ['pteWrprotect', 'pteMkold', 'pteMkdirty'],
  ['pteMkold', 'pteMkdirty', 'pteWrprotect'],
] as const satisfies readonly (readonly (keyof PteCodec)[])[];

/** Writable for mm, writable for the MMU, dirty: what the fact sheets of the architectures say of each expression. */
const tables = {
  'one bit is writable for mm and for the MMU': '001 110 111 111 001 001 001 000 110 111 001 001',
  'writable for the MMU only if both writable and dirty': '001 100 111 111 001 001 001 000 100 111 001 001',
  'mkdirty and mkwrite always let the MMU write': '011 110 111 111 001 001 011 001 100 111 011 001',
  'mkdirty always lets the MMU write': '011 100 111 111 001 001 011 000 100 101 011 001',
} as const;

interface Case {
  readonly arch: string;
  readonly release: string;
  readonly cpu?: string;
  readonly without?: readonly string[];
  readonly table: keyof typeof tables;
}

const ONE_BIT = 'one bit is writable for mm and for the MMU';
const BOTH = 'writable for the MMU only if both writable and dirty';

const cases: readonly Case[] = [
  ...['x86_64', 'x86_32', 'x86_32_pae', 'riscv64', 'riscv32'].map(
    (arch) =>
      ({
        arch,
        release: '6.1',
        table: ONE_BIT,
      }) as const,
  ),
  { arch: 's390', release: '6.1', table: BOTH },
  { arch: 'arm64_4k', release: '7.2', cpu: 'no-dbm', table: BOTH },
  ...['loongarch64_4k', 'loongarch64_16k', 'loongarch64_64k'].flatMap((arch): Case[] => [
    { arch, release: '6.1', table: BOTH },
    {
      arch,
      release: '6.1',
      without: ['bf2f34a506e6', '54e6cd42a183'],
      table: 'mkdirty and mkwrite always let the MMU write',
    },
  ]),
  ...['sparc64', 'sparc64_sun4v', 'sparc64_sun4v_m7'].flatMap((arch): Case[] => [
    { arch, release: '6.1', table: 'mkdirty always lets the MMU write' },
    { arch, release: '6.12', table: BOTH },
  ]),
];

function machineOf({ arch, release, cpu, without = [] }: Case): { codec: PteCodec; mmu: Mmu } {
  const record = archById(arch);
  const codec = pteCodec(record, 'after', resolvePatches(release, arch, [], without));
  return { codec, mmu: compileMmu(codec, cpu === undefined ? record.hardware : record.cpus![cpu]!) };
}

/** VM_READ | VM_WRITE, private. */
const PRIVATE_WRITABLE = 3;

function after(
  { codec, mmu }: ReturnType<typeof machineOf>,
  operators: (typeof expressions)[number],
): string {
  const { values } = codec;
  let pte = values.pteMkyoung(values.pfnPte(1, codec.protectionMap[PRIVATE_WRITABLE]!));
  for (const operator of operators) pte = values[operator](pte);
  // Whether the MMU may write an old entry shows when it is used again.
  if (operators.includes('pteMkold' as never)) pte = values.pteMkyoung(pte);
  return [values.pteWrite(pte), mmu.allows(pte, true), values.pteDirty(pte)].map(Number).join('');
}

describe.each(cases)('on $arch of $release without $without (CPU: $cpu)', (kernel) => {
  test(kernel.table, () => {
    const machine = machineOf(kernel);
    expect(expressions.map((operators) => after(machine, operators)).join(' ')).toBe(tables[kernel.table]);
  });
});

test('LoongArch before 018e9828eb52 forgets in pte_wrprotect() what a walker in hardware noted', () => {
  const dirtyAfter = (release: string) => {
    const record = archById('loongarch64_16k');
    const codec = pteCodec(record, 'after', resolvePatches(release, record.id));
    const { values } = codec;
    const writable = values.pteMkwrite(values.pfnPte(1, codec.protectionMap[PRIVATE_WRITABLE]!));
    const stored = compileMmu(codec, record.cpus!.ptw!).noted(writable, true);
    return [values.pteDirty(stored), values.pteDirty(values.pteWrprotect(stored))];
  };
  expect(dirtyAfter('6.5')).toEqual([true, false]);
  expect(dirtyAfter('6.12')).toEqual([true, true]);
});
