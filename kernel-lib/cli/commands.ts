import type { Command } from 'commander';
import { bench } from './bench.js';
import { conform } from './conform.js';
import { diff } from './diff.js';
import { edition } from './edition.js';
import { explore } from './explore.js';
import { grade } from './grade.js';
import { kernel } from './kernel.js';
import { matrix } from './matrix.js';
import { patchesCommand } from './patches.js';
import { pte } from './pte.js';
import { run } from './run.js';
import { scenario } from './scenario.js';

/** Every command of `faultbook`, in the order of its help. Each lives in a file of its own name in this folder. */
export function commands(): Command[] {
  return [
    run(),
    grade(),
    edition(),
    conform(),
    scenario(),
    diff(),
    explore(),
    patchesCommand(),
    matrix(),
    pte(),
    bench(),
    kernel(),
  ];
}
