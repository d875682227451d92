/**
 * Starting market: the default market in the recording's own units, with what was measured put in.
 *
 * A market has three units: its seconds (how often somebody takes), its ticks (how far the price
 * wanders between two takers) and its lots (the mean taker's order). The default profile is tuned
 * to the stylised facts; in other units it has them still. What must stay true: a market fitted to
 * the default market itself begins as the default market.
 */
import type { FlowTape } from "./flow-tape.ts";
import type { MarketProfile, PowerLaw } from "./generated-room.ts";
import type { MeasuredMarket } from "./moments.ts";
import { LEAST_SIZES, sizeLaw } from "./size-law.ts";

/** The recording's units as multiples of the profile's. */
export interface Units {
  /** How many times faster. */
  readonly pace: number;
  readonly ticks: number;
  readonly lots: number;
  /** False: it did not move, and the default's volatility in basis points stands in. */
  readonly isMoveMeasured: boolean;
}

export interface StartingMarket {
  readonly profile: MarketProfile;
  readonly startPrice: number;
  readonly units: Units;
  /** Paths of what was measured, with how many observations and by what. */
  readonly measured: ReadonlyMap<string, { readonly by: string; readonly effective: number }>;
}

/** Fewer returns than this do not name a volatility. */
const LEAST_RETURNS = 20;
const MOST_BAND = 6_000;

/** @param base the profile's market as it was measured at a pace of one. */
export function unitsOf(recorded: MeasuredMarket, base: MeasuredMarket): Units {
  const pace = ratioOf(recorded, base, "ordersPerSecond");
  const rooted = Math.sqrt(pace) * (base.mid / recorded.mid);
  const horizon = isKnown(recorded, "volatility10") ? "volatility10" : "volatility1";
  const isMoveMeasured = isKnown(recorded, horizon);
  const moved = isMoveMeasured ? ratioOf(recorded, base, horizon) : 1;
  return {
    pace,
    ticks: moved / rooted,
    lots: recorded.flow.orderSizes.mean / base.flow.orderSizes.mean,
    isMoveMeasured,
  };
}

const isKnown = ({ moments }: MeasuredMarket, name: "volatility1" | "volatility10"): boolean =>
  (moments[name]?.effective ?? 0) >= LEAST_RETURNS / 2;

function ratioOf(
  recorded: MeasuredMarket,
  base: MeasuredMarket,
  name: "ordersPerSecond" | "volatility1" | "volatility10",
): number {
  const [there, here] = [recorded.moments[name]?.value, base.moments[name]?.value];
  return there === undefined || here === undefined || here === 0 ? 1 : there / here;
}

export function startingMarket(
  recorded: MeasuredMarket,
  base: MeasuredMarket,
  profile: MarketProfile,
): StartingMarket {
  const units = unitsOf(recorded, base);
  const startPrice = Math.round(recorded.mid);
  const scaled = inUnits(profile, units, startPrice);
  const measured = new Map<string, { by: string; effective: number }>();
  const { flow } = recorded;
  const taker = sizeLaw(flow.orderSizes);
  const nearLots = sizeLaw(flow.nearSizes);
  const patientLots = sizeLaw(flow.farSizes);
  const near = nearShareOf(flow, scaled.crowd.nearDistance.most, scaled.crowd.band);
  const crowd = {
    ...scaled.crowd,
    ...(taker === undefined ? {} : { marketLots: taker }),
    ...(nearLots === undefined ? {} : { nearLots }),
    ...(patientLots === undefined ? {} : { patientLots }),
    ...(near === undefined ? {} : { nearShare: near.share }),
  };
  const note = (path: string, by: string, effective: number) =>
    measured.set(path, { by, effective: Math.round(effective) });
  if (taker !== undefined) {
    note("crowd.marketLots", "sizes of market orders", flow.orderSizes.count);
  }
  if (nearLots !== undefined) {
    note("crowd.nearLots", "sizes of limit orders near the touch", flow.nearSizes.count);
  }
  if (patientLots !== undefined) {
    note("crowd.patientLots", "sizes of limit orders farther off", flow.farSizes.count);
  }
  if (near !== undefined) note("crowd.nearShare", "limit orders by distance", near.count);
  note("startPrice", "the mean mid", recorded.seconds);
  note("valueTicks", "the mean mid", recorded.seconds);
  const perSecond = recorded.moments.ordersPerSecond;
  if (perSecond !== undefined) note("pace", "market orders per second", perSecond.effective);
  const volume = recorded.moments.volumePerSecond;
  if (volume !== undefined) note("volumePerSecond", "lots traded per second", volume.effective);
  const lotsPerSecond = flow.orderSizes.sum / Math.max(1, flow.length) / units.pace;
  return {
    profile: { ...scaled, crowd, volumePerSecond: lotsPerSecond },
    startPrice,
    units,
    measured,
  };
}

