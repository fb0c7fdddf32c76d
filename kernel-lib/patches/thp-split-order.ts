import type { Patched, catalogue } from './catalogue.js';

/**
 * One operator that the split of a huge page applies to the entry of a small page, and when:
 * `mkwrite if the VMA may` where the VMA is writable; `mkwrite if written` and `wrprotect unless written` by the leaf's
 * write bit; `mkold unless young` and `mkdirty if dirty` by the leaf's own.
 */
export type SplitOperator =
  | 'mkwrite if the VMA may'
  | 'mkwrite if written'
  | 'wrprotect unless written'
  | 'mkold unless young'
  | 'mkdirty if dirty';

/** How a release builds the entries of a huge page that it splits. */
export interface ThpSplitOrder {
  readonly name: string;
  /** The patch that brought it; absent: it is older than all of them. */
  readonly patch?: keyof typeof catalogue;
  /** What it does, in one clause. */
  readonly changes: string;
  /** The operators, in their order, upon an entry of the VMA's protection. */
  readonly operators: readonly SplitOperator[];
}

/**
 * `__split_huge_pmd_locked()` through its history, oldest first: soft-dirty and userfaultfd's bit follow these in all
 * of them. Only where mkdirty grants a store, an error of two architectures, does the order decide whether a page that
 * fork shares can be written.
 */
export const thpSplitOrders = [
  {
    name: 'clean',
    changes: 'entries of small pages are clean; the folio is dirty',
    operators: ['mkwrite if the VMA may', 'wrprotect unless written', 'mkold unless young'],
  },
  {
    name: 'dirty last',
    patch: 'splitDirties',
    changes: 'entries are dirty where the leaf was, which is said last',
    operators: [
      'mkwrite if the VMA may',
      'wrprotect unless written',
      'mkold unless young',
      'mkdirty if dirty',
    ],
  },
  {
    name: 'clean again',
    patch: 'splitDirtiesNot',
    changes: 'entries of small pages are clean; the folio is dirty',
    operators: ['mkwrite if the VMA may', 'wrprotect unless written', 'mkold unless young'],
  },
  {
    name: 'protected last',
    patch: 'splitProtectsLast',
    changes: 'entries are dirty where the leaf was, and write-protected last',
    operators: [
      'mkwrite if the VMA may',
      'mkold unless young',
      'mkdirty if dirty',
      'wrprotect unless written',
    ],
  },
  {
    name: 'dirty last again',
    patch: 'splitProtectsFirstAgain',
    changes: 'entries are dirty where the leaf was, which is said last',
    operators: [
      'mkwrite if the VMA may',
      'wrprotect unless written',
      'mkold unless young',
      'mkdirty if dirty',
    ],
  },
  {
    name: 'writable if written',
    patch: 'splitMkwriteIfWritable',
    changes: 'entries become writable only where the leaf was, so that nothing is write-protected',
    operators: ['mkwrite if written', 'mkold unless young', 'mkdirty if dirty'],
  },
] as const satisfies readonly ThpSplitOrder[];

/** The order of a kernel: that of the latest of these patches that it has. */
export function thpSplitOrderOf(patched: Patched): ThpSplitOrder {
  const orders: readonly ThpSplitOrder[] = thpSplitOrders;
  return orders.filter(({ patch }) => patch === undefined || patched[patch]).at(-1)!;
}
