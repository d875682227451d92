/**
 * View schemas: what an order, a market and a moment are, for whoever asks over HTTP.
 *
 * They say the same as `src/view/shapes.ts`, held to it by the compiler. What is not named here
 * does not leave the server.
 */
import { z } from "zod";
import type { JournalMoment, OrderPreview } from "../runtime/desk/desk-terms.ts";
import type { MarketView, OrderRow, OrderView, TimelineEntry } from "../view/shapes.ts";
import type { Approval, RunNote } from "../view/stream.ts";
import { ADVISOR_VIEW, NEWS_ITEM } from "./advisor-schemas.ts";
import { EXECUTION_REPORT } from "./report-schema.ts";
import { sameShape } from "./same-shape.ts";

const SIDE = z.enum(["buy", "sell"]);
const NUMBER = z.number().nullable();
const TEXT = z.string().nullable();
const SOURCE = z.enum(["baseline", "llm", "cache", "fallback", "operator"]);
const HEALTH = z.enum(["no-data", "healthy", "stale", "gapped", "crossed", "one-sided"]);
const COVERED = z.object({ value: z.number(), coverage: z.number() }).nullable();

export const ORDER_ROW = sameShape<OrderRow>()(
  z.object({
    parentId: z.string(),
    journal: z.string(),
    instrument: z.string(),
    venue: z.string(),
    symbol: z.string(),
    side: SIDE,
    strategy: z.string(),
    phase: z.enum([
      "initialized",
      "active",
      "executing",
      "paused",
      "adjusting",
      "closing",
      "complete",
      "complete-with-dust",
      "canceled",
      "expired",
      "failed",
    ]),
    reason: z.string(),
    isLive: z.boolean(),
    quantity: z.string(),
    filled: z.string(),
    filledShare: z.number(),
    startAt: z.number(),
    deadline: z.number(),
    endedAt: NUMBER,
    shortfallBps: NUMBER,
    againstTwapBps: NUMBER,
    health: HEALTH,
    halt: TEXT,
    workingOrders: z.number(),
    isAdvised: z.boolean(),
    updatedAt: z.number(),
  }),
).meta({ id: "OrderRow" });

const CHILD_VIEW = z.object({
  id: z.string(),
  decision: z.number(),
  sentAt: z.number(),
  side: SIDE,
  kind: z.enum(["aggressive", "passive"]),
  timeInForce: z.string(),
  postOnly: z.boolean(),
  quantity: z.string(),
  limitPrice: TEXT,
  filled: z.string(),
  vwap: TEXT,
  status: z.string(),
  closeText: TEXT,
  costBps: NUMBER,
  reasoning: z.string(),
  source: SOURCE.nullable(),
});

export const DECISION_VIEW = z.object({
  number: z.number(),
  time: z.number(),
  action: z.string(),
  text: z.string(),
  reasoning: z.string(),
  risk: z.string(),
  confidence: z.number(),
  source: SOURCE,
  refusal: TEXT,
});

const FILL_VIEW = z.object({
  time: z.number(),
  childId: z.string(),
  price: z.string(),
  quantity: z.string(),
  liquidity: z.enum(["maker", "taker"]),
  fee: z.string(),
  feeCoin: z.string(),
  executionId: z.string(),
});

export const TIMELINE_ENTRY = sameShape<TimelineEntry>()(
  z.object({
    record: z.number(),
    time: z.number(),
    kind: z.string(),
    severity: z.enum(["info", "warning", "critical"]),
    parentId: TEXT,
    text: z.string(),
  }),
);

const TERMS = z.object({
  urgency: z.number(),
  limitPrice: TEXT,
  iWouldPrice: TEXT,
  maxParticipation: NUMBER,
  mayCrossSpread: z.boolean(),
  residual: z.string(),
  parameters: z.record(z.string(), z.unknown()),
  tactic: TEXT,
  reduceOnly: z.boolean(),
});

