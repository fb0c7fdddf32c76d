import { describe, expect, test } from 'vitest';
import { arches } from '../../kernel-lib/arch/variants.js';
import { watchEntryStores } from '../../kernel-lib/matrix/entry-stores.js';
import { mmuAllows, mmuNoted, pteDirty, ptePresent, pteWrite } from '../../kernel-lib/pgtable/pte.js';
import { Model } from '../../kernel-lib/trace/model.js';
import { parseOperation } from '../../kernel-lib/trace/operation.js';
import { type World, addressOf } from '../../kernel-lib/trace/world.js';
import { UserfaultfdCtx } from '../../kernel-lib/uffd/ctx.js';
import { userfaultfdFill } from '../../kernel-lib/uffdio/fill.js';
import { run } from '../../kernel-lib/step/step.js';
import { parseHeader } from '../../kernel-lib/trace/program.js';

/** One page that is dirty and not writable on purpose: how it comes about, and who stores its entry. */
interface Case {
  readonly site: string;
  readonly steps: readonly string[];
  /** It is write-protected for userfaultfd, which not every architecture can. */
  readonly wp?: true;
  /** What the monitor does last, which no line of the notation says. */
  readonly last?: (world: World) => void;
  /** The kernel that keeps such an entry clean. */
  readonly clean?: string;
}

const cases: Readonly<Record<string, Case>> = {
  'UFFDIO_COPY with MODE_WP': {
    site: 'uffdio/install-pte:mfillAtomicInstallPte',
    steps: ['mmap 0 0 1 w p anon', 'uffd 0 0x1', 'ureg 0 0 0 1 mw', 'ucopy 0 0 0 7 wp'],
    wp: true,
  },
  'UFFDIO_COPY into read-only memory': {
    site: 'uffdio/install-pte:mfillAtomicInstallPte',
    steps: ['mmap 0 0 1 r p anon', 'uffd 0 0x0', 'ureg 0 0 0 1 m', 'ucopy 0 0 0 7'],
  },
  'UFFDIO_CONTINUE of a private mapping': {
    site: 'uffdio/install-pte:mfillAtomicInstallPte',
    steps: [
      ...['mmap 0 0 1 w s o0', 'write 0 0 0 1', 'mmap 0 1 1 w p o0'],
      ...['uffd 0 0x0', 'ureg 0 1 0 1 m'],
    ],
    last: (world) => {
      const { k, userfaultfds } = world;
      const place = addressOf(world, 1, 0);
      expect(
        run(
          userfaultfdFill(k, UserfaultfdCtx.at(k, userfaultfds.get(0)!), place, k.pageSize, {
            mode: 'continue',
          }),
        ),
      ).toBe(0);
    },
  },
  'a pinned page of a child that is watched, copied by fork': {
    site: 'fork/copy-page-range:copyPresentPage',
    steps: [
      ...['mmap 0 0 1 w p anon', 'write 0 0 0 1', 'lpin 0 0 0 1 0'],
      ...['uffd 0 0x3', 'ureg 0 0 0 1 w', 'uwp 0 0 0 1 1', 'fork 0 1'],
    ],
    wp: true,
  },
  'a store where a marker of userfaultfd stands': {
    site: 'fault/file:doSetPte',
    steps: ['mmap 0 0 4 w s o0', 'uffd 0 0x1000', 'ureg 0 0 0 1 w', 'uwp 0 0 0 1 1', 'write 0 0 0 2'],
    wp: true,
  },
  'a store to a page in swap that userfaultfd protects': {
    site: 'fault/swapin:installSwapin',
    steps: [
      ...['mmap 0 0 1 w p anon', 'write 0 0 0 1', 'uffd 0 0x1', 'ureg 0 0 0 1 w', 'uwp 0 0 0 1 1'],
      ...['madvise 0 0 0 1 PAGEOUT', 'write 0 0 0 2'],
    ],
    wp: true,
    // Since c18160dba5ff only an entry that becomes writable is made dirty: the page itself says that it is.
    clean: '6.12',
  },
};

/** Writable for mm, writable for the MMU, dirty: of each present entry that a function stored. */
function storedBy({ site, steps, last }: Case, release: string, arch: string): string[] {
  const header = parseHeader('prog id=dirty-read-only swap=dm', ['obj 0 memfd 4']);
  const model = new Model({ release, arch, program: header });
  const { k } = model.world;
  const stored: string[] = [];
  watchEntryStores(k, ({ site: by, pte }) => {
    if (by !== site || !ptePresent(k, pte)) return;
    const bits = [pteWrite(k, pte), mmuAllows(k, mmuNoted(k, pte, true), true), pteDirty(k, pte)];
    stored.push(bits.map(Number).join(''));
  });
  for (const step of steps) model.execute(parseOperation(step));
  last?.(model.world);
  return stored;
}

const tracked = (wp?: true) => arches.filter(({ predicates }) => !wp || predicates.uffdWp !== undefined);

describe.each(Object.entries(cases))('%s', (_, { wp, clean, ...course }) => {
  test.each(['v6.1', '6.12'])(
    'in %s the entry is dirty on purpose, and neither mm nor the MMU may write',
    (release) => {
      const stored = tracked(wp).map(({ id }) => [id, storedBy(course, release, id)]);
      const entry = clean === release ? '000' : '001';
      expect(stored).toEqual(tracked(wp).map(({ id }) => [id, [entry]]));
    },
  );
});
