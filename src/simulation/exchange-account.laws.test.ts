/**
 * Laws of the exchange account: whatever we and the others do, our orders live by the life cycle,
 * the book holds what is open and nothing else, and reduce-only never turns the position.
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
  type TimeInForce,
} from "../core/domain/child-order.ts";
import { decimal } from "../core/domain/decimal.ts";
import type { Instrument } from "../core/domain/instrument.ts";
import { type Side, sign } from "../core/domain/side.ts";
import { lots, micros, NO_LOTS, ticks } from "../core/domain/units.ts";
import { NO_TICK } from "../core/market/book-side.ts";
import { ExchangeAccount } from "./exchange-account.ts";
import { NO_FEES } from "./fees.ts";
import { constantLatency } from "./latency.ts";
import {
  CROWD,
  MatchingEngine,
  type MatchListener,
  NO_ORDER,
} from "./order-book/matching-engine.ts";

const INSTRUMENT: Instrument = {
  venue: "test",
  symbol: "XYZUSD",
  kind: "linear",
  base: "XYZ",
  quote: "USD",
  tickSize: decimal("1"),
  lotSize: decimal("1"),
  contractSize: decimal("1"),
  minLots: lots(1),
  maxLimitLots: lots(40),
  maxMarketLots: lots(40),
  minNotional: decimal("0"),
};

const OWN = 1;

type Other = { readonly buys: boolean; readonly price: number; readonly lots: number };

type Act =
  | { readonly kind: "message"; readonly orders: readonly Other[] }
  | {
      readonly kind: "place";
      readonly side: Side;
      readonly quantity: number;
      readonly price: number | undefined;
      readonly timeInForce: TimeInForce;
      readonly reduceOnly: boolean;
    }
  | {
      readonly kind: "amend";
      readonly which: number;
      readonly price: number;
      readonly quantity: number;
    }
  | { readonly kind: "cancel"; readonly which: number };

const price = fc.integer({ min: 96, max: 105 });
const quantity = fc.integer({ min: 1, max: 14 });
const other = fc.record({ buys: fc.boolean(), price, lots: quantity });
const timeInForce = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ kind: "good-till-canceled" as const, postOnly: false }) },
  fc.constant({ kind: "good-till-canceled" as const, postOnly: true }),
  fc.constant({ kind: "immediate-or-cancel" as const }),
  fc.constant({ kind: "fill-or-kill" as const }),
);
const acts: fc.Arbitrary<Act[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant("message" as const),
        orders: fc.array(other, { minLength: 1, maxLength: 3 }),
      }),
    },
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant("place" as const),
        side: fc.constantFrom("buy" as const, "sell" as const),
        quantity,
        price: fc.oneof({ weight: 6, arbitrary: price }, fc.constant(undefined)),
        timeInForce,
        reduceOnly: fc.boolean(),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant("amend" as const),
        which: fc.nat(),
        price,
        quantity,
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("cancel" as const), which: fc.nat() }) },
  ),
  { minLength: 5, maxLength: 60 },
);

/** A bare market, our account in it, and a ledger that believes nothing but reports and trades. */
class Stage implements MatchListener {
  now = 0;
  readonly matching = new MatchingEngine(this, 4);
  readonly account: ExchangeAccount;
  readonly orders: ChildOrder[] = [];
  readonly executions = new Set<string>();
  position: number;
  /** Lots that the matching engine saw us trade, and those that were reported. */
  tradedLots = 0;
  reportedLots = 0;
  /** Twice the others' mid and their spread when what acts now began to act. */
  #quote: readonly [mid: number, spread: number] | undefined;

  constructor(position: number) {
    this.position = position;
    this.account = new ExchangeAccount(
      {
        instrument: INSTRUMENT,
        fees: NO_FEES,
        epochNanos: 0n,
        positionLots: position,
        latency: constantLatency(1, 1),
      },
      this,
      OWN,
    );
  }

