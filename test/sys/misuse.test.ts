import { describe, expect, test } from 'vitest';
import * as faultbook from '../../kernel-lib/index.js';
import { usage } from '../../kernel-lib/walk/usage.js';

// What a notebook may call with anything: as JavaScript does, without types.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Untyped = any;
const { boot, compare, explore, replay, runScenario, view } = faultbook as Untyped;

/** A process with two pages, and their address. */
function started(): { p: Untyped; a: number } {
  const p = boot({ swap: '4MiB' }).spawn('p');
  return { p, a: p.mmap(2) };
}

type Case = readonly [call: string, does: () => unknown, error: string];

function table(cases: readonly Case[]): void {
  test.each(cases)('%s', (_call, does, error) => {
    expect(does).toThrow(faultbook.InputError);
    expect(does).toThrow(error);
  });
}

describe('boot and spawn', () => {
  table([
    ['an unknown release', () => boot({ release: '5.0' }), "no release '5.0'; there are v6.1"],
    ['an unknown architecture', () => boot({ arch: 'pdp11' }), "no architecture 'pdp11'; there are alpha"],
    ['no memory', () => boot({ memory: '0MiB' }), "boot: memory is '0MiB'; allowed: a size such as 64MiB"],
    ['too much memory', () => boot({ memory: '900TiB' }), '1MiB to 1TiB'],
    ['a size without a unit', () => boot({ swap: 64 }), 'boot: swap is 64; allowed: a size'],
    [
      'huge pages in halves',
      () => boot({ hugepages: 0.5 }),
      'boot: hugepages is 0.5; allowed: a whole number',
    ],
    ['an unknown setting', () => boot({ thp: 'yes' }), "boot: thp is 'yes'; allowed: always, madvise, never"],
    ['no boolean', () => boot({ checking: 'no' }), "boot: checking is 'no'; allowed: true, false"],
    [
      'a misspelt option',
      () => boot({ relase: '6.1' }),
      "boot: there is no option 'relase'; there are release",
    ],
    ['an unknown patch', () => boot({ with: ['deadbeef'] }), "no patch 'deadbeef'; there are"],
    ['no options', () => boot(null), 'boot: the options is null; allowed: an object with release'],
    ['no name', () => boot().spawn(), 'spawn: name is undefined; allowed: a name'],
  ]);
});

describe('a process', () => {
  const on = (does: (p: Untyped, a: number) => unknown) => () => {
    const { p, a } = started();
    does(p, a);
  };
  table([
    ['mmap of nothing', on((p) => p.mmap(0)), 'mmap: nrPages is 0; allowed: a whole number from 1'],
    ['mmap of a string', on((p) => p.mmap('1')), "mmap: nrPages is '1'; allowed: a whole number from 1"],
    [
      'mmap for anything',
      on((p) => p.mmap(1, { prot: 'rq' })),
      "mmap: prot is 'rq'; allowed: letters of rwx",
    ],
    [
      'mmap of anything',
      on((p) => p.mmap(1, { flags: 'toString' })),
      "mmap: flags is 'toString'; allowed: private anon",
    ],
    ['mmap with a misspelt option', on((p) => p.mmap(1, { port: 'r' })), "mmap: there is no option 'port'"],
    [
      'munmap of nothing',
      on((p) => p.munmap()),
      'munmap: address is undefined; allowed: a whole number of bytes',
    ],
    ['munmap of half a page', on((p, a) => p.munmap(a, 0.5)), 'munmap: nrPages is 0.5'],
    [
      'mprotect to nothing',
      on((p, a) => p.mprotect(a, 1)),
      'mprotect: prot is undefined; allowed: letters of rwx',
    ],
    [
      'madvise by half a name',
      on((p, a) => p.madvise(a, 'PAGEOUT')),
      "madvise: advice is 'PAGEOUT'; allowed: MADV_COLD",
    ],
    ['vmsplice of less than nothing', on((p, a) => p.vmsplice(a, -1)), 'vmsplice: nrPages is -1'],
    ['pin of nothing', on((p, a) => p.pin(a, 0)), 'pin: nrPages is 0'],
    [
      'pin for anything',
      on((p, a) => p.pin(a, 1, { write: 'yes' })),
      "pin: write is 'yes'; allowed: true, false",
    ],
    ['the entry of nothing', on((p) => p.pte(NaN)), 'pte: address is NaN; allowed: a whole number of bytes'],
    ['read below 0', on((p) => p.read(-1)), 'read: address is -1; allowed: a whole number of bytes from 0'],
    ['read of a bigint', on((p, a) => p.read(BigInt(a))), 'n; allowed: a whole number of bytes from 0'],
    [
      'write of more than a byte',
      on((p, a) => p.write(a, 256)),
      'write: value is 256; allowed: a whole number, 0 to 255',
    ],
    ['fork without a name', on((p) => p.fork()), 'fork: name is undefined; allowed: a name'],
    ['an exited process', on((p, a) => (p.exit(), p.read(a))), 'p has exited'],
    [
      'a page beyond the pin',
      on((p, a) => p.pin(a).read(1)),
      'pin: index is 1; allowed: a whole number, 0 to 0',
    ],
    ['a device that writes too much', on((p, a) => p.pin(a).write(300)), 'write: value is 300'],
    [
      'an empty pipe',
      on((p, a) => [p.vmsplice(a)].map((pipe) => (pipe.read(), pipe.read()))),
      'the pipe is empty',
    ],
  ]);

  test('what is well-formed is left to the kernel, which answers by its error numbers', () => {
    const { p, a } = started();
    expect(() => p.madvise(a + 1, 'MADV_COLD')).toThrow('p: madvise fails with EINVAL');
    expect(() => p.read(2 ** 50)).toThrow('SIGSEGV');
  });

  test('a vmsplice that fails leaves no pipe behind', () => {
    const { p, a } = started();
    const k = p.machine;
    const before = usage(k);
    expect(() => p.vmsplice(a - 0x10_0000)).toThrow('EFAULT');
    expect(usage(k)).toEqual(before);
  });
});

