import { expect, test } from 'vitest';
import { PageAnonExclusive } from '../../kernel-lib/folio/frame.js';
import type { BootOptions } from '../../kernel-lib/sys/boot.js';
import { checkInvariants } from '../../kernel-lib/walk/invariants.js';
import { pageView } from '../../kernel-lib/walk/page.js';
import { showSmap } from '../../kernel-lib/walk/smaps.js';
import type { Layout } from '../mmap/layout.js';
import { Moving, frameAt, kindAt, process, pteAt } from './moving.js';

/** What a process can find out about its page: pagemap, smaps, content, faults. */
function visible(p: Layout) {
  const vma = p.vma(0);
  return { page: pageView(p.k, vma, pteAt(p, 0)).bits, smaps: showSmap(p.k, vma), faults: p.process.faults };
}

/** A page is written, made read-only, moved in the midst of something, made writable and written again. */
function story(options: BootOptions, during: (p: Layout) => void) {
  const p = process(options);
  const seen: unknown[] = [];
  p.mmap(0, 1);
  p.write(0, 7);
  p.mprotect(0, 1, 'r');
  const moving = new Moving(p, 0);
  const kind = kindAt(p, 0);
  during(p);
  seen.push(visible(p));
  moving.finish();
  checkInvariants(p.k);
  p.mprotect(0, 1, 'rw');
  seen.push(visible(p));
  p.write(0, 8);
  seen.push(visible(p), p.read(0));
  return { kind, seen, copies: p.k.globals.nrUsedFrames };
}

const future = { with: ['?migration-swp-exclusive'] };
const cases: Record<string, (p: Layout) => void> = {
  nothing: () => {},
  fork: (p) => void p.fork(),
  mprotect: (p) => void p.mprotect(0, 1, 'rw'),
};

test.each(Object.keys(cases))(
  'without read-exclusive migration entries nothing visible changes (%s meanwhile)',
  (name) => {
    const now = story({ release: 'v6.3' }, cases[name]!);
    const then = story({ release: 'v6.3', ...future }, cases[name]!);
    expect([now.kind, then.kind]).toEqual(['migration-read-exclusive', 'migration-read']);
    expect([then.seen, then.copies]).toEqual([now.seen, now.copies]);
  },
);

test('the type that read-exclusive entries took is free for one more swap area', () => {
  const max = (options: BootOptions) => process({ release: 'v6.3', ...options }).k.swpTypes.MAX_SWAPFILES;
  expect(max(future)).toBe(max({}) + 1);
});

test('on an architecture without the bit a page that moves would lose its exclusiveness', () => {
  const exclusive = (options: BootOptions) => {
    const p = process({ release: 'v6.1', arch: 'x86_32_pae', ...options });
    p.mmap(0, 1);
    p.write(0, 7);
    p.mprotect(0, 1, 'r');
    new Moving(p, 0).finish();
    return PageAnonExclusive(p.k, frameAt(p, 0));
  };
  expect([exclusive({}), exclusive(future)]).toEqual([true, false]);
});
