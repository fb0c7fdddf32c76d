import { parseArgs } from 'node:util';
import { startKernel } from 'tslab/dist/main.js';

const { values } = parseArgs({ options: { 'connection-file': { type: 'string' } } });
startKernel({ configPath: values['connection-file'] ?? '', enableFindLocal: false });
