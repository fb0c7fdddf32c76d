import { describe, expect, test, vi } from 'vitest';
import { pteCodec } from '../../kernel-lib/arch/codec.js';
import { archById, arches } from '../../kernel-lib/arch/variants.js';
import { encodePresentPte, encodeSwapPte } from '../../kernel-lib/pgtable/encode.js';
import { patchSource } from '../../kernel-lib/own/own-patch.js';
import { recordings } from '../../kernel-lib/trace/node/recordings.js';
import { check } from '../../kernel-lib/exercise/check.js';
import { type AnswerOf, type ExerciseId, exercises } from '../../kernel-lib/exercise/exercises.js';

const swapTest = await recordings.program('amd64-6.12', 'a-vmsplice-swap-dm');
const forkEvent = await recordings.program('amd64-6.12', 'c-uffdwp-anon-fork-event');

/** For each exercise an answer that is right, written otherwise than in the workbook, and some that are not. */
const answers: { readonly [Id in ExerciseId]: { right: AnswerOf<Id>; wrong: [AnswerOf<Id>, RegExp][] } } = {
  '00-one-frame': {
    right: (p) => {
      const page = p.mmap(9);
      for (let i = 8; i >= 0; i--) p.read(page + i * 4096);
      return page;
    },
    wrong: [
      [(p) => p.mmap(4), /nothing has touched/],
      [
        (p) => {
          const page = p.mmap(4);
          for (let i = 0; i < 4; i++) p.write(page + i * 4096, 1);
          return page;
        },
        /page 1 in/,
      ],
      [(p) => p.read(0), /stopped/],
    ],
  },
  '00-no-fault': {
    right: (p) => {
      const page = p.mmap(8);
      p.madvise(page, 'MADV_POPULATE_WRITE', 8);
      return page;
    },
    wrong: [
      [(p) => p.mmap(8), /Writing page 0/],
      [
        (p) => {
          const page = p.mmap(8);
          p.madvise(page, 'MADV_POPULATE_READ', 8);
          return page;
        },
        /Writing page 0/,
      ],
    ],
  },
  '00-keep-frame': {
    right: (_parent, child, page) => child.munmap(page, 1),
    wrong: [
      [() => {}, /moved from frame/],
      [(_parent, child, page) => child.read(page), /moved from frame/],
    ],
  },
  '01-raw-entry': {
    right: encodeSwapPte(pteCodec(archById('arm64_4k'), 'after'), {
      type: 1,
      offset: 0x42n,
      exclusive: true,
    }),
    wrong: [
      [0x42n, /./],
      [0n, /takes this for/],
    ],
  },
  '01-lose-mark': {
    right: (p) => void p.fork('other'),
    wrong: [
      [(p, page) => p.read(page), /no longer a swap entry/],
      [() => {}, /still exclusive/],
    ],
  },
  '01-still-fails': {
    right: ['alpha'],
    wrong: [
      [[], /1 that fails is missing/],
      [['x86_64'], /stays in the pipe/],
      [['vax'], /no variant 'vax'/],
    ],
  },
  '02-make-marker': {
    right: ['mmap 0 0 1 w s o0', 'uffd 0 0x1000', 'ureg 0 0 0 1 w', 'uwp 0 0 0 1 1'],
    wrong: [[['mmap 0 0 1 w s o0'], /the entry is/]],
  },
  '02-silent-child': {
    right: { release: 'v6.2', without: ['7e3ce3f8d2d2'] },
    wrong: [[{ release: 'v6.2' }, /SIGBUS/]],
  },
  '02-classify': {
    right: (raw) => (raw === 0n ? 'nothing' : (raw & 0x101n) !== 0n ? 'present' : 'not present'),
    wrong: [[(raw) => ((raw & 1n) !== 0n ? 'present' : 'not present'), /an empty entry/]],
  },
  '03-sees-write': {
    right: (p, page) => {
      p.write(page, 1);
      return p.pin(page);
    },
    wrong: [[(p, page) => p.pin(page), /the device reads 0/]],
  },
  '03-smallest-kernel': {
    right: { with: ['84209e87c696', '8d6a0ac09a16', 'b9086fde6d44', 'cdc5021cda19', '79881fed6052'] },
    wrong: [
      [{}, /On Linux v6.1/],
      [{ with: ['84209e87c696'] }, /stopped/],
      [{ release: 'v6.2' }, /Start from v6.1/],
    ],
  },
  '03-who-copies': {
    right: (parent, child, page) => {
      child.write(page, 3);
      return parent.pin(page);
    },
    wrong: [[(parent, _child, page) => parent.pin(page), /was replaced/]],
  },
  '04-safe-as-it-was': {
    right: 'delayed-rmap-two-mappings',
    wrong: [
      ['delayed-rmap', /says of delayed-rmap: found/],
      ['S01', /not one of/],
    ],
  },
  '04-mend': { right: { with: ['5df397dec7c4'] }, wrong: [[{}, /says: found/]] },
  '04-writeback-first': {
    right: 'c1a7c7ba2',
    wrong: [
      ['a7c8ba2', /first step is one of unmap/],
      ['c1a7c7b', /Nothing is lost after 16 steps/],
      ['c8a9b', /stopped.*waits/],
    ],
  },
  '04-order': {
    right: await patchSource('zap/zap.ts', 'yield* tlbFlushMmuTlbonly(k, tlb);', ''),
    wrong: [
      [
        await patchSource(
          'zap/zap.ts',
          'yield* tlbFlushMmuTlbonly(k, tlb);',
          'yield* tlbFlushMmuTlbonly(k, tlb); // as it was',
        ),
        /says: absent/,
      ],
    ],
  },
  '05-whole-as-it-was': {
    right: 'pae-torn-pmd-read-atomic-table',
    wrong: [
      ['pae-torn-pte-lockless', /is not one of/],
      ['pae-torn-pte-low-first', /says of pae-torn-pte-low-first: found/],
    ],
  },
  '05-mend': {
    right: await patchSource(
      'gup/fast.ts',
      ': yield* pmdpGet(k, pmdp);',
      ': yield* pmdpGetLockless(k, pmdp);',
    ),
    wrong: [[await patchSource('gup/fast.ts', 'k.patched.gupReadsPmdWhole ?', 'false ?'), /says: found/]],
  },
  '05-by-chance': {
    right: { mode: 'pct', depth: 2 },
    wrong: [
      [{}, /nothing to chance/],
      [{ mode: 'pct', executions: 20 }, /not met at all/],
      [{ mode: 'random' }, /it takes 3089 executions/],
    ],
  },
  '05-hole-in-the-rfc': {
    right: 'a6c7a',
    wrong: [
      ['a6', /After 6 steps/],
      ['a6d', /stopped.*none of the threads/],
    ],
  },
  '07-which-machine': {
    right: ['loongarch64_4k', 'riscv32', 'nios2'],
    wrong: [
      [['x86_64', 'riscv64', 'nios2'], /On x86_64 0x8d3a39f says/],
      [['loongarch64_4k'], /no variant for 0x234e8d7/],
    ],
  },
  '07-protected-entry': {
    right: encodePresentPte(pteCodec(archById('x86_64'), 'after'), {
      pfn: 0x1234,
      prot: 'PAGE_COPY',
      ops: ['mkdirty', 'mkuffd_wp'],
    }),
    wrong: [
      [0n, /takes this for/],
      [0x1234067n, /nobody would be told/],
      [0x1234025n, /count as clean/],
    ],
  },
  '07-first-store-faults': {
    right: (id) => arches.find((arch) => arch.id === id)!.hardware.dirty === 'fault',
    wrong: [[() => true, /the dirty bit is set by/]],
  },
  '06-dirty-read-only': {
    right: (p, page) => {
      p.write(page, 1);
      p.mprotect(page, 1, 'r');
    },
    wrong: [
      [() => {}, /maps no page/],
      [(p, page) => void p.read(page), /is clean/],
      [(p, page) => p.write(page, 1), /still writable/],
    ],
  },
  '06-saved-data': {
    right: ['018e9828eb52'],
    wrong: [
      [[], /reads 0/],
      [['018e9828eb52', 'fa2e71a6fcee'], /One patch is enough/],
    ],
  },
  '06-open-variants': {
    right: arches.map(({ id }) => id).filter((id) => /^sparc64|dirty_prefix$/.test(id)),
    wrong: [
      [['sparc64'], /There are 4; 3 are missing/],
      [['sparc64', 'x86_64'], /On x86_64 a read-only entry/],
    ],
  },
  '06-safe-order': {
    right: ['mkdirty if dirty', 'mkwrite if the VMA may', 'wrprotect unless written'],
    wrong: [
      [['mkwrite if written', 'mkdirty if dirty'], /lets stores through a read-only entry/],
      [['mkwrite if the VMA may', 'wrprotect unless written'], /forgets that the leaf was dirty/],
      [['mkwrite if the VMA may', 'mkdirty if dirty'], /was not writable gives an entry that is/],
    ],
  },
  '08-missed': {
    right: { program: swapTest, without: ['c18160dba5ff'] },
    wrong: [
      [{ program: swapTest, without: [] }, /one patch/],
      [{ program: swapTest, without: ['7e3ce3f8d2d2'] }, /does not notice/],
      [{ program: swapTest, without: ['cdc5021cda19'] }, /needs cdc5021cda19/],
    ],
  },
  '08-cause': {
    right: { program: forkEvent, with: ['4b34f1d82c65', '29a22b9e08d7'] },
    wrong: [
      [{ program: swapTest, with: [] }, /The program is c-uffdwp-anon-fork-event/],
      [{ program: forkEvent, with: ['29a22b9e08d7'] }, /difference left/],
    ],
  },
  '08-unnoticed': {
    right: {
      program: forkEvent,
      own: await patchSource(
        'fault/wp.ts',
        'pageMoveAnonRmap(k, vmf.page, vmf.vma);\n  folioUnlock',
        'return false;\n  folioUnlock',
      ),
    },
    wrong: [
      [
        { program: swapTest, own: await patchSource('ksm/merge.ts', 'if (page === kpage) return true;', '') },
        /does not notice/,
      ],
    ],
  },
};

describe('an exercise', () => {
  for (const id of Object.keys(exercises) as ExerciseId[]) {
    const { right, wrong } = answers[id] as { right: never; wrong: [never, RegExp][] };
    test(`${id} gives full points to another way of doing the same`, () => {
      const verdict = check(id, right);
      expect(verdict.points, String(verdict)).toBe(exercises[id].points);
    });

    test(`${id} tells a wrong answer what it did`, () => {
      vi.spyOn(console, 'error').mockImplementation(() => {});
      for (const [answer, message] of wrong) {
        const verdict = check(id, answer);
        expect(verdict.message).toMatch(message);
        expect(verdict.points).toBe(0);
      }
      expect(check(id, undefined).message).toBe('There is no answer yet.');
    });
  }
});
