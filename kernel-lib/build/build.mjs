// Builds dist/ from kernel-lib/, unless it is built already: `npm run build`.
import { chmodSync, cpSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { citationsOf, remarksOf, sourcesOf } from './citations.mjs';
import { compile } from './compile.mjs';
import { digestOf, textIn } from './digest.mjs';
import { buildLive } from './live.mjs';

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
if (textIn(`${dist}/.sources`) === sources) process.exit(0);

const { options } = ts.parseJsonConfigFileContent(
  ts.readConfigFile(config, ts.sys.readFile).config,
  ts.sys,
  fileURLToPath(new URL('.', import.meta.url)),
);
const fresh = `${dist}.new`;
rmSync(fresh, { recursive: true, force: true });
const problems = compile({ root, outDir: fresh, options });
if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exit(1);
}
cpSync(`${root}/notebook/site/assets`, `${fresh}/notebook/site/assets`, { recursive: true });
cpSync(`${root}/bench/native.c`, `${fresh}/bench/native.c`);
writeFileSync(`${fresh}/comments.json`, JSON.stringify(comments()));
await buildLive({ dist: fresh, datasets, pages: `${root}/notebook/site` });
chmodSync(`${fresh}/cli/main.js`, 0o755);
writeFileSync(`${fresh}/.sources`, sources);
rmSync(dist, { recursive: true, force: true });
renameSync(fresh, dist);

/** What the comments of all sources say about Linux, in the order of the files' paths. */
function comments() {
  const files = sourcesOf(root);
  return {
    citations: files.flatMap(({ path, text }) => citationsOf(path, text)),
    remarks: files.flatMap(({ path, text }) => remarksOf(path, text)),
  };
}
