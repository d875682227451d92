/**
 * Knobs: the numbers of a market that have no estimator of their own, each with the moment that
 * tells it and the way it is turned.
 *
 * Each knob moves its own moment far more than any other, so the simulated moments are met by
 * turning all of them at once, a little at a time. What must stay true: knobs at rest leave the
 * starting market as it is.
 */
import { hawkesRates, type MarketProfile, type PowerLaw } from "./generated-room.ts";
import type { MomentName } from "./moments.ts";
import type { StartingMarket } from "./starting-market.ts";

interface KnobShape {
  readonly name: string;
  readonly moment: MomentName;
  /** A share of what is there; in ticks; or as it stands. */
  readonly turns: "factor" | "ticks" | "sum";
  /** How far it is turned for what is missing of the moment: less than would do, for safety. */
  readonly gain: number;
  readonly least: number;
  readonly most: number;
  /** Where in the profile it acts. */
  readonly paths: readonly string[];
}

/** Of logarithms where a knob is a factor. */
const FAR = Math.log(100);
const factor = { turns: "factor", least: -FAR, most: FAR } as const;

export const KNOBS = [
  {
    ...factor,
    name: "takers",
    moment: "ordersPerSecond",
    gain: 0.8,
    paths: ["hawkes.base[0..1]", "metaorders.perSecond"],
  },
  {
    ...factor,
    name: "takerLots",
    moment: "orderSize",
    gain: 0.9,
    paths: ["crowd.marketLots", "metaorders.lots", "metaorders.sliceLots", "makers.snipeLots"],
  },
  {
    ...factor,
    name: "limits",
    moment: "limitsPerSecond",
    gain: 0.8,
    paths: ["hawkes.base[2..5]", "hawkes.branching[2..5][0..1]"],
  },
  {
    ...factor,
    name: "touchLots",
    moment: "touchDepth",
    gain: 0.8,
    paths: ["makers.lots"],
  },
  {
    ...factor,
    name: "patience",
    moment: "reachDepth",
    gain: 0.7,
    least: -Math.log(200),
    most: Math.log(20),
    paths: ["crowd.patientLifetime"],
  },
  {
    name: "halfSpread",
    moment: "spread",
    turns: "ticks",
    gain: 0.4,
    least: 0,
    most: 1_000,
    paths: ["makers.halfSpread", "crowd.nearDistance.least"],
  },
  {
    ...factor,
    name: "learning",
    moment: "response",
    gain: 0.6,
    paths: ["makers.learning"],
  },
  {
    ...factor,
    name: "value",
    moment: "volatility10",
    gain: 0.9,
    paths: ["dailyVolatility"],
  },
  {
    ...factor,
    name: "bursts",
    moment: "busyness",
    gain: 0.6,
    least: -Math.log(50),
    most: Math.log(2),
    paths: ["bursts[].spread"],
  },
  {
    // Makers who take stale orders take again and again on one side.
    ...factor,
    name: "snipes",
    moment: "signMemory1",
    gain: -1,
    least: -Math.log(4),
    most: Math.log(8),
    paths: ["makers.snipeBeyond"],
  },
  {
    name: "sameSide",
    moment: "branchingSame",
    turns: "sum",
    gain: 0.7,
    least: -1,
    most: 1,
    paths: ["hawkes.branching[0][0]", "hawkes.branching[1][1]"],
  },
  {
    name: "otherSide",
    moment: "branchingOther",
    turns: "sum",
    gain: 0.7,
    least: -1,
    most: 1,
    paths: ["hawkes.branching[0][1]", "hawkes.branching[1][0]"],
  },
] as const satisfies readonly KnobShape[];

export type KnobName = (typeof KNOBS)[number]["name"];
export type Knob = KnobShape & { readonly name: KnobName };
export type Turned = Readonly<Record<KnobName, number>>;

export const AT_REST: Turned = Object.fromEntries(KNOBS.map(({ name }) => [name, 0])) as Turned;

