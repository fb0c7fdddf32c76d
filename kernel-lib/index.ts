export { InputError, VmBug } from './base/error.js';
export type { FaultRow } from './trace/faults.js';
export { recordings } from './trace/node/recordings.js';
export { faultStatistics, type FaultSummary, type Summary } from './trace/statistics.js';
