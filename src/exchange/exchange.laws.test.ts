/**
 * What holds of the exchange after any session: random orders, amendments, cancels, modes, funding
 * and mark prices, on all three kinds of market and by several accounts at once.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { INVERSE, LINEAR, SPOT } from "../../test/exchange/ladder-market.ts";
import { Floor, PLAIN } from "../../test/exchange/tape.ts";
import { sign } from "../core/domain/side.ts";
import { halfTicks } from "../core/domain/units.ts";
import type { Category, ExecutionRecord, OrderRecord, PlaceRequest } from "./exchange-types.ts";
import { amountEstimate, amountOf } from "./ledger/amount.ts";
import { Worth } from "./ledger/worth.ts";

const MARKETS = [
  { category: "linear", symbol: "BTCUSDT", mid: 64_250, tick: 0.1, lot: 0.001, digits: [1, 3] },
  { category: "spot", symbol: "BTCUSDT", mid: 64_250, tick: 0.01, lot: 0.001, digits: [2, 3] },
  { category: "inverse", symbol: "BTCUSD", mid: 64_250, tick: 0.5, lot: 10, digits: [1, 0] },
] as const;

const WALLETS = [
  { USDT: "60000", BTC: "1" },
  { USDT: "2500", BTC: "0.01" },
];

type Step =
  | {
      readonly kind: "place";
      readonly market: number;
      readonly account: number;
      readonly isBuy: boolean;
      readonly size: number;
      readonly away: number;
      readonly isMarket: boolean;
      readonly reduceOnly: boolean;
      readonly timeInForce: PlaceRequest["timeInForce"];
      readonly index: 1 | 2;
      readonly isIndexFree: boolean;
      readonly unit: "baseCoin" | "quoteCoin";
    }
  | { readonly kind: "amend"; account: number; pick: number; size: number; away: number }
  | { readonly kind: "cancel"; readonly account: number; readonly pick: number }
  | { readonly kind: "crowd"; readonly market: number; readonly isBuy: boolean; size: number }
  | { readonly kind: "fund"; readonly market: number; readonly rate: number }
  | { readonly kind: "mark"; readonly market: number; readonly move: number }
  | { readonly kind: "mode"; readonly account: number; readonly isHedge: boolean };

const anyMarket = fc.nat(2);
const anyAccount = fc.nat(1);
const anySize = fc.integer({ min: 1, max: 400 });

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("place" as const),
      market: anyMarket,
      account: anyAccount,
      isBuy: fc.boolean(),
      size: anySize,
      away: fc.integer({ min: -12, max: 12 }),
      isMarket: fc.nat(2).map((k) => k === 0),
      reduceOnly: fc.nat(2).map((k) => k === 0),
      isIndexFree: fc.nat(9).map((k) => k === 0),
      timeInForce: fc.constantFrom(...(["GTC", "GTC", "GTC", "IOC", "FOK", "PostOnly"] as const)),
      index: fc.constantFrom(1 as const, 2 as const),
      unit: fc.constantFrom("baseCoin" as const, "quoteCoin" as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("amend" as const),
      account: anyAccount,
      pick: fc.nat(20),
      size: anySize,
      away: fc.integer({ min: -12, max: 12 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("cancel" as const),
      account: anyAccount,
      pick: fc.nat(20),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("crowd" as const),
      market: anyMarket,
      isBuy: fc.boolean(),
      size: fc.integer({ min: 1, max: 900 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("fund" as const),
      market: fc.constantFrom(0, 2),
      rate: fc.integer({ min: -50, max: 50 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("mark" as const),
      market: fc.constantFrom(0, 2),
      move: fc.integer({ min: -3_500, max: 3_500 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("mode" as const),
      account: anyAccount,
      isHedge: fc.boolean(),
    }),
  },
);

function newFloor(): Floor {
  const floor = new Floor({ instruments: [LINEAR, SPOT, INVERSE], wallets: WALLETS });
  for (const [number, { mid, tick }] of MARKETS.entries()) {
    const at = Math.round(mid / tick);
    floor.markets[number]!.fill(at, 12, number === 2 ? 4_000 : number === 1 ? 400_000 : 400);
    floor.limit(number, at);
    if (number !== 1) floor.markets[number]!.setMark(halfTicks(2 * at));
  }
  return floor;
}

function play(
  floor: Floor,
  step: Step,
  acknowledged: [number, string][],
  hedged: Set<number>,
): void {
  floor.pass(1_000);
  const { exchange, markets } = floor;
  if (step.kind === "place") {
    const market = MARKETS[step.market]!;
    const [priceDigits, sizeDigits] = market.digits;
    const isByValue = step.isMarket && market.category === "spot" && step.unit === "quoteCoin";
    const size = isByValue ? step.size * 60 : step.size * market.lot;
    const answer = exchange.place(step.account, {
      ...PLAIN,
      category: market.category,
      symbol: market.symbol,
      side: sideOf(floor, step),
      isMarket: step.isMarket,
      quantity: size.toFixed(sizeDigits),
      price: step.isMarket
        ? undefined
        : (market.mid + step.away * market.tick).toFixed(priceDigits),
      timeInForce: step.timeInForce,
      reduceOnly: step.reduceOnly && market.category !== "spot",
      // Now and then the wrong one for the mode that is set.
      positionIndex:
        step.isIndexFree || (market.category === "linear" && hedged.has(step.account))
          ? step.index
          : 0,
      marketUnit: step.unit,
    });
    if (answer.ok) acknowledged.push([step.account, answer.value.orderId]);
  } else if (step.kind === "amend" || step.kind === "cancel") {
    const open = openOf(floor, step.account);
    const order = open[step.pick % Math.max(1, open.length)];
    if (order === undefined) return;
    const { category, symbol, orderId } = order;
    const named = { category, symbol, orderId, orderLinkId: undefined };
    if (step.kind === "cancel") exchange.cancel(step.account, named);
    else {
      const { mid, tick, lot, digits } = MARKETS.find((market) => market.category === category)!;
      const isMoved = step.away % 2 === 0;
      exchange.amend(step.account, {
        ...named,
        quantity: (step.size * lot).toFixed(digits[1]),
        price: isMoved ? (mid + step.away * tick).toFixed(digits[0]) : undefined,
      });
    }
  } else if (step.kind === "crowd") crowd(floor, step);
  else if (step.kind === "fund") {
    const market = markets[step.market]!;
    const { markPrice } = market;
    market.fund({ rate: (step.rate / 1e5).toFixed(5), at: exchange.now, markPrice });
  } else if (step.kind === "mark") {
    const { mid, tick } = MARKETS[step.market]!;
    const at = Math.round(mid / tick);
    markets[step.market]!.setMark(halfTicks(2 * at + Math.round((2 * at * step.move) / 10_000)));
  } else if (exchange.setPositionMode(step.account, "linear", "BTCUSDT", step.isHedge).ok) {
    if (step.isHedge) hedged.add(step.account);
    else hedged.delete(step.account);
  }
}

/** A reduce-only order mostly means to reduce what there is. */
function sideOf(floor: Floor, step: Extract<Step, { kind: "place" }>): "buy" | "sell" {
  const { category } = MARKETS[step.market]!;
  const [held] = floor.exchange.positions(step.account, { category });
  if (!step.reduceOnly || step.isIndexFree || held === undefined) {
    return step.isBuy ? "buy" : "sell";
  }
  return held.side === "buy" ? "sell" : "buy";
}

