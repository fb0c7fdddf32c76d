/**
 * Everything that turns data into something to look at: `import { view } from 'faultbook'`. One line per function.
 */
export { atlas } from './atlas.js';
export { bars, type BarsOptions } from './bars.js';
export { bitfield, type BitFieldOptions } from './bitfield.js';
export { boxes, type BoxesOptions } from './boxes.js';
export { decisionTree, type Decision } from './decision-tree.js';
export { type FaultCounters, faultFlow } from './fault-flow.js';
export { faults } from './faults.js';
export { heatmap, type HeatmapOptions } from './heatmap.js';
export { histogram, type HistogramOptions } from './histogram.js';
export { lines, type LinesOptions } from './lines.js';
export { pageTables, type PageTablesOptions } from './page-tables.js';
export { pagemap } from './pagemap.js';
export { pte } from './pte.js';
export { pteDecoder, type PteDecoderOptions } from './pte-decoder.js';
export { smaps } from './smaps.js';
export { table, type TableOptions } from './records.js';
export { timeline, type TimelineRow } from './timeline.js';