/** Orders farther than this share of the reach are patient ones alone. */
const FAR = 0.5;

/**
 * Patient orders arrive evenly over a band: the far half of the reach shows how densely, and what
 * stands nearer beyond that is near orders.
 */
function nearShareOf(
  { limitDistances, reach, nearSizes, farSizes }: FlowTape,
  nearMost: number,
  band: number,
): { share: number; count: number } | undefined {
  const last = Math.floor(Math.min(reach, limitDistances.length - 1));
  const from = Math.max(Math.ceil(FAR * last), Math.ceil(nearMost) + 1);
  if (last - from < 5 || farSizes.count < LEAST_SIZES) return undefined;
  const sum = (low: number, high: number): number =>
    limitDistances.subarray(low, high).reduce((total, each) => total + each, 0);
  const perTick = sum(from, last) / (last - from);
  const near = Math.max(0, sum(1, from) - perTick * (from - 1));
  const share = near / (near + perTick * band);
  return { share: Math.min(0.98, Math.max(0.02, share)), count: nearSizes.count + farSizes.count };
}

function inUnits(profile: MarketProfile, units: Units, startPrice: number): MarketProfile {
  const { crowd, makers, metaorders, momentum, fundamental, liquidations } = profile;
  const ticks = (value: number): number => value * units.ticks;
  const whole = (value: number): number => Math.max(1, Math.round(value * units.ticks));
  const lots = (value: number): number => Math.max(1, value * units.lots);
  const lotsLaw = (law: PowerLaw): PowerLaw => {
    const least = Math.max(1, Math.round(law.least * units.lots));
    return { ...law, least, most: Math.max(least + 1, Math.round(law.most * units.lots)) };
  };
  return {
    ...profile,
    queueReactive: {
      ...profile.queueReactive,
      unitLots: lots(profile.queueReactive.unitLots),
      spacing: whole(profile.queueReactive.spacing),
    },
    crowd: {
      ...crowd,
      nearDistance: {
        ...crowd.nearDistance,
        most: Math.min(MOST_BAND, whole(crowd.nearDistance.most)),
      },
      band: Math.min(MOST_BAND, Math.max(10, whole(crowd.band))),
      nearLots: lotsLaw(crowd.nearLots),
      patientLots: lotsLaw(crowd.patientLots),
      marketLots: lotsLaw(crowd.marketLots),
      collar: Math.min(MOST_BAND, whole(crowd.collar)),
    },
    makers: {
      ...makers,
      spacing: whole(makers.spacing),
      lots: lots(makers.lots),
      learning: ticks(makers.learning) / Math.sqrt(units.lots),
      aversion: ticks(makers.aversion) / units.lots,
      dissent: ticks(makers.dissent),
      snipeBeyond: ticks(makers.snipeBeyond),
      snipeLots: lots(makers.snipeLots),
      tolerance: ticks(makers.tolerance),
    },
    metaorders: {
      ...metaorders,
      lots: lotsLaw(metaorders.lots),
      sliceLots: lotsLaw(metaorders.sliceLots),
    },
    momentum: { ...momentum, threshold: ticks(momentum.threshold), lots: lots(momentum.lots) },
    fundamental: { ...fundamental, scale: ticks(fundamental.scale), lots: lots(fundamental.lots) },
    liquidations: { ...liquidations, orderLots: lots(liquidations.orderLots) },
    valueTicks: startPrice,
    dailyVolatility: Math.min(
      2,
      (ticks(profile.dailyVolatility) * profile.valueTicks) / startPrice,
    ),
    trendTicks: ticks(profile.trendTicks),
  };
}
