export { InputError, VmBug } from './base/error.js';
export { type LeafLevel, pteCodec, pteVal, setPteVal } from './arch/codec.js';
export { archById, arches } from './arch/variants.js';
export { swapKind, swapType, swapTypes } from './pgtable/swapops.js';
export { type DecodedPte, decodePte } from './pgtable/decode.js';
export { encodePresentPte, encodeSwapPte } from './pgtable/encode.js';
export { type Finding, findings } from './pgtable/findings.js';
export { type RankedPte, rankPte } from './pgtable/rank.js';
export type { FaultRow } from './trace/faults.js';
export { type Citation, type Comments, type Remark, modelComments } from './notebook/comments.js';
export type { FaultCount, TracedFaultRow, TracedFaults } from './trace/import/traced-faults.js';
export { type Imported, importPagemap, importText } from './trace/import/import.js';
export type { PageRow, PagemapStatistics } from './trace/import/pagemap-statistics.js';
export type { MappingRow, SmapsStatistics } from './trace/import/smaps-statistics.js';
export type { Aspect } from './trace/comparison.js';
export type { AgreementRow, Conformance, FirstDifference, Tally } from './trace/conformance.js';
export { type KnownDifference, knownDifferences } from './trace/known-differences.js';
export { conform, type ConformOptions } from './trace/node/conform.js';
export { recordings } from './trace/node/recordings.js';
export { faultStatistics, type FaultSummary, type Summary } from './trace/statistics.js';
export type { Held, Touch } from './trace/touches.js';
export { Figure, type FigureSpec, type PlotlyFigure, type PlotlyObject } from './view/figure.js';
export { display, mimeBundle, type Displayable, type MimeBundle } from './view/mime.js';
export { Table, type TableSpec } from './view/table.js';
export * as view from './view/view.js';
export { Widget } from './view/widget.js';
export {
  type KernelFunctions,
  type OwnChanges,
  OwnPatch,
  type SourceEdit,
  kernelSource,
  ownPatch,
  patchSource,
} from './own/own-patch.js';
export { type BootOptions, type DaxOptions, Linux, boot } from './sys/boot.js';
export {
  type Monitor,
  type UffdFeature,
  Userfaultfd,
  type UserfaultfdOptions,
  type UserfaultMessage,
} from './sys/userfaultfd.js';
export { DaxDevice } from './sys/dax-device.js';
export { type CachedPage, Disk, DiskFile } from './sys/disk-file.js';
export { DevicePin, PagePipe } from './sys/held-pages.js';
export { AccessError, type Faults, type MmapOptions, Process, SystemCallError } from './sys/process.js';
export { type PatchName, catalogue } from './patches/catalogue.js';
export type { Patch } from './patches/patch.js';
export { patchesOf, releaseNames } from './patches/releases.js';
export { type SplitOperator, type ThpSplitOrder, thpSplitOrders } from './patches/thp-split-order.js';
export { type VariantOptions, type Variants, thpSplitOrderOptions } from './patches/variants.js';
export {
  type BitOrigin,
  type SwapFigures,
  exclusiveBitOrigin,
  swapFigures,
} from './pgtable/exclusive-bit.js';
export { type SeriesPatch, swpExclusiveSeries } from './patches/swp-exclusive-series.js';
export { type Flip, flipsBetween } from './scenario/bisect.js';
export { Comparison, compare } from './scenario/comparison.js';
export { effectOf, effectRecord } from './scenario/effect-of.js';
export { type Effect, effects } from './scenario/effects.js';
export { Run, type RunOptions, runScenario } from './scenario/run.js';
export type { SeenEntry, SeenMapping, SeenPin, StepReport } from './scenario/step-report.js';
export type { Kernel, Scenario } from './scenario/scenario.js';
export { scenarioByName, scenarios } from './scenario/scenarios.js';
export {
  type ExploreOptions,
  type ExploreProgress,
  explore,
  exploring,
  replay,
} from './scenario/exploration.js';
export { Exploration, type FoundViolation } from './scenario/explored.js';
export { type ShardResult, mergeShards } from './scenario/shards.js';
export { Replay, type ReplayStep } from './scenario/replay.js';
export {
  type BadCell,
  type DirtyMatrix,
  type MachineRow,
  type MatrixOptions,
  dirtyMatrix,
} from './matrix/dirty-matrix.js';
export { dirtyHeatmap } from './matrix/heatmap.js';
export { raceByName, races } from './scenario/races.js';
export { check } from './exercise/check.js';
export { Verdict } from './exercise/verdict.js';
export { growthFigure, hostFigure } from './bench/figures.js';
export { type Measured, benchmark } from './bench/measured.js';
