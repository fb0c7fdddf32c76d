import type { Arch } from '../arch/arch.js';
import { type PatchName, type Patched, catalogue } from '../patches/catalogue.js';
import { resolvePatches } from '../patches/releases.js';
import { thpSplitOrders } from '../patches/thp-split-order.js';
import { thpSplitOrderOptions } from '../patches/variants.js';

/** One kernel of the matrix: what it has of the patches that concern dirty bits. */
export interface MatrixKernel {
  /** Its state in words, by what is to be told apart: `{ operators: 'since bf2f34a506e6', split: 'dirty last', … }`. */
  readonly state: Readonly<Record<string, string>>;
  readonly patched: Patched;
}

/** One state of something that has a history. */
interface State {
  readonly words: string;
  readonly with: readonly string[];
  readonly without: readonly string[];
}

/** In all that does not concern dirty bits, kernels are as this release; the newest one is there for its newer paths. */
const BASE = '6.1';
const NEWEST = '7.2';

/** States that one patch after the other leads through. */
function generations(names: readonly PatchName[], first: string): State[] {
  const ids = names.map((name) => catalogue[name as keyof typeof catalogue].id);
  return [first, ...ids.map((id) => `since ${id}`)].map((words, n) => ({
    words,
    with: ids.slice(0, n),
    without: ids.slice(n),
  }));
}

const migrations = generations(['migrationProtects', 'migrationProtectsNot'], 'as it was');

const splits: readonly State[] = thpSplitOrders.map((order) => ({
  words: order.name,
  ...thpSplitOrderOptions(order),
}));

/** What an architecture's own operators went through. Changes that came together may have come in either order. */
function operators({ eras = [] }: Arch): readonly State[] {
  const names = eras.map(({ patch }) => patch);
  const oldest = generations(names, 'as they were');
  const [first, second] = names;
  if (first !== 'loongarchMkdirtyAsks' || second !== 'loongarchMkwriteAsks') return oldest;
  const [mkwriteFirst] = generations([second, first, ...names.slice(2)], '').slice(1);
  return [...oldest, mkwriteFirst!];
}

/**
 * Every kernel that the matrix runs an architecture on: all states of its operators, of the split of huge pages where
 * it has any, and of what migration does, in all combinations; and the newest release as it is.
 *
 * @param release only what this release has
 */
export function matrixKernels(arch: Arch, release?: string): readonly MatrixKernel[] {
  if (release !== undefined) return [releaseKernel(arch, release)];
  const orders = arch.huge === undefined ? [undefined] : splits;
  const states = operators(arch).flatMap((operator) =>
    orders.flatMap((split) => migrations.map((migration) => kernelOf(arch, { operator, split, migration }))),
  );
  return [...states, releaseKernel(arch, NEWEST)];
}

function releaseKernel({ id }: Arch, release: string): MatrixKernel {
  return { state: { release }, patched: resolvePatches(release, id) };
}

function kernelOf(
  { id }: Arch,
  {
    operator,
    split,
    migration,
  }: Readonly<Record<'operator' | 'migration', State>> & { readonly split?: State | undefined },
): MatrixKernel {
  const states = [operator, migration, ...(split === undefined ? [] : [split])];
  const added = states.flatMap((state) => state.with);
  const taken = states.flatMap((state) => state.without);
  return {
    state: {
      operators: operator.words,
      ...(split !== undefined && { split: split.words }),
      migration: migration.words,
    },
    patched: resolvePatches(BASE, id, added, taken),
  };
}
