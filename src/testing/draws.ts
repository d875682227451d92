/**
 * Draws: how schedules are drawn, and how often each thing happens in them.
 *
 * Two kinds: `schedules`, where everything happens now and then, and `withActs`, where an order is
 * paused, amended, switched or restarted while it works, in nearly every one. Shares of a parent's
 * span say when, so that a smaller parent keeps its acts.
 */
import fc from "fast-check";
import type { StrategyChoice } from "../core/domain/parent-order.ts";
import {
  type AmendMood,
  type CancelMood,
  type Delays,
  GROUNDS,
  type LimitDraft,
  type OperatorDraft,
  type ParentDraft,
  type PlaceMood,
  type RestartDraft,
  type Schedule,
  type Segment,
} from "./schedule.ts";

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

const filledShare = fc.constantFrom(0, 0.2, 0.5, 0.9, 1);
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
    arbitrary: fc.record({
      kind: fc.constant("cancel" as const),
      afterMs: int(0, 1_500),
      share: filledShare,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("expire" as const), afterMs: int(0, 1_500) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("time-out" as const),
      lost: fc.boolean(),
      share: filledShare,
    }),
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

const amendment = fc.oneof(
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
);

const operatorOf = (choices: fc.Arbitrary<StrategyChoice>) =>
  fc.record<OperatorDraft>({
    atMs: int(0, 120_000),
    parent: int(0, 1),
    act: fc.oneof(
      fc.record({
        kind: often<"pause" | "resume" | "cancel" | "kill">("resume", "pause", "cancel", "kill"),
      }),
      fc.record({ kind: fc.constant("pause" as const) }),
      { weight: 5, arbitrary: amendment },
      fc.record({ kind: fc.constant("strategy" as const), choice: choices }),
    ),
  });