/** Orders that an order of the crowd sets off by itself: more would not settle. */
const MOST_BRANCHING = 0.85;
const MOST_VOLATILITY = 2;
const MOST_SPREAD = 3;
/** Near orders stand within the reach of the book. */
const MOST_TICKS = 6_000;
const MOST_STANDING = 2e5;

export function turned({ profile }: StartingMarket, by: Turned): MarketProfile {
  const { crowd, makers, metaorders } = profile;
  const takers = Math.exp(by.takers);
  const hawkes = turnedHawkes(profile.hawkes, by);
  const [, , buys = 0, sells = 0] = hawkesRates(hawkes);
  const longest = MOST_STANDING / Math.max(1e-6, (buys + sells) * (1 - crowd.nearShare));
  const least = Math.min(
    MOST_TICKS / 2,
    Math.max(crowd.nearDistance.least, Math.round(by.halfSpread)),
  );
  return {
    ...profile,
    hawkes,
    crowd: {
      ...crowd,
      marketLots: lots(crowd.marketLots, by.takerLots),
      patientLifetime: Math.min(longest, crowd.patientLifetime * Math.exp(by.patience)),
      nearDistance: {
        ...crowd.nearDistance,
        least,
        most: Math.min(MOST_TICKS, Math.max(crowd.nearDistance.most, 2 * least)),
      },
    },
    makers: {
      ...makers,
      lots: makers.lots * Math.exp(by.touchLots),
      snipeLots: Math.max(1, makers.snipeLots * Math.exp(by.takerLots)),
      halfSpread: Math.max(0, makers.halfSpread + by.halfSpread),
      learning: makers.learning * Math.exp(by.learning),
      snipeBeyond: makers.snipeBeyond * Math.exp(by.snipes),
    },
    metaorders: {
      ...metaorders,
      perSecond: metaorders.perSecond * takers,
      lots: lots(metaorders.lots, by.takerLots),
      sliceLots: lots(metaorders.sliceLots, by.takerLots),
    },
    bursts: profile.bursts.map((burst) => ({
      ...burst,
      spread: Math.min(MOST_SPREAD, burst.spread * Math.exp(by.bursts)),
    })),
    dailyVolatility: Math.min(MOST_VOLATILITY, profile.dailyVolatility * Math.exp(by.value)),
  };
}

const lots = (law: PowerLaw, power: number): PowerLaw => {
  const least = Math.max(1, Math.round(law.least * Math.exp(power)));
  const most = Math.max(least + 1, Math.round(law.most * Math.exp(power)));
  return { ...law, least, most };
};

/** More branching with the same number of market orders: fewer of them come by themselves. */
function turnedHawkes(hawkes: MarketProfile["hawkes"], by: Turned): MarketProfile["hawkes"] {
  const takers = Math.exp(by.takers);
  const limits = Math.exp(by.limits);
  const [own = [], crossed = []] = [hawkes.branching[0], hawkes.branching[1]];
  let same = Math.max(0, own[0]! + by.sameSide);
  let other = Math.max(0, own[1]! + by.otherSide);
  const over = (same + other) / MOST_BRANCHING;
  if (over > 1) [same, other] = [same / over, other / over];
  const rates = hawkesRates(hawkes);
  const branching = hawkes.branching.map((row, i) => {
    if (i > 1) return row.map((each, j) => (j < 2 ? each * (limits / takers) : each));
    const others = (i === 0 ? own : crossed).slice(2).map((each) => (each * takers) / limits);
    return i === 0 ? [same, other, ...others] : [other, same, ...others];
  });
  const base = hawkes.base.map((each, i) => {
    if (i > 1) return each * limits;
    const caused = hawkes.branching[i]!.reduce((sum, b, j) => sum + (j < 2 ? 0 : b * rates[j]!), 0);
    return takers * Math.max(0.02 * rates[i]!, (1 - same - other) * rates[i]! - caused);
  });
  return { ...hawkes, base, branching };
}
