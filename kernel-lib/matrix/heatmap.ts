import { machineName } from '../arch/machine-name.js';
import type { Figure } from '../view/figure.js';
import { heatmap } from '../view/heatmap.js';
import type { DirtyMatrix, MachineRow } from './dirty-matrix.js';

/**
 * A grid of the machines and the paths on which any of them is ever bad: the number of its kernels on which the path
 * leaves a wrong entry. All other paths are fine on all machines.
 */
export function dirtyHeatmap({ rows, sites, unreached, cells }: DirtyMatrix): Figure {
  const paths = [...new Set(rows.flatMap(({ bad }) => bad.map(({ site }) => site)))].sort();
  const reached = sites.length - unreached.length;
  return heatmap(
    rows.flatMap((row) =>
      paths.map((path) => ({ machine: machineName(row), path: shortName(path), kernels: badOn(row, path) })),
    ),
    {
      x: 'path',
      y: 'machine',
      value: 'kernels',
      title: 'Kernels on which a path leaves a wrong entry',
      caption: `${cells} cells: ${rows.length} machines, ${reached} of ${sites.length} paths. On the paths that are not shown no kernel is wrong.`,
    },
  );
}

/** The function's own name: the file is of no help on an axis. */
function shortName(site: string): string {
  return site.slice(site.indexOf(':') + 1);
}

function badOn({ bad }: MachineRow, path: string): number {
  return bad.filter(({ site }) => site === path).length;
}
