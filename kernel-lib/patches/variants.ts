import { type Patched, catalogue } from './catalogue.js';
import { type ThpSplitOrder, thpSplitOrderOf, thpSplitOrders } from './thp-split-order.js';

/** Parts of the kernel whose history has more than two states, each in the state that the kernel's patches give it. */
export interface Variants {
  readonly thpSplitOrder: ThpSplitOrder;
}

/** The states of a kernel's variants. */
export function variantsOf(patched: Patched): Variants {
  return { thpSplitOrder: thpSplitOrderOf(patched) };
}

/** What boot takes to put a kernel of any release into a state of a variant. */
export interface VariantOptions {
  readonly with: readonly string[];
  readonly without: readonly string[];
}

/** The patches up to an order, and none of the later ones: `boot({ release, ...thpSplitOrderOptions(order) })`. */
export function thpSplitOrderOptions(order: ThpSplitOrder): VariantOptions {
  const orders: readonly ThpSplitOrder[] = thpSplitOrders;
  const at = orders.findIndex(({ name }) => name === order.name);
  const ids = (from: number, to: number) =>
    orders.slice(from, to).flatMap(({ patch }) => (patch === undefined ? [] : [catalogue[patch].id]));
  return { with: ids(0, at + 1), without: ids(at + 1, orders.length) };
}
