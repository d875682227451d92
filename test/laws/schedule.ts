/**
 * Schedule: one adversarial session as plain data: a market, a venue's moods, what operators do.
 *
 * Plain data shrinks: fast-check takes away segments, moods and operators until the smallest
 * session that still breaks a law is left. Times are milliseconds since the session began, sizes are
 * in units of the instrument's `unit`, prices are ticks away from where the market began.
 */
import fc from "fast-check";
import { decimal } from "../../src/core/domain/decimal.ts";
import type { Instrument } from "../../src/core/domain/instrument.ts";
import { lots } from "../../src/core/domain/units.ts";

/** A stretch of market. `thin`: one lot a level. The others: what a decision must not be made of. */
export interface Segment {
  readonly kind: "walk" | "thin" | "one-sided" | "crossed" | "gap" | "silence" | "jump";
  readonly spanMs: number;
  readonly stepMs: number;
  readonly spread: number;
  readonly drift: number;
  /** Others' volume per message, units. */
  readonly volume: number;
}

/** What the venue does with an order, from its arrival on. */
export type PlaceMood =
  | { readonly kind: "fill"; readonly shares: readonly number[]; readonly everyMs: number }
  | { readonly kind: "rest" }
  | { readonly kind: "reject" }
  | { readonly kind: "reject-late"; readonly afterMs: number }
  | { readonly kind: "cancel"; readonly afterMs: number; readonly share: number }
  | { readonly kind: "expire"; readonly afterMs: number }
  | { readonly kind: "time-out"; readonly lost: boolean; readonly share: number };
export type AmendMood = "accept" | "reject" | "fill-first" | "time-out" | "time-out-lost";
export type CancelMood = "accept" | "fill-some" | "too-late" | "refuse" | "time-out";

export interface Delays {
  readonly entryMs: number;
  /** One for each report in turn: unequal ones reorder. */
  readonly responseMs: readonly number[];
  readonly duplicate: boolean;
}

export interface OperatorDraft {
  readonly atMs: number;
  readonly parent: number;
  readonly act:
    | { readonly kind: "pause" | "resume" | "cancel" | "kill" }
    | { readonly kind: "quantity"; readonly factor: number }
    | { readonly kind: "deadline"; readonly byMs: number }
    | { readonly kind: "limit"; readonly away: number | null }
    | { readonly kind: "urgency"; readonly urgency: number }
    | { readonly kind: "participation"; readonly share: number | null }
    | { readonly kind: "strategy"; readonly name: StrategyName };
}

export interface ParentDraft {
  readonly side: "buy" | "sell";
  readonly isNotional: boolean;
  readonly size: number;
  /** Added to the size in single lots, so that nothing divides evenly. */
  readonly odd: number;
  readonly startMs: number;
  readonly spanMs: number;
  readonly urgency: number;
  readonly limitAway: number | undefined;
  readonly wouldAway: number | undefined;
  readonly mayCross: boolean;
  readonly residual: "leave" | "cross" | "cross-over-participation";
  readonly minOrder: number;
  readonly interval: number;
  readonly jitter: number;
  readonly rate: number;
}

export interface LimitDraft {
  readonly participation: number;
  readonly windowSeconds: number;
  readonly orderUnits: number;
  readonly spacingMs: number;
  readonly ordersPerMinute: number;
  readonly amendsPerMinute: number;
  readonly spreadBps: number;
  readonly impactBps: number;
  readonly deviationBps: number;
  readonly positionUnits: number;
}

export type StrategyName = "twap" | "pov" | "vwap" | "is" | "ow";

