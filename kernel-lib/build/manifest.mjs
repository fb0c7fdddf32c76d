// Writes datasets/manifest.json from the files in datasets/recordings/: `npm run manifest`, after `npm run build`.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { recordedKernel } from '../../dist/trace/kernel.js';
import { openRecordingFile } from '../../dist/trace/node/recording-file.js';

const datasets = fileURLToPath(new URL('../../datasets/', import.meta.url));

const recorded =
  'QEMU (TCG), one CPU, 640 MiB of RAM, 4 KiB pages, 32 MiB of swap, Debian kernels; every program in two boots, ' +
  'in opposite order, and only what agreed was kept. README.md describes settings, programs and fields.';

async function describe(file) {
  const bytes = readFileSync(datasets + file);
  const recording = await openRecordingFile(datasets + file);
  const profiles = {};
  let programs = 0;
  let operations = 0;
  for await (const program of recording.programs) {
    programs++;
    operations += program.operations.length;
    profiles[program.header.profile] = (profiles[program.header.profile] ?? 0) + 1;
  }
  const kernel = recordedKernel(recording.header);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const uname = recording.header.release;
  return { file, ...kernel, uname, programs, profiles, operations, bytes: bytes.length, sha256 };
}

const files = readdirSync(`${datasets}recordings`)
  .filter((name) => name.endsWith('.jsonl.gz'))
  .sort();
const recordings = [];
for (const name of files) recordings.push(await describe(`recordings/${name}`));
writeFileSync(`${datasets}manifest.json.new`, `${JSON.stringify({ recorded, recordings }, null, 2)}\n`);
renameSync(`${datasets}manifest.json.new`, `${datasets}manifest.json`);
