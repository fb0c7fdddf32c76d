import { expect, test } from 'vitest';
import { VM_UFFD_MISSING, VM_UFFD_WP } from '../../kernel-lib/vma/vm-flags.js';
import { MAP_ANONYMOUS, MAP_PRIVATE, PROT_READ, PROT_WRITE } from '#stepped/mmap/flags.js';
import { vmMmapPgoff } from '#stepped/mmap/mmap.js';
import { resolvePatches } from '#stepped/patches/releases.js';
import { bootRace, runningOn } from '#stepped/scenario/race-machine.js';
import { run } from '#stepped/step/step.js';
import { access } from '#stepped/sys/access.js';
import { mmOfTask, newTask } from '#stepped/sys/task.js';
import type { UserfaultfdCtx } from '#stepped/uffd/ctx.js';
import { newUserfaultfd } from '#stepped/uffdio/api.js';
import { userfaultfdFill } from '#stepped/uffdio/fill.js';
import { userfaultfdRegister } from '#stepped/uffdio/register.js';
import { userfaultfdWriteprotect } from '#stepped/uffdio/writeprotect.js';
import { vmaLookup } from '#stepped/vma/vma-list.js';
import { KernelThreads } from '../../kernel-lib/explore/kernel-threads.js';
import { search } from '../../kernel-lib/explore/search.js';

/** A process with one page that a userfaultfd watches, on a machine of two CPUs. */
function watchedPage(mode: number) {
  const [release, arch] = ['v6.3', 'x86_64'];
  const k = bootRace({ release, arch, patched: resolvePatches(release, arch) }, { nrCpus: 2 });
  const task = newTask(k);
  k.current = task;
  const mm = mmOfTask(k, task);
  const request = { file: null, addr: 0, len: 4096, prot: PROT_READ | PROT_WRITE, pgoff: 0 };
  const page = run(vmMmapPgoff(k, mm, { ...request, flags: MAP_PRIVATE | MAP_ANONYMOUS }));
  const ctx = newUserfaultfd(k, mm, 0) as UserfaultfdCtx;
  expect(run(userfaultfdRegister(k, ctx, page, 4096, mode))).toBe(0);
  const on = (cpu: number) => runningOn(k, cpu, task);
  return { k, mm, page, ctx, on };
}

type Setup = ReturnType<typeof watchedPage>;

/** Every interleaving of a store with what a monitor does just then, unasked. */
function explored(
  setup: Setup,
  monitor: () => Generator<undefined, unknown, undefined>,
  atEnd: () => string | null,
) {
  const { k, mm, page, on } = setup;
  const threads = [
    { name: 'user', enter: on(0), operations: [() => access(k, mm, page, 7)] },
    { name: 'monitor', enter: on(1), operations: [monitor] },
  ];
  return search(new KernelThreads(k.arena, threads), { atEnd });
}

test('a page that is filled while its fault is about to sleep wakes nobody too early, and nobody sleeps for ever', () => {
  const setup = watchedPage(1);
  const { k, ctx, page, mm } = setup;
  expect(vmaLookup(k, mm, page)!.vmFlags & VM_UFFD_MISSING).not.toBe(0);
  const fill = { mode: 'copy', content: 0x0505, wp: false } as const;
  const result = explored(
    setup,
    () => userfaultfdFill(k, ctx, page, 4096, fill),
    () =>
      ctx.faultPendingWqh === 0 && ctx.faultWqh === 0 && ctx.refcount === 1
        ? null
        : 'somebody is still queued',
  );
  expect(result.violations).toEqual([]);
  expect(result.complete).toBe(true);
  expect(result.executions).toBeGreaterThan(1);
});

test('a protection that is lifted while its fault is about to sleep lets the store through', () => {
  const setup = watchedPage(2);
  const { k, ctx, page, mm } = setup;
  run(access(k, mm, page, 1));
  expect(run(userfaultfdWriteprotect(k, ctx, page, 4096, true))).toBe(0);
  expect(vmaLookup(k, mm, page)!.vmFlags & VM_UFFD_WP).not.toBe(0);
  const result = explored(
    setup,
    () => userfaultfdWriteprotect(k, ctx, page, 4096, false),
    () => null,
  );
  expect(result.violations).toEqual([]);
  expect(result.complete).toBe(true);
});