/** Takes from the book through the own orders in it, and fills it up again. */
function crowd(floor: Floor, { market, isBuy, size }: Extract<Step, { kind: "crowd" }>): void {
  const ladder = floor.markets[market]!;
  const { mid, tick } = MARKETS[market]!;
  const at = Math.round(mid / tick);
  const scale = market === 2 ? 10 : market === 1 ? 1_000 : 1;
  ladder.take(isBuy, isBuy ? at + 30 : at - 30, size * scale);
  for (let k = 1; k <= 12; k++) {
    const price = isBuy ? at + k : at - k;
    const best = isBuy ? ladder.bid : ladder.ask;
    if (best > 0 && (isBuy ? price <= best : price >= best)) continue;
    ladder.crowd(!isBuy, price, 100 * scale);
  }
}

function openOf(floor: Floor, account: number): readonly OrderRecord[] {
  return MARKETS.flatMap(({ category }) => floor.exchange.openOrders(account, { category }, true));
}

const contractsOf = (floor: Floor, account: number): ExecutionRecord[] =>
  floor.executions
    .filter((each) => each.account === account && each.record.order.category !== "spot")
    .map(({ record }) => record);

interface Played {
  readonly floor: Floor;
  readonly acknowledged: [number, string][];
}

/** @param look is called after each step. */
function session(steps: readonly Step[], isHedged: boolean, look: (floor: Floor) => void): Played {
  const floor = newFloor();
  const acknowledged: [number, string][] = [];
  const hedged = new Set<number>();
  if (isHedged) play(floor, { kind: "mode", account: 0, isHedge: true }, [], hedged);
  for (const step of steps) {
    play(floor, step, acknowledged, hedged);
    // What the crowd did by itself is settled when time goes on.
    floor.pass(1_000);
    look(floor);
  }
  return { floor, acknowledged };
}