export interface Schedule {
  readonly strategy: StrategyName;
  readonly venue: number;
  readonly limits: LimitDraft;
  readonly parents: readonly ParentDraft[];
  readonly segments: readonly Segment[];
  /** A calm market follows, until all is over. */
  readonly endsCalm: boolean;
  readonly places: readonly { readonly mood: PlaceMood; readonly repeat: number }[];
  readonly amends: readonly AmendMood[];
  readonly cancels: readonly CancelMood[];
  readonly delays: readonly Delays[];
  readonly operators: readonly OperatorDraft[];
  /** The process sleeps: nothing reaches the engine. */
  readonly stalls: readonly { readonly atMs: number; readonly spanMs: number }[];
  readonly seed: number;
}

export interface Ground {
  readonly instrument: Instrument;
  readonly start: number;
  /** Lots that make a sensible small trade here. */
  readonly unit: number;
}

function ground(
  kind: Instrument["kind"],
  grid: { tick: string; lot: string; contract?: string; notional?: string },
  { min, max, start, unit }: { min: number; max: number; start: number; unit: number },
): Ground {
  return {
    instrument: {
      venue: "laws",
      symbol: "XYZUSD",
      kind,
      base: "XYZ",
      quote: "USD",
      tickSize: decimal(grid.tick),
      lotSize: decimal(grid.lot),
      contractSize: decimal(grid.contract ?? "1"),
      minLots: lots(min),
      maxLimitLots: lots(max),
      maxMarketLots: lots(max),
      minNotional: decimal(grid.notional ?? "0"),
    },
    start,
    unit,
  };
}

/** Fine and coarse grids, a face value in money, and minimums that bite. */
export const GROUNDS: readonly Ground[] = [
  ground("linear", { tick: "0.1", lot: "0.001", notional: "5" }, size(1, 1_000_000, 10_000, 20)),
  ground("linear", { tick: "0.01", lot: "1" }, size(1, 40, 5_000, 1)),
  ground("inverse", { tick: "0.5", lot: "1", contract: "100" }, size(1, 900, 10_000, 1)),
  ground("spot", { tick: "0.01", lot: "0.0001", notional: "10" }, size(10, 900_000, 20_000, 600)),
  ground("spot", { tick: "0.01", lot: "0.01", notional: "1" }, size(50, 100_000, 20_000, 17)),
];

function size(min: number, max: number, start: number, unit: number) {
  return { min, max, start, unit };
}

const often = <Value>(usual: Value, ...rare: Value[]) =>
  fc.oneof(
    { weight: 2, arbitrary: fc.constant(usual) },
    { weight: 1, arbitrary: fc.constantFrom(usual, ...rare) },
  );
const int = (min: number, max: number) => fc.integer({ min, max });
const rarely = <Value>(arbitrary: fc.Arbitrary<Value>) =>
  fc.option(arbitrary, { nil: undefined, freq: 3 });

const segments = fc.array(
  fc.record<Segment>({
    kind: often("walk", "thin", "one-sided", "crossed", "gap", "silence", "jump"),
    spanMs: fc.oneof(int(200, 4_000), int(3_000, 30_000)),
    stepMs: fc.constantFrom(150, 400, 1_000),
    spread: int(1, 6),
    drift: int(-2, 2),
    volume: fc.constantFrom(0, 1, 5, 40),
  }),
  { minLength: 1, maxLength: 14 },
);

const share = fc.constantFrom(0, 0.2, 0.5, 0.9, 1);
const placeMood: fc.Arbitrary<PlaceMood> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("fill" as const),
      shares: fc.array(fc.constantFrom(0.1, 0.3, 0.6, 1), { minLength: 1, maxLength: 3 }),
      everyMs: int(0, 3_000),
    }),
  },
  { weight: 3, arbitrary: fc.constant({ kind: "rest" as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: "reject" as const }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("reject-late" as const), afterMs: int(0, 2_000) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("cancel" as const), afterMs: int(0, 1_500), share }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("expire" as const), afterMs: int(0, 1_500) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("time-out" as const), lost: fc.boolean(), share }),
  },
);

