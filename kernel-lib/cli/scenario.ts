import { Command } from 'commander';
import { type Run, type RunOptions, runScenario } from '../scenario/run.js';
import { races } from '../scenario/races.js';
import { scenarios } from '../scenario/scenarios.js';
import { stepText } from './step-text.js';

interface Options extends RunOptions {
  readonly json?: true;
}

/** `faultbook scenario [NAME]`: exit 1 when the verdict is not the expected one. */
export function scenario(): Command {
  return new Command('scenario')
    .description('lists the scenarios, or runs one and prints its verdict')
    .argument('[name]', 'a scenario')
    .option('--release <release>', 'release to boot (default: 6.1)')
    .option('--arch <arch>', 'architecture variant (default: x86_64)')
    .option('--with <ids...>', 'commits to add to the release')
    .option('--without <ids...>', 'commits to take away from it')
    .option('--json', 'print one JSON object')
    .action((name: string | undefined, { json, ...options }: Options) => {
      if (name === undefined) return void process.stdout.write(json ? listJson() : listText());
      const run = runScenario(name, options);
      process.stdout.write(json ? `${JSON.stringify(run, null, 2)}\n` : runText(run));
      process.exitCode = run.verdict === run.expected ? 0 : 1;
    });
}

function listJson(): string {
  const list = [
    ...scenarios.map(({ name, number, kind, title }) => ({ name, number, kind, title })),
    ...races.map(({ name, kind, title }) => ({ name, kind, title })),
  ];
  return `${JSON.stringify({ scenarios: list }, null, 2)}\n`;
}

function listText(): string {
  const list = [...scenarios, ...races];
  const width = Math.max(...list.map(({ name }) => name.length));
  const lines = list.map(
    ({ name, kind, title }) => `${name.padEnd(width)}  ${kind.padEnd('sequential'.length)}  ${title}\n`,
  );
  return lines.join('');
}

function runText(run: Run): string {
  const expected = run.verdict === run.expected ? '' : `expected: ${run.expected}\n`;
  const steps = run.steps.map(stepText).join('');
  return `${run.name} on ${run.kernel}\n${steps}${run.verdict}\n${expected}${run.why}\n`;
}
