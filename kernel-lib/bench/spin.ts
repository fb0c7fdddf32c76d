import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inTurn, installed, processSeconds } from './measure.js';

const model = fileURLToPath(new URL('../../datasets/promela/delayed_rmap_coarse.pml', import.meta.url));
const coarse = fileURLToPath(new URL('coarse.js', import.meta.url));

/** CPU seconds of whole processes on the coarse model, 4 pages, 8 stores, patched: 1,001,036 states. */
export interface AgainstSpin {
  readonly seconds: number;
  /** null where `spin` or `gcc` is not installed. */
  readonly spinSeconds: number | null;
}

/** Times this explorer and SPIN's verifier in turn. @param rounds runs of each */
export function againstSpin(rounds: number): AgainstSpin {
  const own = () => processSeconds(process.execPath, [coarse], '.');
  if (!installed('spin') || !installed('gcc'))
    return { seconds: inTurn(rounds, [own])[0]!, spinSeconds: null };
  const dir = mkdtempSync(join(tmpdir(), 'faultbook-spin-'));
  try {
    copyFileSync(model, join(dir, 'model.pml'));
    const options = ['-a', '-o2', '-DN=4', '-DW=8', '-DLATE', '-DCOUNT', 'model.pml'];
    execFileSync('spin', options, { cwd: dir, stdio: 'ignore' });
    const flags = ['-O2', '-DSAFETY', '-DNOREDUCE', '-DMEMLIM=8000', '-o', 'pan', 'pan.c'];
    execFileSync('gcc', flags, { cwd: dir, stdio: 'ignore' });
    const pan = () => processSeconds('./pan', ['-m500000', '-w22'], dir);
    const [seconds, spinSeconds] = inTurn(rounds, [own, pan]) as [number, number];
    return { seconds, spinSeconds };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
