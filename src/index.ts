/**
 * The public API: what a program that uses Arrival as a library may rely on.
 *
 * Units are branded integers (`core/domain/units.ts`), costs are signed (positive = paid), times
 * are microseconds since the Unix epoch. Everything else in the package may change without notice.
 */
export type {
  BoundStrategy,
  DayCurve,
  ParameterFault,
  Plan,
  Strategy,
  StrategyView,
  Target,
} from "./core/contracts/strategy.ts";
export { TOUCH, type Tactic, type TacticKind } from "./core/contracts/tactic.ts";
export * from "./core/domain/child-order.ts";
export * from "./core/domain/decimal.ts";
export type * from "./core/domain/decision.ts";
export * from "./core/domain/errors.ts";
export * from "./core/domain/instrument.ts";
export type * from "./core/domain/messages.ts";
export * from "./core/domain/money.ts";
export * from "./core/domain/parent-order.ts";
export type * from "./core/domain/refusal.ts";
export * from "./core/domain/side.ts";
export * from "./core/domain/units.ts";
export { Engine, type EngineConfig } from "./core/engine.ts";
export { executionOf } from "./core/execution/execution-record.ts";
export {
  DEFAULT_EXECUTION_CONFIG,
  DEFAULT_RISK_LIMITS,
  type ExecutionConfig,
  type RiskLimits,
} from "./core/execution/limits.ts";
export { Book } from "./core/market/book.ts";
export * from "./core/market/columns.ts";
export type { Execution, ExecutedFill } from "./core/tca/execution.ts";
export { analyse, type ExecutionReport } from "./core/tca/report.ts";
export { shortfall, type Shortfall } from "./core/tca/shortfall.ts";
export { describeRecording, type RecordingInfo } from "./data/describe.ts";
export { type DataFault, readRecording, type Recording } from "./data/recording.ts";
export { verifyRecording, type VerifyReport } from "./data/verify.ts";
export { type ImpactCheck, impactChecks } from "./impact/conformance.ts";
export { type ImpactLaw, type ImpactModel, impactModel } from "./impact/impact-model.ts";
export {
  ESTIMATOR_DEFAULTS,
  type EstimatorSettings,
  ImpactEstimator,
} from "./impact/impact-estimator.ts";
export type { ImpactObservation } from "./impact/impact-observation.ts";
export { findImpactModel, impactModels } from "./impact/registry.ts";
export { analyseImport, type ImportedOrder, type ImportRequest } from "./runtime/analyse-import.ts";
export type { Arm } from "./runtime/arm.ts";
export {
  type Backtest,
  type BacktestRequest,
  type BacktestResult,
  prepareBacktest,
} from "./runtime/backtest.ts";
export { compare, type CompareRequest } from "./runtime/compare.ts";
export type { ArmSummary, Comparison, Outcome } from "./runtime/comparison.ts";
export { type ArrivalConfig, DEFAULT_CONFIG, loadConfig, parseConfig } from "./runtime/config.ts";
export { estimate, type Estimate, type EstimateRequest } from "./runtime/estimate.ts";
export {
  type ImportedFill,
  type ImportedFills,
  type ImportFault,
  readFills,
} from "./runtime/imported-fills.ts";
export type { MarketSink } from "./data/capture.ts";
export {
  LiveRecording,
  type LiveRecordingOptions,
  type RecordingSummary,
} from "./data/recorder/live-recording.ts";
export { MarketRecorder, type MarketRecorderOptions } from "./data/recorder/market-recorder.ts";
export type { JournalRecord, JournalSink } from "./runtime/journal/journal.ts";
export {
  type LiveFault,
  type LiveRequest,
  type LiveResult,
  LiveRun,
  type LiveRunOptions,
  type ResumeOptions,
} from "./runtime/live/live-run.ts";
export { openLiveRun, resumeLiveRun } from "./runtime/live/open-run.ts";
export { newParentId } from "./runtime/live/parent-id.ts";
export { hindrances, type Preflight } from "./runtime/live/preflight.ts";
export { chooseVenue, type VenueChoice } from "./runtime/live/venue-choice.ts";
export { openJournal } from "./runtime/journal/reader.ts";
export { createJournal } from "./runtime/journal/writer.ts";
export { type MarketSpec, openMarket, type OpenMarket } from "./runtime/market-source.ts";
export { loadPlugins, type Plugin, type PluginFault } from "./runtime/plugin.ts";
export { replay, type ReplayResult } from "./runtime/replay.ts";
export { runSweep, type SweepOptions, type SweepRun } from "./runtime/sweep.ts";
export type { SweepRequest } from "./runtime/sweep-request.ts";
export { type FeeSchedule } from "./simulation/fees.ts";
export { generateMarket, generatedHeader } from "./simulation/generated/market.ts";
export { findStrategy, strategies } from "./strategies/registry.ts";
export { tactics } from "./strategies/tactics/registry.ts";
export type { Windows } from "./runtime/window.ts";
export type * from "./venues/venue.ts";