describe('a userfaultfd', () => {
  const on = (does: (uffd: Untyped, a: number, p: Untyped) => unknown) => () => {
    const { p, a } = started();
    does(p.userfaultfd(), a, p);
  };
  table([
    [
      'a feature that there is not',
      on((_, __, p) => p.userfaultfd({ features: ['X'] })),
      "userfaultfd: feature is 'X'; allowed: EVENT_FORK",
    ],
    [
      'no monitor',
      on((_, __, p) => p.userfaultfd({ monitor: 3 })),
      'userfaultfd: monitor is 3; allowed: a function',
    ],
    [
      'a mode that there is not',
      on((u, a) => u.register(a, 1, 'magic')),
      "register: mode is 'magic'; allowed: missing, wp",
    ],
    ['half a page', on((u, a) => u.register(a, 0.5, 'wp')), 'register: nrPages is 0.5'],
    ['no address', on((u) => u.unregister('a', 1)), "unregister: address is 'a'"],
    [
      'more than a byte',
      on((u, a) => u.copy(a, 1000)),
      'copy: value is 1000; allowed: a whole number, 0 to 255',
    ],
    ['no address to fill', on((u) => u.zeropage()), 'zeropage: address is undefined'],
  ]);
});

describe('views', () => {
  const on = (does: (p: Untyped, a: number) => unknown) => () => {
    const { p, a } = started();
    does(p, a);
  };
  table([
    ['an entry of nothing', () => view.pte(), 'view.pte: process is undefined; allowed: a process'],
    ['an entry of a machine', () => view.pte(boot(), 0), 'view.pte: process is Linux'],
    ['an entry at no address', on((p) => view.pte(p, 'here')), "view.pte: address is 'here'"],
    ['smaps of an exited process', on((p) => (p.exit(), view.smaps(p))), 'view.smaps: p has exited'],
    ['pagemap of no page', on((p, a) => view.pagemap(p, a, 0)), 'view.pagemap: nrPages is 0'],
    [
      'faults of nothing',
      () => view.faults(),
      'view.faults: events is undefined; allowed: a list, as linux.events',
    ],
  ]);
});

describe('scenarios and races', () => {
  table([
    ['an unknown scenario', () => runScenario('X99'), "no scenario 'X99'; there are swp-exclusive-vmsplice"],
    ['no scenario', () => runScenario(), 'runScenario: scenario is undefined; allowed: a name'],
    [
      'a misspelt option',
      () => runScenario('X01', { relase: '6.1' }),
      "runScenario: there is no option 'relase'",
    ],
    ['an unknown release', () => compare('X01', { release: 'v6.1' }, { release: 'x' }), "no release 'x'"],
    ['an unknown race', () => explore('x'), "no race 'x'; there are delayed-rmap"],
    [
      'no race',
      () => explore({}),
      'explore: race is [object Object]; allowed: a name, or a race of your own',
    ],
    [
      'a race with a misspelt option',
      () => explore('odirect-swapout', { bund: {} }),
      "explore: there is no option 'bund'",
    ],
    ['an unknown bound', () => explore('odirect-swapout', { bound: { x: 1 } }), "has no bound 'x'"],
    [
      'no time',
      () => explore('odirect-swapout', { seconds: 'long' }),
      "explore: seconds is 'long'; allowed: a number",
    ],
    ['a schedule that is none', () => replay('odirect-swapout', 'zzz'), 'zzz'],
  ]);
});
