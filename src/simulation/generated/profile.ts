/**
 * Market profile: every number of a generated market, as plain JSON.
 *
 * The default resembles a BTC perpetual with a tick of 0.10 and a lot of 0.001. Rates are per
 * second of market time, which runs faster than the clock when the market is busy. Distances are
 * in ticks, sizes in lots.
 *
 * What must stay true: a profile is complete. Nothing about the market's people is written
 * elsewhere, so two markets with the same profile, seed and times are the same market.
 */
import { invariant } from "../../core/domain/errors.ts";

export type FlowKind = "zero-intelligence" | "hawkes" | "queue-reactive";

/** A power law on [least, most]: P(X > x) falls as x^−exponent. */
export interface PowerLaw {
  readonly least: number;
  readonly most: number;
  readonly exponent: number;
}

/** Where the crowd's limit orders stand and how long. */
export interface CrowdProfile {
  /** Share of the limit orders that are placed near the touch and are soon gone. */
  readonly nearShare: number;
  /** Distance of a near order from the other side's best price. */
  readonly nearDistance: PowerLaw;
  /** Mean life of a near order, seconds. */
  readonly nearLifetime: number;
  /** The patient orders arrive evenly within this many ticks of the other side's best price. */
  readonly band: number;
  /** Mean life of a patient order, seconds. */
  readonly patientLifetime: number;
  readonly nearLots: PowerLaw;
  readonly patientLots: PowerLaw;
  readonly marketLots: PowerLaw;
  /** Ticks from the best price beyond which no taker follows: what is left is not traded. */
  readonly collar: number;
}

/** Events without memory: Poisson processes. */
export interface ZeroIntelligenceProfile {
  readonly limitsPerSecond: number;
  readonly cancelsPerSecond: number;
  readonly marketsPerSecond: number;
}

/**
 * Six kinds of event: market, limit and cancel, each by buyers and by sellers, in this order:
 * market buy, market sell, limit buy, limit sell, cancel bid, cancel ask.
 */
export interface HawkesProfile {
  /** Events of each kind per second that nothing has excited. */
  readonly base: readonly number[];
  /** `branching[i][j]`: events of kind i that one event of kind j sets off on average. */
  readonly branching: readonly (readonly number[])[];
  /**
   * The excitement is a sum of exponentials, each with a share of the branching: the event rate
   * that one event adds decays as exp(−perSecond × seconds).
   */
  readonly decays: readonly { readonly perSecond: number; readonly share: number }[];
}

/** Intensities at a level are functions of the queue that stands there. */
export interface QueueReactiveProfile {
  /** Lots in one unit of queue: a queue of n units is in state n. */
  readonly unitLots: number;
  /** Levels from the reference price at which the functions differ; the last one holds beyond. */
  readonly levels: readonly QueueIntensities[];
  /** Ticks between two levels of the model. */
  readonly spacing: number;
  /** Events per second of the patient crowd beyond the levels. */
  readonly patientPerSecond: number;
}

/** Events per second at a queue of 0, 1, 2 … units; the last figure holds beyond. */
export interface QueueIntensities {
  readonly limit: readonly number[];
  readonly cancel: readonly number[];
  readonly market: readonly number[];
}