export const ORDER_VIEW = sameShape<ToldOrder>()(
  z.object({
    row: ORDER_ROW,
    terms: TERMS,
    remaining: z.string(),
    secondsLeft: z.number(),
    prices: z.object({ decision: TEXT, arrival: TEXT, vwap: TEXT, marketVwap: NUMBER, mid: TEXT }),
    participation: NUMBER,
    twap: z
      .object({ averagePrice: z.number(), costBps: z.number(), seconds: z.number() })
      .nullable(),
    report: EXECUTION_REPORT.nullable(),
    impact: z.object({
      forecastBps: NUMBER,
      realisedBps: NUMBER,
      rest: z
        .object({
          baseBps: z.number(),
          bps: z.number(),
          lowBps: z.number(),
          highBps: z.number(),
          factor: z.object({ value: z.number(), low: z.number(), high: z.number() }).nullable(),
          weight: z.number(),
        })
        .nullable(),
    }),
    trajectory: z.array(
      z.object({
        time: z.number(),
        planned: NUMBER,
        low: NUMBER,
        high: NUMBER,
        filled: z.number(),
      }),
    ),
    children: z.array(CHILD_VIEW),
    decisions: z.array(DECISION_VIEW),
    fills: z.array(FILL_VIEW),
    counts: z.object({ children: z.number(), decisions: z.number(), fills: z.number() }),
    advisor: ADVISOR_VIEW.nullable(),
  }),
).meta({ id: "OrderView" });
type ToldOrder = Omit<OrderView, "report"> & {
  readonly report: z.output<typeof EXECUTION_REPORT> | null;
};

const LEVEL = z.object({ price: z.string(), size: z.string(), own: TEXT });
const PRINT = z.object({ time: z.number(), price: z.string(), quantity: z.string(), side: SIDE });

export const MARKET_VIEW = sameShape<MarketView>()(
  z.object({
    instrument: z.string(),
    time: z.number(),
    health: HEALTH,
    healthSince: NUMBER,
    bids: z.array(LEVEL),
    asks: z.array(LEVEL),
    mid: TEXT,
    spreadBps: NUMBER,
    imbalance: NUMBER,
    trades: z.array(PRINT),
    volumeMinute: COVERED,
    volumeDay: COVERED,
    dayVolume: z.object({
      usualFrom: z.enum(["day-before", "curve", "even-day"]),
      curve: TEXT,
      quarters: z.array(z.object({ traded: COVERED, usual: NUMBER })),
    }),
    volatilityHour: COVERED,
    positionLots: z.number(),
    position: z.string(),
    fundingRate: NUMBER,
    nextFundingAt: NUMBER,
    openInterest: TEXT,
    liquidations: z.array(PRINT),
    news: z.array(NEWS_ITEM),
    quality: z.object({
      gaps: z.number(),
      crossed: z.number(),
      stale: z.number(),
      rowsLost: z.number(),
      unused: NUMBER,
    }),
    path: z.array(z.object({ time: z.number(), bid: NUMBER, ask: NUMBER, volume: z.number() })),
  }),
).meta({ id: "MarketView" });

export const RUN_NOTE = sameShape<RunNote>()(
  z.object({
    journal: z.string(),
    instrument: z.string(),
    venue: z.string(),
    isLive: z.boolean(),
    isKilled: z.boolean(),
    trouble: TEXT,
  }),
).meta({ id: "RunNote" });

export const APPROVAL = sameShape<Approval>()(
  z.object({
    id: z.string(),
    by: z.string(),
    at: z.number(),
    text: z.string(),
    request: z.unknown(),
    expiresAt: z.number(),
  }),
).meta({ id: "Approval" });

export const ORDER_PREVIEW = sameShape<OrderPreview>()(
  z.object({
    checks: z.array(
      z.object({
        name: z.string(),
        isRequired: z.boolean(),
        met: z.boolean().nullable(),
        text: z.string(),
      }),
    ),
    canSubmit: z.boolean(),
    worstCase: z.object({ text: z.string(), cash: TEXT }),
    notional: TEXT,
    costs: z.array(
      z.object({
        strategy: z.string(),
        urgency: z.number(),
        isOwn: z.boolean(),
        costBps: NUMBER,
        riskBps: NUMBER,
        seconds: z.number(),
      }),
    ),
    frontier: z.array(z.object({ costBps: z.number(), riskBps: z.number() })),
    adviceBoundBps: z.tuple([z.number(), z.number()]).nullable(),
    needsApproval: z.boolean(),
  }),
).meta({ id: "OrderPreview" });

type ToldMoment = Omit<JournalMoment, "orders"> & { readonly orders: readonly ToldOrder[] };
export const JOURNAL_MOMENT = sameShape<ToldMoment>()(
  z.object({
    record: z.number(),
    time: z.number(),
    orders: z.array(ORDER_VIEW),
    market: MARKET_VIEW,
    timeline: z.array(TIMELINE_ENTRY),
  }),
);