const anySession = fc.array(anyStep, { minLength: 20, maxLength: 80, size: "max" });

describe("laws of the exchange", () => {
  it("answers whatever a client writes, in Bybit's numbers, and stays whole", () => {
    const anyText = fc.oneof(
      fc.string({ maxLength: 45 }),
      fc.constantFrom("0", "-1", "1e9", "9".repeat(40), "0.".padEnd(42, "0") + "1", "1", "64250"),
      fc.double({ min: 0, max: 1e6 }).map(String),
    );
    const anyRequest = fc.record({
      market: anyMarket,
      quantity: anyText,
      price: fc.option(anyText, { nil: undefined }),
      orderLinkId: fc.option(anyText, { nil: undefined }),
      leverage: anyText,
      isMarket: fc.boolean(),
      reduceOnly: fc.boolean(),
    });
    const codes = new Set<number>();
    fc.assert(
      fc.property(fc.array(anyRequest, { minLength: 1, maxLength: 30 }), (requests) => {
        const floor = newFloor();
        for (const { market, leverage, ...wanted } of requests) {
          const { category, symbol } = MARKETS[market]!;
          const placed = floor.exchange.place(0, { ...PLAIN, category, symbol, ...wanted });
          const amended = floor.exchange.amend(0, {
            category,
            symbol,
            orderId: placed.ok ? placed.value.orderId : wanted.quantity,
            orderLinkId: wanted.orderLinkId,
            quantity: wanted.quantity,
            price: wanted.price,
          });
          const set = floor.exchange.setLeverage(0, category, symbol, leverage, leverage);
          for (const answer of [placed, amended, set])
            codes.add(answer.ok ? 0 : answer.error.retCode);
        }
        floor.pass(1_000);
        checkMoney(floor);
        checkOrders(floor);
      }),
      { numRuns: 60 },
    );
    expect(codes.size).toBeGreaterThan(8);
  });

  it("answers and tells the same when the same is asked again", () => {
    fc.assert(
      fc.property(anySession, (steps) => {
        const [a, b] = [session(steps, false, () => {}), session(steps, false, () => {})];
        expect(storyOf(a.floor)).toBe(storyOf(b.floor));
      }),
      { numRuns: 10 },
    );
  });

  it("conserves money, bounds every order, and binds what the open orders need", () => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(anySession, fc.boolean(), (steps, isHedged) => {
        const { floor, acknowledged } = session(steps, isHedged, checkBound);
        countKinds(floor, seen);
        checkMoney(floor);
        checkPositions(floor);
        checkOrders(floor);
        checkIds(floor, acknowledged);
      }),
      { numRuns: 80 },
    );
    // Laws of what never happened would show nothing.
    for (const kind of KINDS) expect(seen.get(kind) ?? 0, kind).toBeGreaterThan(0);
  }, 60_000);
});

const KINDS = [
  "linear",
  "spot",
  "inverse",
  "maker",
  "taker",
  "Funding",
  "reducing",
  "hedged",
  "closing",
  "by value",
  "CreateByLiq",
  "CancelByReduceOnly",
  "CancelByUser",
];

/** What is told and answered, as one text. */
const storyOf = (floor: Floor): string =>
  [
    floor.take(),
    floor.executions,
    floor.positions,
    floor.orders,
    [0, 1].map((account) => floor.exchange.wallet(account)),
  ]
    .map((part) =>
      JSON.stringify(part, (_, value) => (typeof value === "bigint" ? `${value}` : value)),
    )
    .join("\n");

function countKinds(floor: Floor, seen: Map<string, number>): void {
  const count = (kind: string) => seen.set(kind, (seen.get(kind) ?? 0) + 1);
  for (const { record } of floor.executions) {
    const { order, execType, isMaker, closed } = record;
    for (const kind of [order.category, execType, order.createType]) count(kind);
    count(isMaker ? "maker" : "taker");
    if (order.reduceOnly) count("reducing");
    if (order.positionIndex > 0) count("hedged");
    if (closed > 0) count("closing");
    if (order.value !== undefined) count("by value");
  }
  for (const { record } of floor.orders) count(record.cancelType);
}