const delays = fc.array(
  fc.record<Delays>({
    entryMs: fc.oneof(int(1, 50), int(1, 1_500)),
    responseMs: fc.array(fc.oneof(int(1, 60), int(1, 1_800)), { minLength: 1, maxLength: 3 }),
    duplicate: fc.boolean(),
  }),
  { minLength: 1, maxLength: 4 },
);

const operator = fc.record<OperatorDraft>({
  atMs: int(0, 120_000),
  parent: int(0, 1),
  act: fc.oneof(
    fc.record({
      kind: often<"pause" | "resume" | "cancel" | "kill">("resume", "pause", "cancel", "kill"),
    }),
    fc.record({ kind: fc.constant("pause" as const) }),
    fc.record({
      kind: fc.constant("quantity" as const),
      factor: fc.constantFrom(0.1, 0.5, 0.9, 1.3, 3),
    }),
    fc.record({ kind: fc.constant("deadline" as const), byMs: int(-40_000, 40_000) }),
    fc.record({
      kind: fc.constant("limit" as const),
      away: fc.option(int(-20, 40), { nil: null }),
    }),
    fc.record({ kind: fc.constant("urgency" as const), urgency: fc.constantFrom(0, 0.5, 1) }),
    fc.record({
      kind: fc.constant("participation" as const),
      share: fc.constantFrom(null, 0.05, 0.5),
    }),
    fc.record({
      kind: fc.constant("strategy" as const),
      name: fc.constantFrom<StrategyName[]>("twap", "pov", "is"),
    }),
  ),
});

const parent = fc.record<ParentDraft>({
  side: fc.constantFrom("buy", "sell"),
  isNotional: often(false, true),
  size: fc.oneof(int(0, 12), int(5, 400)),
  odd: int(0, 9),
  startMs: int(0, 20_000),
  spanMs: fc.oneof(int(2_000, 30_000), int(20_000, 120_000)),
  urgency: fc.constantFrom(0, 0.3, 0.5, 0.9, 1),
  limitAway: rarely(int(-10, 40)),
  wouldAway: rarely(int(-20, 5)),
  mayCross: often(true, false),
  residual: fc.constantFrom("leave", "cross", "cross-over-participation"),
  minOrder: fc.constantFrom(0, 0, 1, 7),
  interval: fc.constantFrom(1, 3, 10),
  jitter: fc.constantFrom(0, 0.2),
  rate: fc.constantFrom(0.05, 0.2, 0.6),
});

const limits = fc.record<LimitDraft>({
  participation: fc.constantFrom(1, 0.5, 0.2, 0.05),
  windowSeconds: often(60, 5),
  orderUnits: often(1_000_000, 3, 25),
  spacingMs: often(5_000, 1_000, 0),
  ordersPerMinute: often(20, 2),
  amendsPerMinute: often(60, 3),
  spreadBps: often(20, 4),
  impactBps: often(25, 2),
  deviationBps: often(1_000, 20),
  positionUnits: often(1_000_000, 60),
});

export const schedules = (strategy: Schedule["strategy"]): fc.Arbitrary<Schedule> =>
  fc.record<Schedule>({
    strategy: fc.constant(strategy),
    venue: int(0, GROUNDS.length - 1),
    limits,
    parents: fc.array(parent, { minLength: 1, maxLength: 2 }),
    segments,
    endsCalm: often(true, false),
    places: fc.array(fc.record({ mood: placeMood, repeat: often(1, 2, 9) }), { maxLength: 12 }),
    amends: fc.array(
      often<AmendMood>("accept", "reject", "fill-first", "time-out", "time-out-lost"),
      { maxLength: 8 },
    ),
    cancels: fc.array(often<CancelMood>("accept", "fill-some", "too-late", "refuse", "time-out"), {
      maxLength: 8,
    }),
    delays,
    operators: fc.array(operator, { maxLength: 5 }),
    stalls: fc.array(fc.record({ atMs: int(0, 100_000), spanMs: int(500, 40_000) }), {
      maxLength: 1,
    }),
    seed: int(0, 1 << 30),
  });