  traded(
    maker: number,
    makerOwner: number,
    takerOwner: number,
    takerBuys: boolean,
    at: number,
    size: number,
    makerLeft: number,
  ): void {
    expect([makerOwner, takerOwner]).not.toEqual([OWN, OWN]);
    if (makerOwner === OWN || takerOwner === OWN) this.tradedLots += size;
    if (makerOwner === OWN) this.account.filled(maker, !takerBuys, at, size, makerLeft);
  }

  levelChanged(): void {}
  removed(): void {
    throw new Error("no order of ours may meet another");
  }

  act(act: Act): void {
    this.now += 10;
    this.#quote = this.othersQuote();
    if (act.kind === "message") {
      this.account.beginMessage();
      for (const { buys, price: at, lots: size } of act.orders) {
        this.matching.limit(CROWD, buys, at, size);
      }
      if (this.account.mustSettle) this.account.settle();
    } else {
      this.#send(act);
      if (this.account.nextCommandAt < Infinity) this.account.handleCommand();
    }
    while (this.account.nextReportAt < Infinity) {
      const { clientOrderId, report } = this.account.takeReport();
      this.#take(clientOrderId, report);
    }
  }

  #send(act: Exclude<Act, { kind: "message" }>): void {
    if (act.kind === "place") {
      this.#place(act);
      return;
    }
    const order = this.orders[act.which % this.orders.length];
    if (order === undefined) return;
    const { clientOrderId } = order.terms;
    if (act.kind === "cancel") {
      if (applyCancelSent(order).ok) this.account.cancel(clientOrderId, this.now - 1);
      return;
    }
    const limitPrice = ticks(act.price);
    if (applyAmendSent(order, limitPrice, lots(act.quantity)).ok) {
      this.account.amend({ clientOrderId, limitPrice, quantity: lots(act.quantity) }, this.now - 1);
    }
  }

  #place(act: Extract<Act, { kind: "place" }>): void {
    const clientOrderId = `o${this.orders.length}` as ClientOrderId;
    const terms = {
      clientOrderId,
      side: act.side,
      quantity: lots(act.quantity),
      timeInForce:
        act.price === undefined ? ({ kind: "immediate-or-cancel" } as const) : act.timeInForce,
      ...(act.price === undefined ? {} : { limitPrice: ticks(act.price) }),
      ...(act.reduceOnly ? { reduceOnly: true } : {}),
    };
    this.orders.push({
      parentId: "p",
      terms,
      aggressive: false,
      decision: 0,
      sentAt: micros(0),
      limitPrice: terms.limitPrice,
      quantity: terms.quantity,
      pendingAmend: undefined,
      cumulative: NO_LOTS,
      phase: "pending-new",
      closeReason: undefined,
      closeText: undefined,
    });
    this.account.place(terms, this.now - 1);
  }

  #take(clientOrderId: ClientOrderId, report: OrderReport): void {
    const order = this.orders.find(({ terms }) => terms.clientOrderId === clientOrderId)!;
    expect(order.phase).not.toBe("closed");
    if (report.kind === "filled") {
      const { fill } = report;
      const { side, reduceOnly } = order.terms;
      const limit = order.limitPrice;
      const worst = side === "buy" ? Infinity : 0;
      expect(sign(side) * ((limit ?? worst) - fill.price)).toBeGreaterThanOrEqual(0);
      expect(this.executions).not.toContain(fill.executionId);
      this.executions.add(fill.executionId);
      const before = this.position;
      this.position += sign(side) * fill.quantity;
      this.reportedLots += fill.quantity;
      if (reduceOnly === true) {
        expect(Math.abs(this.position)).toBe(Math.abs(before) - fill.quantity);
        expect(this.position * before).toBeGreaterThanOrEqual(0);
      }
      const quote = fill.midBefore === undefined ? undefined : [fill.midBefore, fill.spreadBefore];
      expect(quote).toEqual(this.#quote);
    }
    expect(applyReport(order, report).ok).toBe(true);
  }

  /** From the queues themselves: who stands where. */
  othersQuote(): readonly [number, number] | undefined {
    const best = [true, false].map((isBid) => {
      let tick = isBid ? this.matching.bestBid : this.matching.bestAsk;
      for (; tick !== NO_TICK; tick = this.matching.nextLevel(isBid, tick)) {
        if (this.queue(isBid, tick).some(({ owner }) => owner !== OWN)) return tick;
      }
      return NO_TICK;
    });
    const [bid, ask] = best as [number, number];
    return bid === NO_TICK || ask === NO_TICK ? undefined : [bid + ask, ask - bid];
  }

  queue(isBid: boolean, tick: number): { owner: number; leaves: number }[] {
    const { matching } = this;
    const found: { owner: number; leaves: number }[] = [];
    let slot = matching.firstAt(isBid, tick);
    for (; slot !== NO_ORDER; slot = matching.behind(slot)) {
      found.push({ owner: matching.ownerOf(slot), leaves: matching.leavesOf(slot) });
    }
    return found;
  }

  /** Lots of ours in the book, by side and price. */
  ownLevels(isBid: boolean): Map<number, number> {
    const levels = new Map<number, number>();
    let tick = isBid ? this.matching.bestBid : this.matching.bestAsk;
    for (; tick !== NO_TICK; tick = this.matching.nextLevel(isBid, tick)) {
      for (const { owner, leaves } of this.queue(isBid, tick)) {
        if (owner === OWN) levels.set(tick, (levels.get(tick) ?? 0) + leaves);
      }
    }
    return levels;
  }

  checkBook(): void {
    for (const side of ["buy", "sell"] as const) {
      const open = this.orders.filter(
        ({ phase, terms }) => phase !== "closed" && terms.side === side,
      );
      const least = new Map<number, number>();
      const most = new Map<number, number>();
      for (const { limitPrice, quantity: size, cumulative, terms } of open) {
        const leaves = size - cumulative;
        const at = limitPrice!;
        most.set(at, (most.get(at) ?? 0) + leaves);
        if (terms.reduceOnly !== true) least.set(at, (least.get(at) ?? 0) + leaves);
      }
      const own = this.ownLevels(side === "buy");
      for (const [at, size] of own) expect(size).toBeLessThanOrEqual(most.get(at) ?? 0);
      for (const [at, size] of least) expect(own.get(at) ?? 0).toBeGreaterThanOrEqual(size);
    }
    expect(this.reportedLots).toBe(this.tradedLots);
    expect(this.account.isIdle).toBe(this.orders.every(({ phase }) => phase === "closed"));
  }
}

