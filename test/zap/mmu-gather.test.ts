import { expect, test } from 'vitest';
import type * as Step from '#stepped/step/step.js';
import type * as Zap from '#stepped/zap/zap.js';
import { archById } from '../../kernel-lib/arch/variants.js';
import { MAP_SHARED, PROT_READ, PROT_WRITE } from '../../kernel-lib/mmap/flags.js';
import { vmMmapPgoff } from '../../kernel-lib/mmap/mmap.js';
import { ownPatch } from '../../kernel-lib/own/own-patch.js';
import { diskFileSetup } from '../../kernel-lib/pagecache/disk-file.js';
import { resolvePatches } from '../../kernel-lib/patches/releases.js';
import { run } from '../../kernel-lib/step/step.js';
import { access } from '../../kernel-lib/sys/access.js';
import { type MachineShape, makeMachine } from '../../kernel-lib/sys/machine.js';
import { mmOfTask, newTask } from '../../kernel-lib/sys/task.js';
import { findVma } from '../../kernel-lib/vma/vma-list.js';
import { gatherSizes } from '../../kernel-lib/zap/mmu-gather.js';

interface Kernel extends Partial<MachineShape> {
  readonly id?: string;
  readonly ids?: readonly string[];
}

function machine({ id = 'x86_64', ids = [], release = 'v6.1', ...shape }: Kernel) {
  const patched = resolvePatches(release, id, ids);
  return makeMachine({
    release,
    arch: archById(id),
    patched,
    nrFrames: 2048,
    nrSwapSlots: 0,
    nrCpus: 1,
    ...shape,
  });
}

let flushed = 0;
const counting = await ownPatch({
  replace: (kernel) => ({
    *flushTlbMmRange(...range) {
      flushed++;
      yield* kernel['flushTlbMmRange']!(...range) as Iterable<undefined>;
    },
  }),
});
const { zapPageRangeSingle } = counting.load<typeof Zap>('zap/zap.ts');
const steps = counting.load<typeof Step>('step/step.ts');

/** How often a zap of dirty pages of a file flushes TLBs. */
function flushes(kernel: Kernel, pages: number): number {
  const k = machine({ ...kernel, nrTlbEntries: 1 });
  const mm = mmOfTask(k, (k.current = newTask(k)));
  const len = pages * k.pageSize;
  const request = { addr: 0, len, prot: PROT_READ | PROT_WRITE, flags: MAP_SHARED, pgoff: 0 };
  // It begins with a table of its own.
  const addr = 512 * k.pageSize;
  const start = run(vmMmapPgoff(k, mm, { ...request, addr, file: diskFileSetup(k, pages) }));
  for (let i = 0; i < pages; i++) run(access(k, mm, start + i * k.pageSize, 1));
  flushed = 0;
  steps.run(zapPageRangeSingle(k, findVma(k, mm, start)!, start, start + len));
  return flushed;
}

test.each([
  ['x86_64', { bundle: 8, batch: 510, batches: 19 }],
  ['x86_32_pae', { bundle: 8, batch: 1021, batches: 9 }],
  ['arm64_16k', { bundle: 8, batch: 2046, batches: 4 }],
  ['arm64_64k_pa52', { bundle: 8, batch: 8190, batches: 1 }],
])('%s: a batch fills a page, and there are so many that ten thousand pages fit', (id, sizes) => {
  expect(gatherSizes(machine({ id }))).toEqual(sizes);
});

test.each([
  ['before the delay, one flush for a table', { release: 'v6.1' }, 1],
  ['with 5df397dec7c4 one for every eight pages', { ids: ['5df397dec7c4'] }, 64],
  ['f036c8184f8b changes nothing', { ids: ['5df397dec7c4', 'f036c8184f8b'] }, 64],
  ['with c47454823bd4 again one for a table', { ids: ['5df397dec7c4', 'c47454823bd4'] }, 1],
  ['a kernel for one CPU delays nothing and flushes once', { ids: ['5df397dec7c4'], smp: false }, 1],
] as const)('512 dirty pages of a file: %s', (_, kernel, expected) => {
  expect(flushes(kernel, 512)).toBe(expected);
});
