import type { Notebook } from '../nbformat.js';

/**
 * The order in which to start notebooks: those whose metadata call them long come first, so that none of them is left
 * running alone at the end; otherwise the order stays.
 */
export function startingOrder<T extends { readonly notebook: Notebook }>(jobs: readonly T[]): T[] {
  const isLong = ({ notebook }: T) => notebook.metadata.faultbook?.long === true;
  return [...jobs.filter(isLong), ...jobs.filter((job) => !isLong(job))];
}
