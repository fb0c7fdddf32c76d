// Prints what the two builds and the explorer cost here: `npm run bench`. Nothing is asserted.
import { builds } from './builds.js';
import { explorerFigures, explorerText } from './explorer.js';

const ROUNDS = 9;

const doing = (what: string) => process.stderr.write(`… ${what}\n`);

// First: how soon a search finds something is measured in a process that has run nothing yet.
console.log(explorerText(explorerFigures(ROUNDS, doing)));

doing('one path of kernel code in both builds');
console.log('\nOne path of kernel code, ns per entry (four calls), median:');
for (const { what, nanoseconds, ratio } of builds(ROUNDS))
  console.log(`  ${what.padEnd(48)} ${nanoseconds.toFixed(2).padStart(9)}  ${ratio.toFixed(2)}x`);
