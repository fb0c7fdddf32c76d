import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { Command } from 'commander';
import { InputError } from '../base/error.js';
import { fileError } from '../trace/node/file-error.js';
import {
  type VectorFile,
  type VectorMismatch,
  type VectorReport,
  verifyVectors,
} from '../pgtable/vectors.js';

const described = 10;

/** `faultbook pte verify FILES…`: exit 1 if any vector disagrees or is of something unknown. */
export function pteVerify(): Command {
  return new Command('verify')
    .description('compares PTE vectors (.json or .json.gz) with the architecture records')
    .argument('<files...>')
    .option('--json', 'print one JSON object')
    .action((files: string[], { json }: { json?: boolean }) => {
      const report = files.map(verifyFile).reduce(add);
      process.stdout.write(json ? `${JSON.stringify(report)}\n` : describe(report));
      process.exitCode = report.agree === report.vectors ? 0 : 1;
    });
}

/** @throws InputError naming the file, if it cannot be read or holds no vectors */
function verifyFile(path: string): VectorReport {
  try {
    const bytes = readFileSync(path);
    const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
    return verifyVectors(JSON.parse(text) as VectorFile, described);
  } catch (err) {
    throw err instanceof InputError
      ? new InputError(`${path}: ${err.message}`)
      : fileError(path, err, 'a file of vectors');
  }
}

function add(a: VectorReport, b: VectorReport): VectorReport {
  return {
    vectors: a.vectors + b.vectors,
    agree: a.agree + b.agree,
    disagree: a.disagree + b.disagree,
    unsupported: a.unsupported + b.unsupported,
    first: [...a.first, ...b.first].slice(0, described),
  };
}

function describe({ vectors, agree, disagree, unsupported, first }: VectorReport): string {
  const lines = [`${vectors} vectors: ${agree} agree, ${disagree} disagree, ${unsupported} unsupported`];
  return [...lines, ...first.map(describeMismatch)].map((line) => `${line}\n`).join('');
}

function describeMismatch({ variant, state, vector, column, expected, got }: VectorMismatch): string {
  return `${variant} ${state}, ${vector}: ${column} is ${String(expected)}, the record makes it ${String(got)}`;
}