describe("laws of the exchange account", () => {
  it("keeps every law, whatever we and the others do", () => {
    fc.assert(
      fc.property(acts, fc.integer({ min: -20, max: 20 }), (sequence, position) => {
        const stage = new Stage(position);
        for (const act of sequence) {
          stage.act(act);
          stage.checkBook();
        }
      }),
      { numRuns: 400 },
    );
  });

  it("uses the whole position that reduce-only orders may close, when nothing else is open", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ price, quantity }), { minLength: 1 }),
        quantity,
        (sells, held) => {
          const stage = new Stage(held);
          for (const sell of sells) {
            stage.act({
              kind: "place",
              side: "sell",
              reduceOnly: true,
              timeInForce: { kind: "good-till-canceled", postOnly: false },
              ...sell,
            });
          }
          const open = stage.orders.filter(({ phase }) => phase !== "closed");
          const asked = open.reduce((sum, { terms }) => sum + terms.quantity, 0);
          const shown = [...stage.ownLevels(false).values()].reduce((sum, size) => sum + size, 0);
          expect(shown).toBeLessThanOrEqual(held);
          stage.act({ kind: "message", orders: [{ buys: true, price: 200, lots: 1_000 }] });
          expect(stage.position).toBe(Math.max(0, held - asked));
        },
      ),
      { numRuns: 100 },
    );
  });
});
