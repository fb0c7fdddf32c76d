// Builds dist/ from kernel-lib/, unless it is built already: `npm run build`. With `--trust`, as in `npm start`, a first build
// takes the sources as a clone brings them: it leaves out the check of their types, which is half of the work.
import { chmodSync, cpSync, existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import ts from 'typescript';
import { citationsOf, remarksOf, sourcesOf } from './citations.mjs';
import { check, compile } from './compile.mjs';
import { digestOf, textIn } from './digest.mjs';
import { buildLive } from './live.mjs';

// Much code runs here, and little of it for long: V8 need not optimise it as soon as it does (it waits for 67584 by itself).
setFlagsFromString('--interrupt-budget=500000');

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/[/\\]$/, '');
const dist = fileURLToPath(new URL('../../dist', import.meta.url));
const datasets = fileURLToPath(new URL('../../datasets', import.meta.url));
const config = fileURLToPath(new URL('tsconfig.json', import.meta.url));

const sources = digestOf(
  root,
  [
    'tsconfig.json',
    'package.json',
    'package-lock.json',
    'datasets/manifest.json',
    'datasets/benchmark.json',
  ].map((name) => fileURLToPath(new URL(`../../${name}`, import.meta.url))),
);
const isBuilt = textIn(`${dist}/.sources`) === sources;
const isTrusted = process.argv.includes('--trust') && (isBuilt || !existsSync(dist));
if (isBuilt && (isTrusted || textIn(`${dist}/.checked`) === sources)) process.exit(0);

const { options } = ts.parseJsonConfigFileContent(
  ts.readConfigFile(config, ts.sys.readFile).config,
  ts.sys,
  fileURLToPath(new URL('.', import.meta.url)),
);
if (isBuilt) {
  refuse(check({ root, options }));
  writeFileSync(`${dist}/.checked`, sources);
  process.exit(0);
}
const fresh = `${dist}.new`;
rmSync(fresh, { recursive: true, force: true });
refuse(compile({ root, outDir: fresh, options, trusted: isTrusted }));
cpSync(`${root}/notebook/site/assets`, `${fresh}/notebook/site/assets`, { recursive: true });
cpSync(`${root}/bench/native.c`, `${fresh}/bench/native.c`);
cpSync(`${root}/trace/node/guest`, `${fresh}/trace/node/guest`, { recursive: true });
writeFileSync(`${fresh}/comments.json`, JSON.stringify(comments()));
await buildLive({ dist: fresh, datasets, pages: `${root}/notebook/site` });
chmodSync(`${fresh}/cli/main.js`, 0o755);
writeFileSync(`${fresh}/.sources`, sources);
if (!isTrusted) writeFileSync(`${fresh}/.checked`, sources);
rmSync(dist, { recursive: true, force: true });
renameSync(fresh, dist);

/** Ends a build that has complaints. @param {string[]} problems */
function refuse(problems) {
  if (problems.length === 0) return;
  console.error(problems.join('\n'));
  process.exit(1);
}

/** What the comments of all sources say about Linux, in the order of the files' paths. */
function comments() {
  const files = sourcesOf(root);
  return {
    citations: files.flatMap(({ path, text }) => citationsOf(path, text)),
    remarks: files.flatMap(({ path, text }) => remarksOf(path, text)),
  };
}
