/**
 * Laws of the replay venue over random markets and random orders: what a backtest's user would be
 * cheated of if one of them broke.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  applyAmendSent,
  applyCancelSent,
  applyReport,
  type ChildOrder,
  type ClientOrderId,
  type OrderReport,
  type OrderTerms,
  type TimeInForce,
} from "../core/domain/child-order.ts";
import { decimal } from "../core/domain/decimal.ts";
import type { Instrument } from "../core/domain/instrument.ts";
import { uniformAt } from "../core/domain/random.ts";
import type { Side } from "../core/domain/side.ts";
import { lots, micros, NO_LOTS, ticks } from "../core/domain/units.ts";
import {
  ColumnsBuilder,
  ENGINE_ONLY,
  Kind,
  KIND_MASK,
  LAST,
  type MarketBlock,
} from "../core/market/columns.ts";
import { constantLatency, type LatencyModel, skewedLatency } from "./latency.ts";
import type { QueueModelName } from "./queue.ts";
import { TICK_SLOTS } from "./tick-filter.ts";
import { ReplayVenue } from "./replay-venue.ts";

const INSTRUMENT: Instrument = {
  venue: "test",
  symbol: "XYZUSD",
  kind: "linear",
  base: "XYZ",
  quote: "USD",
  tickSize: decimal("0.1"),
  lotSize: decimal("0.01"),
  contractSize: decimal("1"),
  minLots: lots(1),
  maxLimitLots: lots(60),
  maxMarketLots: lots(60),
  minNotional: decimal("0"),
};

/** Nanoseconds. */
const MICRO = 1000;
const EPOCH_MICROS = 1_000_000;
/** Where random markets begin, in ticks: more than a tick filter's slots from either end. */
const MID = 5000;