const parentOf = (choices: fc.Arbitrary<StrategyChoice>) =>
  fc.record<ParentDraft>({
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
    halfLifeMs: rarely(int(0, 120_000)),
    strategy: choices,
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

/**
 * Any session. Orders begin with one of `choices`; operators who switch an order do so to one of
 * `switches`.
 */
export const schedules = (
  choices: fc.Arbitrary<StrategyChoice>,
  switches: fc.Arbitrary<StrategyChoice> = choices,
): fc.Arbitrary<Schedule> =>
  fc.record<Schedule>({
    venue: int(0, GROUNDS.length - 1),
    fees: fc.constantFrom(
      { maker: 0.0002, taker: 0.0005 },
      { maker: 0, taker: 0 },
      { maker: -0.0001, taker: 0.0004 },
    ),
    limits,
    parents: fc.array(parentOf(choices), { minLength: 1, maxLength: 2 }),
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
    operators: fc.array(operatorOf(switches), { maxLength: 5 }),
    stalls: fc.array(fc.record({ atMs: int(0, 100_000), spanMs: int(500, 40_000) }), {
      maxLength: 1,
    }),
    restarts: fc.constant([]),
    seed: int(0, 1 << 30),
  });

/** Rests for ever, and takes whatever is to be taken: nobody comes to a passive order. */
const ALOOF: PlaceMood = { kind: "fill", shares: [1], everyMs: 3_600_000 };

/**
 * Sessions in which nothing goes wrong and nobody comes to us: one order that may cross, in a
 * market with room for it. Whoever does not finish here has missed a turn.
 */
export const calmSessions = (choices: fc.Arbitrary<StrategyChoice>): fc.Arbitrary<Schedule> =>
  fc
    .tuple(
      schedules(choices),
      fc.record<Calm>({
        urgency: fc.constantFrom(0.3, 0.5, 0.75, 0.9, 1),
        size: int(20, 100),
        spanMs: int(12_000, 120_000),
        spacingMs: fc.constantFrom(1_000, 0),
      }),
    )
    .map(([schedule, drawn]) => calmed(schedule, drawn));

interface Calm {
  readonly urgency: number;
  readonly size: number;
  readonly spanMs: number;
  readonly spacingMs: number;
}

const WIDE: LimitDraft = {
  participation: 0.9,
  windowSeconds: 60,
  orderUnits: 1_000_000,
  spacingMs: 0,
  ordersPerMinute: 60,
  amendsPerMinute: 60,
  spreadBps: 20,
  impactBps: 25,
  deviationBps: 1_000,
  positionUnits: 1_000_000,
};

function calmed(schedule: Schedule, { urgency, size, spanMs, spacingMs }: Calm): Schedule {
  const parent: ParentDraft = {
    ...schedule.parents[0]!,
    size,
    urgency,
    // By then a volatility is known.
    startMs: 70_000,
    spanMs,
    limitAway: undefined,
    wouldAway: undefined,
    mayCross: true,
    residual: "leave",
  };
  return {
    ...schedule,
    limits: { ...WIDE, spacingMs },
    parents: [parent],
    segments: [{ kind: "walk", spanMs: 200_000, stepMs: 400, spread: 2, drift: 0, volume: 40 }],
    places: [{ mood: ALOOF, repeat: 10_000 }],
    amends: [],
    cancels: [],
    delays: [{ entryMs: 5, responseMs: [5], duplicate: false }],
    operators: [],
    stalls: [],
  };
}

/** What happens to an order while it works (laws 6 and 9). */
export type ActKind = "stall" | "pause" | "amend" | "switch" | "restart";

interface Act {
  /** When, as a share of the first parent's span. */
  readonly share: number;
  /** How long a pause is, as a share of the span; of a stall, in units of 100 s over 10 s. */
  readonly length: number;
  readonly amendment: OperatorDraft["act"];
  readonly choice: StrategyChoice;
  readonly rows: RestartDraft["rows"];
}

/**
 * Sessions in which one kind of act happens to the first parent again and again in mid-order, and
 * faults besides. `switches` alternate between `to` and `choices`.
 */
export function withActs(
  kind: ActKind,
  choices: fc.Arbitrary<StrategyChoice>,
  to: fc.Arbitrary<StrategyChoice> = choices,
): fc.Arbitrary<Schedule> {
  const shares = fc.integer({ min: 2, max: 80 }).map((hundredths) => hundredths / 100);
  const act = fc.record<Act>({
    share: shares,
    length: shares.map((length) => length / 4),
    amendment,
    choice: to,
    rows: fc.constantFrom("at-once", "one-by-one", "in-pieces"),
  });
  const acts = fc.array(act, { minLength: 2, maxLength: 5 });
  return fc
    .tuple(schedules(choices, to), acts, fc.array(choices, { minLength: 3, maxLength: 3 }))
    .map(([schedule, drawn, back]) => acted(workable(schedule), kind, drawn, back));
}

/** An order that is taken on, is worth working, and is not canceled: or nothing is in mid-order. */
function workable(schedule: Schedule): Schedule {
  const [first, ...others] = schedule.parents;
  const { mayCross, residual, spanMs, size } = first!;
  const parent: ParentDraft = {
    ...first!,
    size: size + 20,
    odd: 0,
    spanMs: 12_000 + spanMs,
    residual: mayCross ? residual : "leave",
    limitAway: undefined,
    wouldAway: undefined,
  };
  const ends = new Set<string>(["cancel", "kill", "pause"]);
  return {
    ...schedule,
    endsCalm: true,
    parents: [parent, ...others],
    operators: schedule.operators.filter(({ act }) => !ends.has(act.kind)),
  };
}

function acted(
  schedule: Schedule,
  kind: ActKind,
  acts: readonly Act[],
  back: readonly StrategyChoice[],
): Schedule {
  const { startMs, spanMs } = schedule.parents[0]!;
  const at = (share: number): number => startMs + Math.floor(share * spanMs);
  const ordered = [...acts].sort((a, b) => a.share - b.share);
  if (kind === "restart") {
    const restarts = ordered.map(({ share, rows }) => ({ atMs: at(share), rows }));
    return { ...schedule, restarts };
  }
  if (kind === "stall") {
    const stalls = ordered.map(({ share, length }) => ({
      atMs: at(share),
      spanMs: 10_000 + Math.floor(length * 100_000),
    }));
    return { ...schedule, stalls };
  }
  const operators = ordered.flatMap((it, k): OperatorDraft[] => {
    const atMs = at(it.share);
    if (kind === "amend") return [{ atMs, parent: 0, act: it.amendment }];
    if (kind === "switch") {
      const choice = k % 2 === 0 ? it.choice : back[(k - 1) / 2]!;
      return [{ atMs, parent: 0, act: { kind: "strategy", choice } }];
    }
    return [
      { atMs, parent: 0, act: { kind: "pause" } },
      { atMs: at(it.share + it.length), parent: 0, act: { kind: "resume" } },
    ];
  });
  return { ...schedule, operators: [...schedule.operators, ...operators] };
}
