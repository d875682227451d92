/**
 * `arrival/tca`: cost analysis by itself, for fills of any origin. Pure: it runs in a browser too.
 */
export * from "../domain/instrument.ts";
export * from "../domain/units.ts";
export type * from "./execution.ts";
export { type Metrics, metrics } from "./metrics.ts";
export {
  CLUSTERS_MIN,
  holm,
  type Pair,
  type PairedDifference,
  pairedDifference,
} from "./paired-difference.ts";
export { type PartialShortfall, partialShortfall } from "./partial-shortfall.ts";
export { analyse, type ExecutionReport, TARGETS } from "./report.ts";
export { type Shortfall, shortfall, type ShortfallParts } from "./shortfall.ts";