/** Σ of what executions say = what the wallets say, exactly, coin by coin. */
function checkMoney(floor: Floor): void {
  for (const [account, wallet] of WALLETS.entries()) {
    const expected = new Map(
      Object.entries(wallet).map(([coin, text]) => [coin, amountOf(text)] as [string, bigint]),
    );
    const add = (coin: string, amount: bigint) =>
      expected.set(coin, (expected.get(coin) ?? 0n) + amount);
    for (const { account: whose, record } of floor.executions) {
      if (whose !== account) continue;
      add(record.feeCoin, -amountOf(record.fee));
      const { category, side, instrument } = record.order;
      if (category !== "spot") {
        add(category === "linear" ? "USDT" : "BTC", amountOf(record.profit));
        continue;
      }
      const units = new Worth(instrument).units(record.quantity);
      const value = amountOf(record.value);
      add("BTC", side === "buy" ? units : -units);
      add("USDT", side === "buy" ? -value : value);
    }
    for (const { coin, wallet: text } of floor.exchange.wallet(account).coins) {
      expect(text, `${coin} of ${account}`).toBe(textOf(expected.get(coin) ?? 0n));
    }
  }
}

/** The ledger's own text, by way of a number that has the same digits. */
const textOf = (amount: bigint): string => {
  const magnitude = amount < 0n ? -amount : amount;
  const digits = magnitude.toString().padStart(25, "0");
  const text = `${digits.slice(0, -24)}.${digits.slice(-24)}`.replace(/\.?0+$/, "");
  return amount < 0n ? `-${text}` : text;
};

/** A position is the sum of its fills, and profit is what the fills brought less what is held. */
function checkPositions(floor: Floor): void {
  for (const account of WALLETS.keys()) {
    for (const category of ["linear", "inverse"] as const) {
      const held = floor.exchange.positions(account, { category });
      for (const index of [0, 1, 2] as const) {
        const fills = contractsOf(floor, account).filter(
          ({ order, execType }) =>
            execType === "Trade" && order.category === category && order.positionIndex === index,
        );
        let lots = 0;
        let paid = 0n;
        let profit = 0n;
        for (const fill of fills) {
          lots += sign(fill.order.side) * fill.quantity;
          paid += BigInt(sign(fill.order.side)) * amountOf(fill.value);
          profit += amountOf(fill.profit);
        }
        const position = held.find(({ positionIndex }) => positionIndex === index);
        const size = position === undefined ? 0 : sign(position.side!) * position.size;
        expect(size, `${category} ${index}`).toBe(lots);
        const cost =
          position === undefined ? 0n : BigInt(Math.sign(size)) * amountOf(position.value);
        expect(profit).toBe(category === "inverse" ? paid - cost : cost - paid);
      }
    }
  }
}

function checkOrders(floor: Floor): void {
  const last = new Map<string, OrderRecord>();
  for (const { record } of floor.orders) {
    expect(record.cumulative).toBeLessThanOrEqual(record.quantity);
    const before = last.get(record.orderId);
    // Nothing is told of an order after its end.
    expect(["New", "PartiallyFilled", undefined]).toContain(before?.status);
    last.set(record.orderId, record);
  }
  const filled = new Map<string, number>();
  for (const { record } of floor.executions) {
    const { order, execType, quantity, closed } = record;
    if (execType !== "Trade") continue;
    filled.set(order.orderId, (filled.get(order.orderId) ?? 0) + quantity);
    if (order.reduceOnly) expect(closed, "reduce-only closes alone").toBe(quantity);
  }
  for (const [orderId, record] of last) expect(filled.get(orderId) ?? 0).toBe(record.cumulative);
}

/** Every id that was acknowledged leads to its order, open or in history. */
function checkIds(floor: Floor, acknowledged: readonly [number, string][]): void {
  for (const [account, orderId] of acknowledged) {
    const found = MARKETS.some(({ category }: { category: Category }) => {
      const isOpen = floor.exchange.openOrders(account, { category, orderId }, true).length > 0;
      const { list } = floor.exchange.orderHistory(account, { category, orderId, limit: 1 });
      return isOpen || list.length > 0;
    });
    expect(found, orderId).toBe(true);
  }
}

