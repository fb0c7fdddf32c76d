import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { BenchPlan, BenchRow } from './run-operations.js';

const program = fileURLToPath(new URL('own-process-main.js', import.meta.url));

/**
 * Runs a plan in a process of its own. What V8 has learnt of one operation makes it guess wrongly about the next, and the
 * memory of one is rubbish that is collected in the next.
 *
 * @param onRow is told of each row as it comes
 * @throws Error when the process fails; what went wrong stands on standard error
 */
export async function runInOwnProcess(plan: BenchPlan, onRow: (row: BenchRow) => void): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  const child = fork(program, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  child.on('message', (row: BenchRow) => {
    rows.push(row);
    onRow(row);
  });
  child.send(plan);
  try {
    // The process may have ended before its last rows are read; the channel ends behind them.
    const [[status]] = (await Promise.all([once(child, 'exit'), once(child, 'disconnect')])) as [
      [number | null],
      unknown,
    ];
    if (status === 0) return rows;
    throw new Error(
      `the process that ran ${plan.operations?.join(', ') ?? 'all'} ended with status ${status}`,
    );
  } finally {
    child.kill();
  }
}