export interface MakerProfile {
  readonly count: number;
  /** Times a second that each looks at its quotes at an activity of one. */
  readonly wakesPerSecond: number;
  /** It looks activity^haste times as often: 1 keeps up with the market, 0 never hurries. */
  readonly haste: number;
  readonly levels: number;
  /** Ticks that its best quotes stand from its fair value, beyond the nearest tick. */
  readonly halfSpread: number;
  /** Ticks between its levels. */
  readonly spacing: number;
  /** Lots at the first level, and by what factor each next one is larger. */
  readonly lots: number;
  readonly growth: number;
  /** Seconds over which its fair value follows a price that flow and value do not explain. */
  readonly memory: number;
  /** Seconds over which it expects such a premium to go away. */
  readonly reversion: number;
  /**
   * Ticks that one unit of signed flow (a taker's order of one lot) has moved its fair value by one
   * second later. It expects the move to decay as time^−`decay`, from the first to the last of
   * `scales` seconds, a sum of exponentials.
   */
  readonly learning: number;
  readonly decay: number;
  readonly scales: readonly number[];
  /** Ticks that its quotes lean per lot that it holds and has not hedged. */
  readonly aversion: number;
  /** Seconds over which it hedges elsewhere what it holds. */
  readonly hedging: number;
  /** Standard deviation in ticks of how its view differs from the others' at any time. */
  readonly dissent: number;
  /** Takes orders that stand this many ticks on the wrong side of its fair value. */
  readonly snipeBeyond: number;
  readonly snipeLots: number;
  /** A quote is left alone while it is within this many ticks of where it should be. */
  readonly tolerance: number;
}

export interface MetaorderProfile {
  readonly perSecond: number;
  readonly lots: PowerLaw;
  /** Participation in the market's average volume, least and most: uniform in its logarithm. */
  readonly participation: readonly [number, number];
  readonly sliceLots: PowerLaw;
  readonly most: number;
}

export interface MomentumProfile {
  readonly wakesPerSecond: number;
  /** Seconds over which it measures the trend. */
  readonly memory: number;
  /** Trend in ticks per √second from which it acts. */
  readonly threshold: number;
  readonly lots: number;
}

export interface FundamentalProfile {
  readonly wakesPerSecond: number;
  /** Ticks of distance from the value at which it certainly acts; less likely the nearer. */
  readonly scale: number;
  readonly lots: number;
}

/** How positions that are closed by force are worked off. */
export interface LiquidationProfile {
  /** Open positions as a share of a day's volume. */
  readonly openInterest: number;
  readonly perSecond: number;
  /** Mean lots of one order. */
  readonly orderLots: number;
}

export interface MarketProfile {
  readonly flow: FlowKind;
  readonly zeroIntelligence: ZeroIntelligenceProfile;
  readonly hawkes: HawkesProfile;
  readonly queueReactive: QueueReactiveProfile;
  readonly crowd: CrowdProfile;
  readonly makers: MakerProfile;
  readonly metaorders: MetaorderProfile;
  readonly momentum: MomentumProfile;
  readonly fundamental: FundamentalProfile;
  readonly liquidations: LiquidationProfile;
  /** Lots that trade per second on average: what a participation rate is a share of. */
  readonly volumePerSecond: number;
  /** Messages per second at an activity of one: `eventsPerSecond` is measured against it. */
  readonly messagesPerSecond: number;
  /** Ticks that the fundamental value moves when its logarithm moves by one. */
  readonly valueTicks: number;
  /** Standard deviation of a day's log return of the fundamental value, at an activity of one. */
  readonly dailyVolatility: number;
  /** Spells of activity on top of the world's: a spread of the log, and a memory. */
  readonly bursts: readonly { readonly spread: number; readonly memorySeconds: number }[];
  /** Ticks per second that the value drifts at a pressure of one that the user asks for. */
  readonly trendTicks: number;
  /** Share of the side of orders that a pressure of one tilts. */
  readonly pressureTilt: number;
}

/** Mean of a power law on [least, most], whose exponent is not one. */
export function meanOf({ least, most, exponent }: PowerLaw): number {
  const cut = 1 - (least / most) ** exponent;
  const above = least * (1 - (least / most) ** (exponent - 1));
  return ((exponent / (exponent - 1)) * above) / cut;
}

