/**
 * Report schema: what the cost report of an order is, for whoever asks over HTTP.
 */
import { z } from "zod";
import type { ExecutionReport } from "../core/tca/report.ts";
import { sameShape } from "./same-shape.ts";

const SIDE = z.enum(["buy", "sell"]);
const NUMBER = z.number().nullable();
const TEXT = z.string().nullable();
const COST = z.object({ cash: TEXT, bps: NUMBER });
const OVER_FILLS = z.object({ value: NUMBER, fills: z.number(), of: z.number() });

const INSTRUMENT = z.object({
  venue: z.string(),
  symbol: z.string(),
  kind: z.enum(["spot", "linear", "inverse"]),
  base: z.string(),
  quote: z.string(),
  settle: z.string(),
  quantityUnit: z.string(),
});

const SHORTFALL = z.object({
  total: COST,
  beforeFees: COST,
  parts: z.object({
    delay: COST,
    spread: COST,
    impact: COST,
    timing: COST,
    opportunity: COST,
    fees: COST,
    funding: COST,
  }),
  whileTrading: COST,
  impact: z.object({ temporary: COST, permanent: COST }).nullable(),
  displacementModel: z.enum(["none", "exact", "estimated", "unknown"]),
  filledPart: COST,
  fundingKnown: z.boolean(),
  unpricedFees: z.array(z.object({ coin: z.string(), amount: z.string() })),
  estimatedMids: z.number(),
  recordedMids: z.number(),
  unknownMids: z.number(),
});

const METRICS = z.object({
  vwapSlippageBps: z.object({ withoutOwn: NUMBER, withOwn: NUMBER }),
  arrivalSlippageBps: NUMBER,
  participation: NUMBER,
  marketVolume: NUMBER,
  ownPrinted: z.boolean().nullable(),
  fillRate: NUMBER,
  completedInTime: z.boolean().nullable(),
  spreadCapturedGain: OVER_FILLS,
  markoutGainsBps: z.array(OVER_FILLS.extend({ afterMicros: z.number() })),
  makerShare: NUMBER,
  children: NUMBER,
  fills: z.number(),
  rejects: NUMBER,
});

const BELOW = { unit: z.string(), of: z.string() };
/** What the program aims at: aims, never results. */
const TARGETS = z.object({
  shortfall: z.object({ below: z.number(), ...BELOW }),
  vwapSlippage: z.object({ below: z.number(), ...BELOW }),
  arrivalSlippage: z.object({ below: z.number(), ...BELOW }),
  participation: z.object({ from: z.number(), to: z.number(), ...BELOW }),
  fillRate: z.object({ above: z.number(), ...BELOW }),
  spreadCaptured: z.object({ above: z.number(), ...BELOW }),
});

const CHILD = z.object({
  id: z.string(),
  timeMicros: z.number(),
  kind: z.enum(["aggressive", "passive"]),
  timeInForce: z.string(),
  quantity: z.string(),
  limitPrice: TEXT,
  filled: z.string(),
  vwap: TEXT,
  status: z.enum([
    "new",
    "partially filled",
    "filled",
    "canceled",
    "rejected",
    "expired",
    "unknown",
  ]),
  closeText: TEXT,
  reasoning: z.string(),
  costBps: NUMBER,
});

/** Its targets are told as text and figures: what they are is the program's own business. */
type Told = Omit<ExecutionReport, "targets"> & {
  readonly targets: { readonly [Name in keyof ExecutionReport["targets"]]: Target<Name> };
};
type Target<Name extends keyof ExecutionReport["targets"]> = {
  readonly [Key in keyof ExecutionReport["targets"][Name]]: Key extends "unit" | "of"
    ? string
    : number;
};

export const EXECUTION_REPORT = sameShape<Told>()(
  z.object({
    instrument: INSTRUMENT,
    side: SIDE,
    startMicros: z.number(),
    endMicros: z.number(),
    quantity: z.object({
      notional: TEXT,
      intended: z.string(),
      filled: z.string(),
      remaining: z.string(),
    }),
    prices: z.object({
      decision: TEXT,
      arrival: TEXT,
      horizon: TEXT,
      vwap: TEXT,
      marketVwapWithoutOwn: NUMBER,
      marketVwapWithOwn: NUMBER,
    }),
    decisionNotional: TEXT,
    shortfall: SHORTFALL,
    metrics: METRICS,
    targets: TARGETS,
    children: z.array(CHILD),
  }),
);
