import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { oneSource } from './kernel-lib/build/vitest.mjs';

// The continuous run reads its closing line from this file.
const report = process.env.FAULTBOOK_TEST_REPORT;

const sources = fileURLToPath(new URL('kernel-lib', import.meta.url));

// Their subjects exist once, or they drive both builds themselves.
const onceOnly = [
  'arch',
  'base',
  'build',
  'cli',
  'exercise',
  'explore',
  'house',
  'matrix',
  'notebook',
  'own',
  'patches',
  'scenario',
  'trace',
  'view',
];

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
    projects: [
      {
        extends: true,
        plugins: [oneSource(sources, 'fast')],
        test: { name: 'fast', include: ['test/**/*.test.ts'], env: { FAULTBOOK_BUILD: 'fast' } },
      },
      {
        extends: true,
        plugins: [oneSource(sources, 'stepped')],
        test: {
          name: 'stepped',
          env: { FAULTBOOK_BUILD: 'stepped' },
          include: ['test/**/*.test.ts'],
          exclude: onceOnly.map((folder) => `test/${folder}/**`),
        },
      },
    ],
  },
});
