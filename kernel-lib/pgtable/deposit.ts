import { vmBugOn } from '../base/error.js';
import type { Machine } from '../machine/machine.js';
import { ld, st } from '../step/memory.js';
import { TABLE_DEPOSIT } from './table.js';

/**
 * Puts a table aside for the day when the huge page is split: that must not fail for want of memory.
 *
 * @kernel mm/pgtable-generic.c pgtable_trans_huge_deposit v6.2
 */
export function pgtableTransHugeDeposit(k: Machine, pmd: number, table: number): void {
  st(k.ptes, table + TABLE_DEPOSIT, ld(k.ptes, pmd + TABLE_DEPOSIT));
  st(k.ptes, pmd + TABLE_DEPOSIT, table);
}

/** Takes one of the tables put aside. @kernel mm/pgtable-generic.c pgtable_trans_huge_withdraw v6.2 */
export function pgtableTransHugeWithdraw(k: Machine, pmd: number): number {
  const table = ld(k.ptes, pmd + TABLE_DEPOSIT);
  vmBugOn(table === 0, 'every huge page has put a table aside');
  st(k.ptes, pmd + TABLE_DEPOSIT, ld(k.ptes, table + TABLE_DEPOSIT));
  st(k.ptes, table + TABLE_DEPOSIT, 0);
  return table;
}
