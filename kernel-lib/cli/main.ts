#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { readFileSync } from 'node:fs';
import { InputError } from '../base/error.js';
import { commandsFor } from './commands.js';

/** Runs one command line and gives the exit code: 0 fine, 1 the answer is no, 2 bad input. */
async function main(argv: readonly string[]): Promise<number> {
  const program = new Command('faultbook')
    .description('Linux memory management that people can run, cell by cell')
    .version(version(), '-V, --version', 'print the version')
    .exitOverride();
  for (const command of await commandsFor(argv[0])) program.addCommand(throwing(command));
  try {
    await program.parseAsync(argv, { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (err) {
    if (err instanceof CommanderError) return err.exitCode === 0 ? 0 : 2;
    if (!(err instanceof InputError)) throw err;
    process.stderr.write(`faultbook: ${err.message}\n`);
    return 2;
  }
}

function version(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

/** Has it and the commands below it throw what is wrong with their words; else each ends the process, with 1. */
function throwing(command: Command): Command {
  command.commands.forEach(throwing);
  return command.exitOverride();
}

// A reader that has seen enough, `| head`, is no failure.
process.stdout.on('error', (err: NodeJS.ErrnoException) => {
  if (err.code !== 'EPIPE') throw err;
  process.exit();
});

process.exitCode = await main(process.argv.slice(2));