/** Draws from one stream of numbers, so that a market is named by its seed. */
class Dice {
  readonly #seed: number;
  #k = 0;
  constructor(seed: number) {
    this.#seed = seed;
  }
  /** A whole number in [from, to]. */
  roll(from: number, to: number): number {
    return from + Math.floor(uniformAt(this.#seed, 77, this.#k++) * (to - from + 1));
  }
  chance(probability: number): boolean {
    return uniformAt(this.#seed, 77, this.#k++) < probability;
  }
}

interface MarketShape {
  readonly trades: boolean;
  readonly gaps: boolean;
}

/** A book that is never crossed, 6 levels a side round a wandering mid; trades at or beyond. */
function randomMarket(seed: number, messages: number, shape: MarketShape): MarketBlock {
  const dice = new Dice(seed);
  const builder = new ColumnsBuilder(256);
  const levels = { bids: new Map<number, number>(), asks: new Map<number, number>() };
  let mid = MID;
  let time = 0;
  const level = (kind: number, tick: number, quantity: number): void => {
    (kind === Kind.BID ? levels.bids : levels.asks).set(tick, quantity);
    builder.push(time, time, kind, tick, quantity);
  };
  const snapshot = (): void => {
    levels.bids.clear();
    levels.asks.clear();
    builder.push(time, time, Kind.CLEAR, 0, 0);
    for (let depth = 1; depth <= 6; depth++) {
      if (dice.chance(0.8)) level(Kind.BID, mid - depth, dice.roll(1, 20));
      if (dice.chance(0.8)) level(Kind.ASK, mid + depth, dice.roll(1, 20));
    }
    builder.endMessage();
  };
  const moveMid = (): void => {
    mid += dice.chance(0.5) ? 1 : -1;
    for (const [tick, quantity] of levels.bids) if (tick >= mid && quantity > 0) level(0, tick, 0);
    for (const [tick, quantity] of levels.asks) if (tick <= mid && quantity > 0) level(1, tick, 0);
    level(dice.roll(0, 1), mid + 40, 0);
  };
  snapshot();
  for (let message = 0; message < messages; message++) {
    time += dice.roll(0, 3) * MICRO;
    if (shape.gaps && dice.chance(0.02)) {
      builder.push(time, time, Kind.GAP, 0, 0);
      builder.endMessage();
      time += dice.roll(0, 3) * MICRO;
      snapshot();
    } else if (dice.chance(0.02)) {
      snapshot();
    } else if (dice.chance(0.1)) {
      builder.push(time + 500 * MICRO, time + 500 * MICRO, Kind.BID | ENGINE_ONLY, mid + 2, 5);
      builder.endMessage();
    } else {
      if (shape.trades && dice.chance(0.4)) {
        const sells = dice.chance(0.5);
        const tick = mid + (sells ? -dice.roll(1, 3) : dice.roll(1, 3));
        builder.push(time, time, sells ? Kind.TRADE_SELL : Kind.TRADE_BUY, tick, dice.roll(1, 15));
      } else if (dice.chance(0.3)) {
        moveMid();
      } else {
        for (let n = dice.roll(1, 4); n > 0; n--) {
          const isBid = dice.chance(0.5);
          const tick = isBid ? mid - dice.roll(1, 6) : mid + dice.roll(1, 6);
          level(isBid ? Kind.BID : Kind.ASK, tick, dice.chance(0.25) ? 0 : dice.roll(1, 20));
        }
      }
      builder.endMessage();
    }
  }
  return builder.view();
}

interface Intent {
  readonly at: number;
  readonly kind: "place" | "amend" | "cancel";
  readonly side: Side;
  readonly price: number;
  readonly quantity: number;
  readonly tif: number;
  readonly target: number;
  readonly reduceOnly: boolean;
}

const INTENT: fc.Arbitrary<Intent> = fc.record({
  at: fc.integer({ min: 0, max: 400 }).map((count) => count * MICRO),
  kind: fc.constantFrom("place", "place", "place", "amend", "cancel"),
  side: fc.constantFrom<Side>("buy", "sell"),
  price: fc.integer({ min: MID - 6, max: MID + 6 }),
  quantity: fc.integer({ min: 1, max: 40 }),
  tif: fc.integer({ min: 0, max: 5 }),
  target: fc.nat(20),
  reduceOnly: fc.boolean(),
});

const SCENE = fc.record({
  seed: fc.nat(1_000_000),
  intents: fc.array(INTENT, { minLength: 1, maxLength: 25 }),
  queue: fc.constantFrom<QueueModelName>("risk-averse", "probabilistic"),
  jitter: fc.boolean(),
});
type Scene = typeof SCENE extends fc.Arbitrary<infer Value> ? Value : never;

interface Timed {
  readonly at: number;
  readonly id: ClientOrderId;
  readonly report: OrderReport;
}

interface Played {
  readonly reports: readonly Timed[];
  readonly orders: ReadonlyMap<ClientOrderId, ChildOrder>;
}

const latencyOf = (scene: Scene): LatencyModel =>
  scene.jitter
    ? skewedLatency(
        { floor: 700, median: 4_000, cap: 40_000 },
        { floor: 0, median: 3_000, cap: 40_000 },
        scene.seed,
      )
    : constantLatency((scene.seed % 3) * MICRO, (scene.seed % 2) * MICRO);

/**
 * A loop as an engine would run it: it knows a report only when it has arrived, sends only what the
 * life cycle allows, and keeps every order's state from the reports alone.
 */
function play(scene: Scene, blocks: readonly MarketBlock[], prelude: OrderTerms[] = []): Played {
  const venue = new ReplayVenue([
    {
      instrument: INSTRUMENT,
      fees: { maker: "-0.0001", taker: "0.0005", coin: "settle" },
      latency: latencyOf(scene),
      queue: scene.queue,
      seed: scene.seed,
      epochNanos: BigInt(EPOCH_MICROS) * 1000n,
      positionLots: 10,
    },
  ]);
  const orders = new Map<ClientOrderId, ChildOrder>();
  const reports: Timed[] = [];
  for (const order of prelude) venue.accounts[0]!.place(order, 0);
  let block = 0;
  let row = 0;
  const take = (now: number): void => {
    while (venue.accounts[0]!.nextReportAt <= now) {
      const at = venue.accounts[0]!.nextReportAt;
      const { clientOrderId: id, report } = venue.accounts[0]!.takeReport();
      if (id.startsWith("watch-")) continue;
      reports.push({ at, id, report });
      expect(applyReport(orders.get(id)!, report).ok).toBe(true);
    }
  };
  const runTo = (now: number): void => {
    const horizon = now + venue.accounts[0]!.minEntryLatency;
    while (block < blocks.length) {
      const rows = blocks[block]!;
      row = venue.advance(rows, row, rows.length, horizon);
      if (row === rows.length) {
        block++;
        row = 0;
      } else if (rows.exchangeTime[row]! > horizon) break;
    }
    if (block === blocks.length) venue.finish(horizon);
    take(now);
  };
  const intents = scene.intents.toSorted((a, b) => a.at - b.at);
  for (const [n, intent] of intents.entries()) {
    runTo(intent.at);
    send(venue, orders, intent, n);
  }
  runTo(1e9);
  return { reports, orders };
}

function send(
  venue: ReplayVenue,
  orders: Map<ClientOrderId, ChildOrder>,
  intent: Intent,
  n: number,
): void {
  if (intent.kind === "place") {
    const terms = termsOf(intent, n);
    orders.set(terms.clientOrderId, newOrder(terms, intent.at));
    venue.accounts[0]!.place(terms, intent.at);
    return;
  }
  const order = [...orders.values()][intent.target % Math.max(1, orders.size)];
  if (order === undefined) return;
  const { clientOrderId } = order.terms;
  if (intent.kind === "cancel") {
    if (applyCancelSent(order).ok) venue.accounts[0]!.cancel(clientOrderId, intent.at);
    return;
  }
  const limitPrice = ticks(intent.price);
  const quantity = lots(intent.quantity);
  if (applyAmendSent(order, limitPrice, quantity).ok) {
    venue.accounts[0]!.amend({ clientOrderId, limitPrice, quantity }, intent.at);
  }
}

function termsOf(intent: Intent, n: number): OrderTerms {
  const timeInForce: TimeInForce =
    intent.tif === 0
      ? { kind: "immediate-or-cancel" }
      : intent.tif === 1
        ? { kind: "fill-or-kill" }
        : { kind: "good-till-canceled", postOnly: intent.tif === 2 };
  return {
    clientOrderId: `o${n}` as ClientOrderId,
    side: intent.side,
    quantity: lots(intent.quantity),
    timeInForce,
    ...(intent.tif === 5 ? {} : { limitPrice: ticks(intent.price) }),
    ...(intent.reduceOnly && intent.target % 4 === 0 ? { reduceOnly: true } : {}),
  };
}

const newOrder = (terms: OrderTerms, sentAt: number): ChildOrder => ({
  parentId: "p",
  terms,
  decision: 1,
  aggressive: false,
  sentAt: micros(EPOCH_MICROS + sentAt / MICRO),
  limitPrice: terms.limitPrice,
  quantity: terms.quantity,
  pendingAmend: undefined,
  cumulative: NO_LOTS,
  phase: "pending-new",
  closeReason: undefined,
  closeText: undefined,
});

/** The same rows, cut after some of the messages. */
function cut(block: MarketBlock, seed: number): MarketBlock[] {
  const dice = new Dice(seed);
  const blocks: MarketBlock[] = [];
  let from = 0;
  for (let row = 0; row < block.length; row++) {
    if ((block.kind[row]! & LAST) === 0) continue;
    if (row + 1 < block.length && dice.chance(0.7)) continue;
    blocks.push({
      exchangeTime: block.exchangeTime.slice(from, row + 1),
      localTime: block.localTime.slice(from, row + 1),
      kind: block.kind.slice(from, row + 1),
      price: block.price.slice(from, row + 1),
      quantity: block.quantity.slice(from, row + 1),
      length: row + 1 - from,
    });
    from = row + 1;
  }
  return blocks;
}

const BOTH: MarketShape = { trades: true, gaps: true };
const filledIn = (reports: readonly Timed[]) =>
  reports.flatMap(({ at, id, report }) =>
    report.kind === "filled" ? [{ at, id, fill: report.fill }] : [],
  );

/** After the orders below are in; no market orders, which would meet them at the far end. */
const later = (intent: Intent): Intent => ({
  ...intent,
  at: intent.at + 9 * MICRO,
  tif: Math.min(4, intent.tif),
});

describe("laws of the replay venue", () => {
  it("orders live by the life cycle, never overfill, and their executions are numbered", () => {
    let fills = 0;
    fc.assert(
      fc.property(SCENE, (scene) => {
        const { reports, orders } = play(scene, [randomMarket(scene.seed, 250, BOTH)]);
        const seen = new Set<string>();
        for (const { id, fill } of filledIn(reports)) {
          fills++;
          expect(fill.quantity).toBeGreaterThan(0);
          expect(seen.has(fill.executionId)).toBe(false);
          seen.add(fill.executionId);
          const { terms } = orders.get(id)!;
          if (terms.timeInForce.kind !== "good-till-canceled" || terms.limitPrice === undefined) {
            expect(fill.liquidity).toBe("taker");
          }
        }
        for (const order of orders.values()) {
          if (order.terms.timeInForce.kind !== "fill-or-kill") continue;
          expect([0, order.quantity]).toContain(order.cumulative);
        }
      }),
      { numRuns: 150 },
    );
    expect(fills).toBeGreaterThan(250);
  });

  it("says the same however the rows are cut into blocks", () => {
    fc.assert(
      fc.property(SCENE, fc.nat(1000), (scene, knife) => {
        const market = randomMarket(scene.seed, 250, BOTH);
        const whole = play(scene, [market]);
        const pieces = play(scene, cut(market, knife));
        expect(pieces.reports).toEqual(whole.reports);
      }),
      { numRuns: 100 },
    );
  });

  it("says the same when every row is looked at one by one", () => {
    // Orders that cannot fill, in the filter slots of the market's ticks: it always says yes.
    const everywhere: OrderTerms[] = [];
    for (let offset = -30; offset <= 30; offset++) {
      for (const side of ["buy", "sell"] as const) {
        everywhere.push({
          clientOrderId: `watch-${side}-${offset}` as ClientOrderId,
          side,
          quantity: lots(1),
          limitPrice: ticks(MID + offset + (side === "buy" ? -TICK_SLOTS : TICK_SLOTS)),
          timeInForce: { kind: "good-till-canceled", postOnly: true },
        });
      }
    }
    fc.assert(
      fc.property(SCENE, (given) => {
        // Jitter is drawn by the count of commands, rounding by the count of resting orders.
        const scene: Scene = { ...given, jitter: false, queue: "risk-averse" };
        const market = randomMarket(scene.seed, 250, { trades: true, gaps: false });
        const shifted = { ...scene, intents: scene.intents.map(later) };
        expect(play(shifted, [market], everywhere).reports).toEqual(
          play(shifted, [market]).reports,
        );
      }),
      { numRuns: 100 },
    );
  });

  it("reports arrive in order, never before the exchange time of what they report", () => {
    fc.assert(
      fc.property(SCENE, (scene) => {
        const { reports } = play(scene, [randomMarket(scene.seed, 250, BOTH)]);
        let last = 0;
        for (const { at, report } of reports) {
          expect(at).toBeGreaterThanOrEqual(last);
          last = at;
          if (report.kind !== "filled") continue;
          expect((report.fill.exchangeTime - EPOCH_MICROS) * MICRO).toBeLessThanOrEqual(at);
          expect(report.fill.exchangeTime).toBeGreaterThanOrEqual(EPOCH_MICROS);
        }
      }),
      { numRuns: 100 },
    );
  });

  it("without trades, no more is had of a side than its levels ever gained", () => {
    let taken = 0;
    fc.assert(
      fc.property(SCENE, (scene) => {
        const market = randomMarket(scene.seed, 250, { trades: false, gaps: false });
        const { reports, orders } = play(scene, [market]);
        for (const side of ["buy", "sell"] as const) {
          const gained = gains(market, side === "buy" ? Kind.ASK : Kind.BID);
          let total = 0;
          for (const { id, fill } of filledIn(reports)) {
            if (orders.get(id)!.terms.side !== side) continue;
            total += fill.quantity;
            if (fill.liquidity === "maker") continue;
            const left = gained.get(fill.price)! - fill.quantity;
            expect(left).toBeGreaterThanOrEqual(0);
            gained.set(fill.price, left);
          }
          taken += total;
          const most = [...gains(market, side === "buy" ? Kind.ASK : Kind.BID).values()];
          expect(total).toBeLessThanOrEqual(most.reduce((sum, lotCount) => sum + lotCount, 0));
        }
      }),
      { numRuns: 150 },
    );
    expect(taken).toBeGreaterThan(2500);
  });

  it("at one instant the same lots are never sold twice, in any split of the orders", () => {
    fc.assert(
      fc.property(
        fc.nat(1000),
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 12 }),
        (seed, quantities) => {
          const market = randomMarket(seed, 0, { trades: false, gaps: false });
          const depth = [...gains(market, Kind.ASK).values()].reduce((sum, n) => sum + n, 0);
          const intents = quantities.map((quantity): Intent => ({
            at: 5 * MICRO,
            kind: "place",
            side: "buy",
            price: 0,
            quantity,
            tif: 5,
            target: 1,
            reduceOnly: false,
          }));
          const scene: Scene = { seed, intents, queue: "risk-averse", jitter: false };
          const wanted = quantities.reduce((sum, n) => sum + n, 0);
          const fills = filledIn(play(scene, [market]).reports);
          const had = fills.reduce((sum, { fill }) => sum + fill.quantity, 0);
          expect(had).toBe(Math.min(wanted, depth));
          const prices = fills.map(({ fill }) => fill.price);
          expect(prices).toEqual(prices.toSorted((a, b) => a - b));
        },
      ),
      { numRuns: 100 },
    );
  });

  it("a trade never gives our resting orders more than its own size", () => {
    let fills = 0;
    fc.assert(
      fc.property(SCENE, (scene) => {
        const market = tradesOnly(scene.seed);
        const makers = scene.intents.map((intent) => ({
          ...intent,
          tif: 2,
          price:
            intent.side === "buy"
              ? Math.min(MID - 1, intent.price)
              : Math.max(MID + 1, intent.price),
        }));
        const quick: Scene = { ...scene, intents: makers, jitter: false };
        const shown = new Map<string, number>();
        for (let row = 0; row < market.length; row++) {
          const what = market.kind[row]! & KIND_MASK;
          if (what !== Kind.TRADE_BUY && what !== Kind.TRADE_SELL) continue;
          const key = `${what === Kind.TRADE_SELL ? "buy" : "sell"} ${market.exchangeTime[row]}`;
          shown.set(key, market.quantity[row]!);
        }
        const { reports, orders } = play(quick, [market]);
        const response = latencyOf(quick).minResponse;
        for (const { at, id, fill } of filledIn(reports)) {
          fills++;
          const key = `${orders.get(id)!.terms.side} ${at - response}`;
          const left = shown.get(key)! - fill.quantity;
          expect(left).toBeGreaterThanOrEqual(0);
          shown.set(key, left);
        }
      }),
      { numRuns: 150 },
    );
    expect(fills).toBeGreaterThan(250);
  });
});

/** By tick: the sum of all that a level was seen to gain. */
function gains(market: MarketBlock, side: number): Map<number, number> {
  const now = new Map<number, number>();
  const sum = new Map<number, number>();
  let before = new Map<number, number>();
  for (let row = 0; row < market.length; row++) {
    const flags = market.kind[row]!;
    if ((flags & ENGINE_ONLY) !== 0) continue;
    if ((flags & KIND_MASK) === Kind.CLEAR) now.clear();
    if ((flags & KIND_MASK) === side) now.set(market.price[row]!, market.quantity[row]!);
    if ((flags & LAST) === 0) continue;
    for (const [tick, quantity] of now) {
      const gain = Math.max(0, quantity - (before.get(tick) ?? 0));
      sum.set(tick, (sum.get(tick) ?? 0) + gain);
    }
    before = new Map(now);
  }
  return sum;
}

/** A fixed book and one trade per instant, so that each fill names the trade that made it. */
function tradesOnly(seed: number): MarketBlock {
  const dice = new Dice(seed);
  const builder = new ColumnsBuilder(256);
  builder.push(0, 0, Kind.CLEAR, 0, 0);
  for (let depth = 1; depth <= 6; depth++) {
    builder.push(0, 0, Kind.BID, MID - depth, dice.roll(1, 10));
    builder.push(0, 0, Kind.ASK, MID + depth, dice.roll(1, 10));
  }
  builder.endMessage();
  for (let time = MICRO; time <= 400 * MICRO; time += MICRO) {
    const sells = dice.chance(0.5);
    const tick = sells ? MID - dice.roll(1, 4) : MID + dice.roll(1, 4);
    builder.push(time, time, sells ? Kind.TRADE_SELL : Kind.TRADE_BUY, tick, dice.roll(1, 9));
    builder.endMessage();
  }
  return builder.view();
}