export const DEFAULT_PROFILE: MarketProfile = {
  flow: "hawkes",
  zeroIntelligence: { limitsPerSecond: 90, cancelsPerSecond: 20, marketsPerSecond: 5 },
  hawkes: {
    base: [0.4, 0.4, 18, 18, 3, 3],
    branching: [
      [0.35, 0.05, 0.005, 0, 0.01, 0],
      [0.05, 0.35, 0, 0.005, 0, 0.01],
      [0.6, 1.2, 0.4, 0.05, 0.1, 0.1],
      [1.2, 0.6, 0.05, 0.4, 0.1, 0.1],
      [0.2, 0.6, 0.05, 0.05, 0.3, 0.05],
      [0.6, 0.2, 0.05, 0.05, 0.05, 0.3],
    ],
    decays: [
      { perSecond: 8, share: 0.7 },
      { perSecond: 0.2, share: 0.3 },
    ],
  },
  queueReactive: {
    unitLots: 500,
    levels: [
      { limit: [20, 14, 10, 8, 6], cancel: [0, 3, 5, 6, 7], market: [0, 3, 2.5, 2, 2] },
      { limit: [4, 4, 4, 3, 3], cancel: [0, 1, 2, 3, 4], market: [0, 0, 0, 0, 0] },
    ],
    spacing: 2,
    patientPerSecond: 60,
  },
  crowd: {
    nearShare: 0.5,
    nearDistance: { least: 1, most: 60, exponent: 0.8 },
    nearLifetime: 1,
    band: 2_000,
    patientLifetime: 120,
    nearLots: { least: 20, most: 2_000, exponent: 1 },
    patientLots: { least: 120, most: 20_000, exponent: 1.2 },
    marketLots: { least: 30, most: 20_000, exponent: 1.3 },
    collar: 80,
  },
  makers: {
    count: 3,
    wakesPerSecond: 8,
    haste: 0.5,
    levels: 6,
    halfSpread: 0,
    spacing: 4,
    lots: 300,
    growth: 1.15,
    memory: 10,
    reversion: 300,
    learning: 0.22,
    decay: 0.5,
    scales: [0.25, 1, 4, 16, 64, 256, 1_024],
    aversion: 0.001,
    hedging: 10,
    dissent: 1,
    snipeBeyond: 20,
    snipeLots: 5_000,
    tolerance: 1,
  },
  metaorders: {
    perSecond: 0.4,
    lots: { least: 1_500, most: 500_000, exponent: 1.5 },
    participation: [0.015, 0.15],
    sliceLots: { least: 100, most: 20_000, exponent: 1.5 },
    most: 64,
  },
  momentum: { wakesPerSecond: 2, memory: 10, threshold: 40, lots: 50 },
  fundamental: { wakesPerSecond: 2, scale: 2_000, lots: 300 },
  liquidations: { openInterest: 0.075, perSecond: 3, orderLots: 500 },
  volumePerSecond: 7_300,
  messagesPerSecond: 186,
  valueTicks: 642_500,
  dailyVolatility: 0.02,
  bursts: [
    { spread: 0.6, memorySeconds: 3 },
    { spread: 0.6, memorySeconds: 20 },
    { spread: 0.6, memorySeconds: 150 },
  ],
  trendTicks: 10,
  pressureTilt: 0.3,
};

/** @throws InvariantError when a market with these numbers could not live. */
export function checkProfile(profile: MarketProfile): void {
  const { crowd, hawkes, makers } = profile;
  invariant(crowd.band >= 10 && crowd.band <= 6_000, `not a band: ${crowd.band} ticks`);
  invariant(crowd.nearShare >= 0 && crowd.nearShare <= 1, `not a share: ${crowd.nearShare}`);
  invariant(makers.count >= 0 && makers.count <= 64, `not a count of makers: ${makers.count}`);
  invariant(hawkes.base.length === 6, `not six kinds of event: ${hawkes.base.length}`);
  for (const { perSecond } of hawkes.decays) invariant(perSecond > 0, `not a decay: ${perSecond}`);
  invariant(profile.messagesPerSecond > 0, `not a rate: ${profile.messagesPerSecond}`);
}
