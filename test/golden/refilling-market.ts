/**
 * Refilling market: a book of fixed levels that is whole again between slices, for worked examples.
 *
 * The mid never moves, so that a cost is what the book took and nothing else. A level that we have
 * taken stays taken (the simulated venue keeps the debt) until the book is pulled and quoted anew,
 * five seconds into every ten.
 */
import { decimal } from "../../src/core/domain/decimal.ts";
import { type Instrument, instrumentId } from "../../src/core/domain/instrument.ts";
import { lots, micros, MINUTE, SECOND } from "../../src/core/domain/units.ts";
import { ColumnsBuilder, Kind } from "../../src/core/market/columns.ts";
import { type Backtest, type BacktestResult, prepareBacktest } from "../../src/runtime/backtest.ts";
import { checkStrategy } from "../../src/runtime/compose.ts";
import { formatConfigFaults, parseConfig } from "../../src/runtime/config.ts";
import { measureDayScale } from "../../src/runtime/day-scale.ts";
import type { OpenMarket } from "../../src/runtime/market-source.ts";

/** Price in ticks and size in lots. */
export type Level = readonly [price: number, size: number];

export interface Quotes {
  readonly bids: readonly Level[];
  readonly asks: readonly Level[];
}

/** A tick of a cent, single shares. */
export const SHARES: Instrument = {
  venue: "golden",
  symbol: "ACME",
  kind: "spot",
  base: "ACME",
  quote: "USD",
  tickSize: decimal("0.01"),
  lotSize: decimal("1"),
  contractSize: decimal("1"),
  minLots: lots(1),
  maxLimitLots: lots(10_000_000),
  maxMarketLots: lots(10_000_000),
  minNotional: decimal("0"),
};

/** A tick of one dollar, thousandths of a coin. */
export const BITCOIN: Instrument = {
  ...SHARES,
  symbol: "BTCUSD",
  base: "BTC",
  tickSize: decimal("1"),
  lotSize: decimal("0.001"),
};

const START = 1_700_000_000;
const REFILL_EVERY = 10;
const REFILL_AT = 5;
const LEAD = MINUTE / SECOND;

function marketOf(instrument: Instrument, quotes: Quotes, seconds: number): OpenMarket {
  const rows = new ColumnsBuilder(256);
  const quote = (nanos: number, isThere: boolean): void => {
    const sides = [
      [Kind.BID, quotes.bids],
      [Kind.ASK, quotes.asks],
    ] as const;
    for (const [kind, levels] of sides) {
      for (const [price, size] of levels) rows.push(nanos, nanos, kind, price, isThere ? size : 0);
    }
    rows.endMessage();
  };
  for (let second = 0; second <= seconds; second++) {
    const nanos = second * 1e9;
    if (second === 0) rows.push(0, 0, Kind.CLEAR, 0, 0);
    else if (second % REFILL_EVERY === REFILL_AT) quote(nanos - 1e6, false);
    quote(nanos, true);
  }
  const from = micros(START * SECOND);
  const header = {
    instrument,
    epochNanos: BigInt(START) * 1_000_000_000n,
    ownTradesPrinted: false,
  };
  return {
    header,
    blocks: [rows.view()],
    scale: () => measureDayScale(header, [rows.view()]),
    from,
    until: micros(from + seconds * SECOND),
    spec: { kind: "files", paths: ["golden"] },
    label: instrumentId(instrument),
  };
}

export interface Order {
  readonly instrument: Instrument;
  readonly quotes: Quotes;
  /** In units of the instrument. */
  readonly quantity: string;
  readonly seconds: number;
  readonly strategy: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** Limits that a textbook's order does not know: raised until none of them speaks. */
const RAISED = {
  execution: { maxParticipation: 1, maxSpreadToCrossBps: 10_000, urgency: 1, minOrder: "0.001" },
  limits: {
    participation: 1,
    orderNotional: 1e9,
    positionNotional: 1e9,
    spreadToCrossBps: 10_000,
    orderImpactBps: 10_000,
    benchmarkDeviationBps: 10_000,
    shortfallAlertBps: 10_000,
  },
  simulation: { latencyJitter: "0s" },
};

/** A buy, worked by the engine at the simulated venue as `arrival backtest` would. */
export function worked(order: Order): BacktestResult {
  const strategy = {
    name: order.strategy,
    parameters: { randomizeSize: 0, randomizeTime: 0, ...order.parameters },
  };
  const config = parseConfig({ ...RAISED, strategy }, checkStrategy);
  if (!config.ok) throw new Error(formatConfigFaults(config.error));
  const market = marketOf(order.instrument, order.quotes, LEAD + order.seconds + 2 * REFILL_AT);
  const prepared = prepareBacktest(market, {
    side: "buy",
    quantity: order.quantity,
    isNotional: false,
    over: micros(order.seconds * SECOND),
    start: MINUTE,
    constraints: { mayCrossSpread: true, residual: "leave" },
    acceptInfeasible: false,
    config: config.value,
    seed: 1,
  });
  if (!prepared.ok) throw new Error(prepared.error.text);
  return toEnd(prepared.value);
}

function toEnd(backtest: Backtest): BacktestResult {
  const steps = backtest.run();
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
