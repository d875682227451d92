/**
 * Profile schema: what a market profile from outside may say, and every fault in it by its path.
 *
 * A profile comes from a file or from a journal's header. What must stay true: a profile that
 * passes names a market that lives, in bounded memory, however odd its figures.
 */
import { z } from "zod";
import { hawkesRates, type MarketProfile } from "./generated-room.ts";

/** Nothing in a market happens more often, per second of its own time. */
const MOST_PER_SECOND = 20_000;
const MOST_LOTS = 1e9;
/** The book keeps so many ticks on each side. */
const MOST_TICKS = 6_000;
const MOST_SECONDS = 1e6;
/** Orders of the crowd that stand at a time. */
const MOST_STANDING = 1e6;

const from = (least: number, most: number) => z.number().min(least).max(most);
const rate = from(0, MOST_PER_SECOND);
const share = from(0, 1);
const lots = from(0, MOST_LOTS);
const ticks = from(0, 1e6);
const seconds = from(1e-3, MOST_SECONDS);

function law(most: number) {
  return z
    .strictObject({ least: from(1, most), most: from(1, most), exponent: from(0.05, 20) })
    .refine((it) => it.most >= it.least, { path: ["most"], message: "must not be below least" });
}

const lotsLaw = law(MOST_LOTS);

const CROWD = z.strictObject({
  nearShare: share,
  nearDistance: law(MOST_TICKS),
  nearLifetime: seconds,
  band: z.int().min(10).max(MOST_TICKS),
  patientLifetime: seconds,
  nearLots: lotsLaw,
  patientLots: lotsLaw,
  marketLots: lotsLaw,
  collar: z.int().min(1).max(MOST_TICKS),
});

const KINDS = 6;

const HAWKES = z
  .strictObject({
    base: z.array(rate).length(KINDS),
    branching: z.array(z.array(from(0, 10)).length(KINDS)).length(KINDS),
    decays: z
      .array(z.strictObject({ perSecond: from(1e-4, 1e4), share }))
      .min(1)
      .max(8),
  })
  .superRefine((hawkes, context) => {
    const shares = hawkes.decays.reduce((sum, decay) => sum + decay.share, 0);
    if (Math.abs(shares - 1) > 1e-6) {
      context.addIssue({ code: "custom", path: ["decays"], message: "shares must sum to 1" });
    }
    const total = hawkesRates(hawkes).reduce((sum, each) => sum + each, 0);
    if (!(total <= MOST_PER_SECOND)) {
      const message = `sets off more events than it has: over ${MOST_PER_SECOND} a second`;
      context.addIssue({ code: "custom", path: ["branching"], message });
    }
    if (!hawkes.base.some((each) => each > 0)) {
      context.addIssue({ code: "custom", path: ["base"], message: "nothing ever happens" });
    }
  });

const rates = z.array(rate).min(1).max(64);

const QUEUE_REACTIVE = z.strictObject({
  unitLots: from(1, MOST_LOTS),
  levels: z
    .array(z.strictObject({ limit: rates, cancel: rates, market: rates }))
    .min(1)
    .max(16),
  spacing: z.int().min(1).max(1_000),
  patientPerSecond: rate,
});

const MAKERS = z.strictObject({
  count: z.int().min(0).max(64),
  wakesPerSecond: from(1e-3, 1_000),
  haste: from(0, 2),
  levels: z.int().min(1).max(50),
  halfSpread: ticks,
  spacing: z.int().min(1).max(1_000),
  lots,
  growth: from(0.1, 3),
  memory: seconds,
  reversion: seconds,
  learning: from(0, 1e4),
  decay: from(0, 3),
  scales: z.array(seconds).min(1).max(16),
  aversion: from(0, 1e3),
  hedging: seconds,
  dissent: ticks,
  snipeBeyond: ticks,
  snipeLots: lots,
  tolerance: ticks,
});

const METAORDERS = z.strictObject({
  perSecond: rate,
  lots: lotsLaw,
  participation: z
    .tuple([from(1e-6, 1), from(1e-6, 1)])
    .refine(([low, high]) => high >= low, "the second must not be below the first"),
  sliceLots: lotsLaw.refine(({ exponent }) => exponent !== 1, {
    path: ["exponent"],
    message: "must not be exactly 1",
  }),
  most: z.int().min(0).max(10_000),
});

const BURST = z.strictObject({ spread: from(0, 3), memorySeconds: from(1, 1e7) });

export const PROFILE = z
  .strictObject({
    flow: z.enum(["zero-intelligence", "hawkes", "queue-reactive"]),
    zeroIntelligence: z.strictObject({
      limitsPerSecond: rate,
      cancelsPerSecond: rate,
      marketsPerSecond: rate,
    }),
    hawkes: HAWKES,
    queueReactive: QUEUE_REACTIVE,
    crowd: CROWD,
    makers: MAKERS,
    metaorders: METAORDERS,
    momentum: z.strictObject({
      wakesPerSecond: from(0, 1_000),
      memory: seconds,
      threshold: ticks,
      lots,
    }),
    fundamental: z.strictObject({
      wakesPerSecond: from(0, 1_000),
      scale: from(1e-3, 1e9),
      lots,
    }),
    liquidations: z.strictObject({
      openInterest: from(0, 100),
      perSecond: from(1e-3, 1_000),
      orderLots: from(1, MOST_LOTS),
    }),
    volumePerSecond: from(1e-6, 1e12),
    messagesPerSecond: from(1e-3, 1e6),
    valueTicks: from(1, 1e10),
    dailyVolatility: from(0, 2),
    bursts: z.array(BURST).max(8),
    trendTicks: ticks,
    pressureTilt: from(0, 0.5),
  })
  .superRefine(({ crowd, hawkes }, context) => {
    const [, , buys = 0, sells = 0] = hawkesRates(hawkes);
    const longest = Math.max(crowd.patientLifetime, crowd.nearLifetime);
    if ((buys + sells) * longest > MOST_STANDING) {
      const message = `over ${MOST_STANDING} orders would stand at a time`;
      context.addIssue({ code: "custom", path: ["crowd", "patientLifetime"], message });
    }
  }) satisfies z.ZodType<MarketProfile>;

/**
 * The world of a fitted market: a clock without hours and a single regime, because a recording of
 * minutes cannot tell the one or the other.
 */
export const FLAT_WORLD = {
  session: { shape: "flat" },
  regimes: [{ name: "recorded", volatility: 1, activity: 1, meanHours: 24, next: { recorded: 1 } }],
} as const;

const REGIME = z.strictObject({
  name: z.literal("recorded"),
  volatility: z.literal(1),
  activity: z.literal(1),
  meanHours: z.literal(24),
  next: z.strictObject({ recorded: z.literal(1) }),
});

export const WORLD = z.strictObject({
  session: z.strictObject({ shape: z.literal("flat") }),
  regimes: z.tuple([REGIME]),
});

export type FittedWorld = typeof FLAT_WORLD;
