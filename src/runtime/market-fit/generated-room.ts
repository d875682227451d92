/**
 * Generated room: the parts of the generated market that a fit works with, behind one door.
 *
 * What must stay true: nothing here but names; whatever else of the runtime wants to make a market
 * goes by `market-source.ts`.
 */
export { hawkesRates } from "../../simulation/generated/flow-hawkes.ts";
export {
  GENERATED_INSTRUMENT,
  GeneratedMarket,
  type GeneratedMarketConfig,
  generateMarket,
} from "../../simulation/generated/market.ts";
export { resolveMarketConfig } from "../../simulation/generated/market-config.ts";
export {
  DEFAULT_PROFILE,
  type MarketProfile,
  meanOf,
  type PowerLaw,
} from "../../simulation/generated/profile.ts";
export { World } from "../../simulation/world/world.ts";
