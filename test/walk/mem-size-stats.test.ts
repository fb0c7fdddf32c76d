import { expect, test } from 'vitest';
import {
  type MappedPage,
  MemSizeStats,
  __showSmap,
  accountSwapEntry,
  smapsAccount,
} from '../../kernel-lib/walk/mem-size-stats.js';

const page: MappedPage = {
  anon: true,
  swapbacked: true,
  ksm: false,
  dirty: false,
  young: false,
  mapcount: 1,
};

test('shares of a page are rounded down once per mapping, not once per page', () => {
  const mss = new MemSizeStats();
  for (let at = 0; at < 3; at++) smapsAccount(mss, 4096, { ...page, mapcount: 3 });
  for (let at = 0; at < 3; at++) accountSwapEntry(mss, 4096, 2);
  expect(__showSmap(mss, true)).toMatchObject({ Rss: 12, Pss: 3, Locked: 3, Swap: 12, SwapPss: 6 });
});

test('a page is shared when it is mapped twice, whatever its mapping is', () => {
  const mss = new MemSizeStats();
  smapsAccount(mss, 4096, { ...page, mapcount: 2, dirty: true });
  smapsAccount(mss, 4096, { ...page, anon: false, young: true });
  expect(__showSmap(mss, false)).toMatchObject({
    ...{ Rss: 8, Pss: 6, Shared_Dirty: 4, Private_Clean: 4, Shared_Clean: 0, Private_Dirty: 0 },
    ...{ Anonymous: 4, Referenced: 4, Locked: 0 },
  });
});

test('an anonymous page that lost its swap backing is lazily freed until it is dirty again', () => {
  const lazy = (dirty: boolean): number => {
    const mss = new MemSizeStats();
    smapsAccount(mss, 4096, { ...page, swapbacked: false, dirty });
    return __showSmap(mss, false).LazyFree!;
  };
  expect([lazy(false), lazy(true)]).toEqual([4, 0]);
});
