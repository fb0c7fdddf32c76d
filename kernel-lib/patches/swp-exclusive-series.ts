/** One of the 26 patches that gave swap PTEs of every architecture an exclusive marker, merged for v6.3-rc1. */
export interface SeriesPatch {
  /** Place in the series, from 1. */
  readonly n: number;
  readonly title: string;
  /** Mainline commit, 12 digits. */
  readonly commit: string;
  /** The variants of `arch/` whose swap PTEs it changes, by id; none for a patch to generic code. */
  readonly arches: readonly string[];
  /** What a patch without an exclusive bit of its own is for. */
  readonly note?: string;
}

const supported = '__HAVE_ARCH_PTE_SWP_EXCLUSIVE';

/**
 * The series "mm: support __HAVE_ARCH_PTE_SWP_EXCLUSIVE on all architectures with swap PTEs", in its order. What
 * each one does to a layout is not told here: it is the difference between two states of an architecture's record.
 */
export const swpExclusiveSeries: readonly SeriesPatch[] = [
  {
    n: 1,
    title: 'mm/debug_vm_pgtable: more pte_swp_exclusive() sanity checks',
    commit: '2321ba3e3733',
    arches: [],
    note: 'checks, on a swap PTE of the highest type and offset, that the marker disturbs nothing: the judge of the 23 patches to layouts',
  },
  { n: 2, title: `alpha/mm: support ${supported}`, commit: 'a172d5128706', arches: ['alpha'] },
  {
    n: 3,
    title: `arc/mm: support ${supported}`,
    commit: '4a446b3dd335',
    arches: ['arc', 'arc_4k', 'arc_pae40'],
  },
  { n: 4, title: `arm/mm: support ${supported}`, commit: '20aae9eff5ac', arches: ['arm_2level', 'arm_lpae'] },
  {
    n: 5,
    title: `csky/mm: support ${supported}`,
    commit: '41e0d49104db',
    arches: ['csky_abiv1', 'csky_abiv2'],
  },
  { n: 6, title: `hexagon/mm: support ${supported}`, commit: '61f4a896e62d', arches: ['hexagon'] },
  {
    n: 7,
    title: `ia64/mm: support ${supported}`,
    commit: '3151cc26565e',
    arches: ['ia64_4k', 'ia64_16k', 'ia64_64k'],
  },
  {
    n: 8,
    title: `loongarch/mm: support ${supported}`,
    commit: 'ad3150f11b09',
    arches: ['loongarch64_4k', 'loongarch64_16k', 'loongarch64_64k'],
  },
  {
    n: 9,
    title: 'm68k/mm: remove dummy __swp definitions for nommu',
    commit: 'ad464ff2c0f9',
    arches: [],
    note: 'machines without an MMU have no swap PTEs; their dummy macros would have needed dummy markers too',
  },
  {
    n: 10,
    title: `m68k/mm: support ${supported}`,
    commit: 'ed4154067a08',
    arches: ['m68k_motorola', 'm68k_sun3', 'm68k_coldfire'],
  },
  { n: 11, title: `microblaze/mm: support ${supported}`, commit: 'b5c88f21531c', arches: ['microblaze'] },
  {
    n: 12,
    title: `mips/mm: support ${supported}`,
    commit: '83d3b2b46ea3',
    arches: [
      ...[
        'mips32_r3k',
        'mips32_std_4k',
        'mips32_std',
        'mips32_std_rixi',
        'mips32_phys64_alchemy',
        'mips32_xpa',
      ],
      ...['mips64_4k', 'mips64_4k_rixi', 'mips64_16k', 'mips64_64k'],
    ],
  },
  {
    n: 13,
    title: 'nios2/mm: refactor swap PTE layout',
    commit: '0a9ad8273ff4',
    arches: ['nios2'],
    note: 'stores five type bits where two were stored; the bit above them stays free for the next patch',
  },
  { n: 14, title: `nios2/mm: support ${supported}`, commit: '4d1d955f7c0c', arches: ['nios2'] },
  { n: 15, title: `openrisc/mm: support ${supported}`, commit: '5ae3e74474f8', arches: ['openrisc'] },
  {
    n: 16,
    title: `parisc/mm: support ${supported}`,
    commit: '6d239fc78c0b',
    arches: ['parisc32', 'parisc64'],
  },
  {
    n: 17,
    title: `powerpc/mm: support ${supported} on 32bit book3s`,
    commit: '8897ebff37fd',
    arches: ['ppc_book3s32', 'ppc_book3s32_pte64'],
  },
  {
    n: 18,
    title: `powerpc/nohash/mm: support ${supported}`,
    commit: '2bba2ffbe030',
    arches: [
      ...['ppc_nohash32_40x', 'ppc_nohash32_44x', 'ppc_nohash32_8xx', 'ppc_nohash32_8xx_4k'],
      ...['ppc_nohash32_85xx', 'ppc_nohash32_e500_pte64', 'ppc_nohash64_e500'],
    ],
  },
  { n: 19, title: `riscv/mm: support ${supported}`, commit: '51a1007d4113', arches: ['riscv32', 'riscv64'] },
  {
    n: 20,
    title: `sh/mm: support ${supported}`,
    commit: 'cca10df10293',
    arches: ['sh4', 'sh_x2tlb', 'sh_x2tlb_off_32bit'],
  },
  { n: 21, title: `sparc/mm: support ${supported} on 32bit`, commit: 'e6b37d7f6f17', arches: ['sparc32'] },
  { n: 22, title: `sparc/mm: support ${supported} on 64bit`, commit: 'adf8e329ff56', arches: ['sparc64'] },
  {
    n: 23,
    title: `um/mm: support ${supported}`,
    commit: 'e2858d778e68',
    arches: ['um_2level_32', 'um_3level_32', 'um_3level_64'],
  },
  {
    n: 24,
    title: `x86/mm: support ${supported} also on 32bit`,
    commit: '93c0eac40d4e',
    arches: ['x86_32', 'x86_32_pae'],
  },
  { n: 25, title: `xtensa/mm: support ${supported}`, commit: 'f5c3fe300c5b', arches: ['xtensa'] },
  {
    n: 26,
    title: `mm: remove ${supported}`,
    commit: '950fe885a897',
    arches: [],
    note: 'every architecture has the marker now: the macro and the stubs behind it go',
  },
];