/** What is locked and bound is what the open orders come to, counted anew. */
function checkBound(floor: Floor): void {
  for (const account of WALLETS.keys()) {
    const open = openOf(floor, account);
    const locked = new Map<string, bigint>();
    for (const { category, side, instrument, price, quantity, cumulative } of open) {
      if (category !== "spot") continue;
      const worth = new Worth(instrument);
      const leaves = (quantity - cumulative) as typeof quantity;
      const amount = side === "buy" ? worth.at(halfTicks(2 * price), leaves) : worth.units(leaves);
      const coin = side === "buy" ? instrument.quote : instrument.base;
      locked.set(coin, (locked.get(coin) ?? 0n) + amount);
    }
    const wallet = floor.exchange.wallet(account);
    for (const coin of wallet.coins) {
      expect(coin.locked).toBe(textOf(locked.get(coin.coin) ?? 0n));
      const orders = open.filter(({ category }) => SETTLES[category] === coin.coin);
      checkReducing(floor, account, orders);
      expect(Number(coin.orderMargin)).toBeCloseTo(orderMargin(floor, account, orders), 6);
    }
  }
}

/** Together, orders that only reduce never come to more than there is. */
function checkReducing(floor: Floor, account: number, orders: readonly OrderRecord[]): void {
  const reducing = orders.filter(({ reduceOnly }) => reduceOnly);
  const [first] = reducing;
  if (first === undefined) return;
  const held = floor.exchange.positions(account, { category: first.category });
  for (const index of [0, 1, 2]) {
    const resting = reducing.filter(({ positionIndex }) => positionIndex === index);
    const leaves = resting.reduce((sum, each) => sum + each.quantity - each.cumulative, 0);
    const position = held.find(({ positionIndex }) => positionIndex === index);
    expect(leaves, "reducing orders").toBeLessThanOrEqual(position?.size ?? 0);
    // Nor does any when all that may fill before it has: plain orders at its price or nearer.
    for (const last of resting) {
      const before = orders.filter(
        ({ side, positionIndex, price }) =>
          side === last.side &&
          positionIndex === index &&
          (side === "buy" ? price >= last.price : price <= last.price),
      );
      const plain = before.filter(({ reduceOnly }) => !reduceOnly);
      const nearer = before.filter((each) => each.reduceOnly && each.price !== last.price);
      const ahead = [...plain, ...nearer, last].reduce(
        (sum, each) => sum + each.quantity - each.cumulative,
        0,
      );
      expect(ahead, "orders before a reducing one").toBeLessThanOrEqual(position?.size ?? 0);
    }
  }
}

const SETTLES: Partial<Record<Category, string>> = { linear: "USDT", inverse: "BTC" };

/** In doubles, from the records: what the resting orders could add, by the published rule. */
function orderMargin(floor: Floor, account: number, orders: readonly OrderRecord[]): number {
  const [first] = orders;
  if (first === undefined) return 0;
  const { category, instrument } = first;
  const worth = new Worth(instrument);
  const resting = (side: "buy" | "sell", index: number): number =>
    orders
      .filter((each) => each.side === side && each.positionIndex === index && !each.reduceOnly)
      .map((each) => {
        const leaves = (each.quantity - each.cumulative) as typeof each.quantity;
        return amountEstimate(worth.at(halfTicks(2 * each.price), leaves));
      })
      .reduce((a, b) => a + b, 0);
  const one = floor.exchange
    .positions(account, { category })
    .find(({ positionIndex }) => positionIndex === 0);
  const size = one === undefined ? 0 : amountEstimate(worth.at(one.markPrice, one.size));
  const held = one?.side === "sell" ? -size : size;
  const up = Math.abs(held + resting("buy", 0));
  const down = Math.abs(held - resting("sell", 0));
  const added = Math.max(size, up, down) - size;
  const isInverse = category === "inverse";
  return (
    orderCost(added, down > up, isInverse) +
    orderCost(resting("buy", 1), false, isInverse) +
    orderCost(resting("sell", 2), true, isInverse)
  );
}

/** At leverage 10: margin, the fee to open, and the fee to close where the margin is gone. */
const orderCost = (value: number, isShort: boolean, isInverse: boolean): number =>
  value * (0.1 + 0.00055 + 0.00055 * (isShort === isInverse ? 0.9 : 1.1));
