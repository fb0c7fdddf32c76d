// Prints what the two builds and the explorer cost here: `npm run bench`. Nothing is asserted.
import { builds } from './builds.js';
import { searches } from './explorer.js';
import { againstSpin } from './spin.js';

const ROUNDS = 9;

console.log('One path of kernel code, ns per entry (four calls), median:');
for (const { what, nanoseconds, ratio } of builds(ROUNDS))
  console.log(`  ${what.padEnd(48)} ${nanoseconds.toFixed(2).padStart(9)}  ${ratio.toFixed(2)}x`);

console.log('\nSearches of the delayed-rmap race in kernel code:');
for (const row of searches()) {
  const { what, states, transitions, violations, complete, seconds, statesPerSecond } = row;
  const counts = `${states} states, ${transitions} transitions, ${violations} violations`;
  const time = `${seconds.toFixed(3)} s cpu, ${statesPerSecond} states/s`;
  console.log(`  ${what}: ${counts}, ${complete ? 'complete' : 'not complete'}, ${time}`);
}

console.log('\nThe coarse model, whole processes, median:');
const { seconds, spinSeconds } = againstSpin(ROUNDS);
console.log(`  this explorer ${seconds.toFixed(3)} s cpu`);
console.log(
  spinSeconds === null
    ? '  spin or gcc is not installed: nothing to compare with'
    : `  SPIN          ${spinSeconds.toFixed(3)} s cpu: ${(seconds / spinSeconds).toFixed(2)}x of its time`,
);
