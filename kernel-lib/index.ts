export { InputError, VmBug } from './base/error.js';
export type { FaultRow } from './trace/faults.js';
export { recordings } from './trace/node/recordings.js';
export { faultStatistics, type FaultSummary, type Summary } from './trace/statistics.js';
export { Figure, type FigureSpec, type PlotlyFigure, type PlotlyObject } from './view/figure.js';
export { display, mimeBundle, type Displayable, type MimeBundle } from './view/mime.js';
export { Table, type TableSpec } from './view/table.js';
export * as view from './view/view.js';
