import { describe, expect, it } from "vitest";
import type { ClientOrderId, OrderReport, TimeInForce } from "../core/domain/child-order.ts";
import { decimal } from "../core/domain/decimal.ts";
import type { Instrument } from "../core/domain/instrument.ts";
import type { Side } from "../core/domain/side.ts";
import { lots, ticks } from "../core/domain/units.ts";
import { ExchangeAccount } from "./exchange-account.ts";
import { type FeeSchedule, NO_FEES } from "./fees.ts";
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
  minLots: lots(2),
  maxLimitLots: lots(1000),
  maxMarketLots: lots(500),
  minNotional: decimal("250"),
};

const OWN = 1;
const GTC: TimeInForce = { kind: "good-till-canceled", postOnly: false };
const POST: TimeInForce = { kind: "good-till-canceled", postOnly: true };
const IOC: TimeInForce = { kind: "immediate-or-cancel" };
const FOK: TimeInForce = { kind: "fill-or-kill" };

interface Terms {
  readonly price?: number;
  readonly tif?: TimeInForce;
  readonly reduceOnly?: boolean;
}

/** Bids 100 × 10, 99 × 20; asks 102 × 10, 103 × 20, all of the crowd; and our account. */
class Stage implements MatchListener {
  now = 0;
  readonly matching = new MatchingEngine(this);
  readonly account: ExchangeAccount;

  constructor({ position = 0, fees = NO_FEES as FeeSchedule } = {}) {
    this.account = new ExchangeAccount(
      {
        instrument: INSTRUMENT,
        fees,
        epochNanos: 5_000_000_000n,
        positionLots: position,
        latency: constantLatency(10, 3),
      },
      this,
      OWN,
    );
    this.matching.limit(CROWD, true, 100, 10);
    this.matching.limit(CROWD, true, 99, 20);
    this.matching.limit(CROWD, false, 102, 10);
    this.matching.limit(CROWD, false, 103, 20);
  }

  traded(
    maker: number,
    makerOwner: number,
    _takerOwner: number,
    takerBuys: boolean,
    price: number,
    quantity: number,
    makerLeft: number,
  ): void {
    if (makerOwner === OWN) this.account.filled(maker, !takerBuys, price, quantity, makerLeft);
  }

  levelChanged(): void {}
  removed(): void {}

  /** Somebody else sends an order. */
  others(at: number, side: Side, quantity: number, price: number): this {
    return this.message(at, [side, quantity, price]);
  }

  /** Somebody else sends several orders in one message. */
  message(at: number, ...orders: readonly [side: Side, quantity: number, price: number][]): this {
    this.now = at;
    this.account.beginMessage();
    for (const [side, quantity, price] of orders) {
      this.matching.limit(CROWD, side === "buy", price, quantity);
    }
    if (this.account.mustSettle) this.account.settle();
    return this;
  }

  /** Arrives ten later than it is sent. */
  place(at: number, name: string, side: Side, quantity: number, terms: Terms = {}): this {
    const { price, tif = GTC, reduceOnly } = terms;
    this.account.place(
      {
        clientOrderId: id(name),
        side,
        quantity: lots(quantity),
        timeInForce: tif,
        ...(price === undefined ? {} : { limitPrice: ticks(price) }),
        ...(reduceOnly === undefined ? {} : { reduceOnly }),
      },
      at,
    );
    return this.arrive();
  }

  amend(at: number, name: string, price: number, quantity: number): this {
    const clientOrderId = id(name);
    this.account.amend({ clientOrderId, limitPrice: ticks(price), quantity: lots(quantity) }, at);
    return this.arrive();
  }

  cancel(at: number, name: string): this {
    this.account.cancel(id(name), at);
    return this.arrive();
  }

  arrive(): this {
    this.now = this.account.nextCommandAt;
    this.account.handleCommand();
    return this;
  }

  /** What has been told since, in the order of arrival. */
  told(): string[] {
    const lines: string[] = [];
    while (this.account.nextReportAt < Infinity) {
      const at = this.account.nextReportAt;
      const { clientOrderId, report } = this.account.takeReport();
      lines.push(`${at} ${report.kind === "filled" ? "" : `${clientOrderId} `}${say(report)}`);
    }
    return lines;
  }

  /** The lots at a price, from the front: ours in brackets. */
  queue(side: Side, price: number): string {
    const { matching } = this;
    const words: string[] = [];
    let slot = matching.firstAt(side === "buy", price);
    for (; slot !== NO_ORDER; slot = matching.behind(slot)) {
      const leaves = matching.leavesOf(slot);
      words.push(matching.ownerOf(slot) === OWN ? `[${leaves}]` : `${leaves}`);
    }
    return words.join(" ");
  }
}

const id = (name: string): ClientOrderId => name as ClientOrderId;

function say(report: OrderReport): string {
  if (report.kind === "filled") {
    const { executionId, quantity, price, liquidity, midBefore, spreadBefore } = report.fill;
    const quote = midBefore === undefined ? "no mid" : `mid ${midBefore / 2} ± ${spreadBefore}`;
    return `${executionId}: ${quantity} @ ${price} ${liquidity}, ${quote}`;
  }
  if (report.kind === "amended") return `amended: ${report.quantity} @ ${report.limitPrice}`;
  if ("code" in report) return `${report.kind}: ${report.code} ${report.text}`;
  return "text" in report ? `${report.kind}: ${report.text}` : report.kind;
}

describe("exchange account", () => {
  it("takes level by level, one execution each, and rests what is left in the book", () => {
    const stage = new Stage().place(0, "a", "buy", 35, { price: 103 });
    expect(stage.told()).toEqual([
      "13 a accepted",
      "13 a.1: 10 @ 102 taker, mid 101 ± 2",
      "13 a.2: 20 @ 103 taker, mid 101 ± 2",
    ]);
    expect(stage.queue("buy", 103)).toBe("[5]");
    expect(stage.matching.bestAsk).toBe(0);
  });

  it("fills a resting order when its turn in the queue has come, at the mid of the others", () => {
    const stage = new Stage()
      .place(0, "a", "buy", 6, { price: 101 })
      .place(1, "b", "buy", 4, { price: 100 })
      .others(50, "buy", 7, 100);
    expect(stage.queue("buy", 100)).toBe("10 [4] 7");
    stage.others(60, "sell", 18, 100);
    expect(stage.told()).toEqual([
      "13 a accepted",
      "14 b accepted",
      // The others' best bid is 100: our own at 101 is no part of their mid.
      "63 a.1: 6 @ 101 maker, mid 101 ± 2",
      "63 b.1: 2 @ 100 maker, mid 101 ± 2",
    ]);
    expect(stage.queue("buy", 100)).toBe("[2] 7");
    expect(stage.account.isIdle).toBe(false);
  });

  it("knows no mid where the others have no two sides", () => {
    const stage = new Stage()
      .place(0, "a", "sell", 3, { price: 104 })
      .others(20, "buy", 30, 103)
      .others(30, "buy", 2, 104);
    expect(stage.told()).toEqual(["13 a accepted", "33 a.1: 2 @ 104 maker, no mid"]);
  });

  it("keeps the place of an order that is only made smaller, and takes it otherwise", () => {
    const stage = new Stage()
      .place(0, "a", "buy", 8, { price: 100 })
      .others(20, "buy", 5, 100)
      .amend(30, "a", 100, 6);
    expect(stage.queue("buy", 100)).toBe("10 [6] 5");
    stage.amend(40, "a", 100, 7);
    expect(stage.queue("buy", 100)).toBe("10 5 [7]");
    stage.amend(50, "a", 102, 12);
    expect(stage.queue("buy", 102)).toBe("[2]");
    stage.amend(60, "a", 102, 10).amend(70, "b", 102, 10).cancel(80, "a").cancel(90, "a");
    expect(stage.told()).toEqual([
      "13 a accepted",
      "43 a amended: 6 @ 100",
      "53 a amended: 7 @ 100",
      "63 a amended: 12 @ 102",
      "63 a.1: 10 @ 102 taker, mid 101 ± 2",
      "73 a amend-rejected: VENUE_AMEND_FILLED 10 lots have filled already",
      "83 b amend-rejected: VENUE_ORDER_NOT_FOUND b is not open: unknown, or too late",
      "93 a canceled: canceled on request",
      "103 a cancel-rejected: VENUE_ORDER_NOT_FOUND a is not open: unknown, or too late",
    ]);
    expect(stage.queue("buy", 102)).toBe("");
    expect(stage.account.isIdle).toBe(true);
  });

  it("ends what must not rest, and what must not begin", () => {
    const stage = new Stage()
      .place(0, "ioc", "buy", 12, { price: 102, tif: IOC })
      .place(1, "market", "buy", 25)
      .others(20, "sell", 5, 102)
      .place(21, "fok", "buy", 6, { price: 102, tif: FOK })
      .place(22, "whole", "buy", 3, { price: 102, tif: FOK })
      .place(23, "post", "buy", 4, { price: 102, tif: POST })
      .place(24, "maker", "buy", 4, { price: 101, tif: POST });
    expect(stage.told()).toEqual([
      "13 ioc accepted",
      "13 ioc.1: 10 @ 102 taker, mid 101 ± 2",
      "13 ioc canceled: immediate-or-cancel: the rest was not there",
      "14 market accepted",
      "14 market.1: 20 @ 103 taker, mid 101.5 ± 3",
      "14 market canceled: market order: no more depth",
      "34 fok canceled: fill-or-kill: 5 of 6 lots were there",
      "35 whole accepted",
      "35 whole.1: 3 @ 102 taker, mid 101 ± 2",
      "36 post canceled: post-only, and 102 ticks would take from 102",
      "37 maker accepted",
    ]);
  });

  it("never trades with itself: what comes is cut short of the own order", () => {
    const stage = new Stage()
      .place(0, "a", "sell", 5, { price: 103 })
      .place(1, "b", "buy", 30, { price: 103 })
      .place(2, "c", "buy", 4, { price: 103, tif: POST })
      .place(3, "d", "buy", 4, { price: 103, tif: FOK });
    expect(stage.told()).toEqual([
      "13 a accepted",
      "14 b accepted",
      "14 b.1: 10 @ 102 taker, mid 101 ± 2",
      "14 b canceled: the rest would trade with an own order",
      "15 c canceled: post-only, and 103 ticks would take from 103",
      "16 d canceled: fill-or-kill: 0 of 4 lots were there",
    ]);
    expect(stage.queue("sell", 103)).toBe("20 [5]");
    stage.others(30, "buy", 20, 103).place(31, "e", "buy", 4, { price: 103, tif: POST });
    expect(stage.told()).toEqual(["44 e canceled: post-only, and would trade with an own order"]);
  });

  it("stands at the same door as beside a recorded market", () => {
    const stage = new Stage()
      .place(0, "a", "buy", 1, { price: 101 })
      .place(1, "b", "buy", 1001, { price: 101 })
      .place(2, "c", "buy", 501)
      .place(3, "d", "buy", 2, { price: 99 })
      .place(4, "e", "buy", 2)
      .place(5, "f", "sell", 3, { reduceOnly: true, price: 105 })
      .place(6, "g", "buy", 5, { price: 2 ** 31 - 1 })
      .place(7, "a", "buy", 5, { price: 99 })
      .place(8, "a", "buy", 5, { price: 99 });
    expect(stage.told()).toEqual([
      "13 a rejected: VENUE_MIN_QUANTITY 1 lots, the minimum is 2",
      "14 b rejected: VENUE_MAX_QUANTITY 1001 lots, the maximum is 1000",
      "15 c rejected: VENUE_MAX_QUANTITY 501 lots, the maximum is 500",
      "16 d rejected: VENUE_MIN_NOTIONAL 2 lots at 99 ticks are worth too little",
      "17 e rejected: VENUE_MIN_NOTIONAL 2 lots at 102 ticks are worth too little",
      "18 f rejected: VENUE_REDUCE_ONLY 3 lots against a position of 0",
      "19 g rejected: VENUE_PRICE not a price: 2147483647 ticks",
      "20 a accepted",
      "21 a rejected: VENUE_DUPLICATE_ID a has been used",
    ]);
  });

  it("takes the first order of an empty book", () => {
    const stage = new Stage();
    stage.matching.take(CROWD, true, 200, 30);
    stage.matching.take(CROWD, false, 1, 30);
    stage.place(0, "a", "buy", 3, { price: 101 }).place(1, "b", "buy", 3);
    expect(stage.told()).toEqual([
      "13 a accepted",
      "14 b accepted",
      "14 b canceled: market order: no more depth",
    ]);
    expect(stage.queue("buy", 101)).toBe("[3]");
  });

  it("charges fees and stamps fills with the time at the exchange", () => {
    const fees: FeeSchedule = { maker: "-0.0001", taker: "0.0005", coin: "settle" };
    const stage = new Stage({ fees }).place(2_000, "a", "buy", 12, { price: 102 });
    stage.others(5_000, "sell", 2, 102);
    const fills = [];
    while (stage.account.nextReportAt < Infinity) {
      const { report } = stage.account.takeReport();
      if (report.kind !== "filled") continue;
      const { fee, feeCoin, exchangeTime } = report.fill;
      fills.push({ fee, feeCoin, exchangeTime });
    }
    expect(fills).toEqual([
      { fee: "0.51", feeCoin: "USD", exchangeTime: 5_000_002 },
      { fee: "-0.0204", feeCoin: "USD", exchangeTime: 5_000_005 },
    ]);
  });
});

describe("reduce-only orders of an exchange account", () => {
  const REDUCE = { reduceOnly: true } as const;

  it("stand with no more than the position leaves to them, several together too", () => {
    const stage = new Stage({ position: 10 })
      .place(0, "a", "sell", 8, { price: 102, ...REDUCE })
      .place(1, "b", "sell", 10, { price: 103, ...REDUCE });
    expect([stage.queue("sell", 102), stage.queue("sell", 103)]).toEqual(["10 [8]", "20 [2]"]);
    stage.others(20, "buy", 40, 103);
    expect(stage.told()).toEqual([
      "13 a accepted",
      "14 b accepted",
      "23 a.1: 8 @ 102 maker, mid 101 ± 2",
      "23 b.1: 2 @ 103 maker, mid 101 ± 2",
      "23 b canceled: reduce-only: nothing is left to reduce",
    ]);
    expect(stage.queue("sell", 103)).toBe("");
  });

  it("give way to own orders before them, and come back at the end of the queue", () => {
    const stage = new Stage({ position: 10 })
      .place(0, "a", "sell", 10, { price: 103, ...REDUCE })
      .others(11, "sell", 6, 103)
      .place(2, "b", "sell", 10, { price: 101 });
    expect(stage.queue("sell", 103)).toBe("20 6");
    expect(stage.account.isIdle).toBe(false);
    stage.cancel(20, "b");
    expect(stage.queue("sell", 103)).toBe("20 6 [10]");
    expect(stage.told()).toEqual([
      "13 a accepted",
      "15 b accepted",
      "33 b canceled: canceled on request",
    ]);
  });

  it("act anew when the market has come over their price while they were out of the book", () => {
    // In one message our buy is filled, which gives room, and the asks are bought away up to 103.
    const stageWith = (tif: TimeInForce): Stage =>
      new Stage({ position: 13 })
        .place(0, "a", "sell", 13, { price: 103, tif, ...REDUCE })
        .place(1, "b", "sell", 10, { price: 101 })
        .place(2, "c", "buy", 5, { price: 99 })
        .message(20, ["sell", 35, 99], ["buy", 47, 103]);
    const taker = stageWith(GTC);
    expect(taker.told().slice(3)).toEqual([
      "23 c.1: 5 @ 99 maker, mid 101 ± 2",
      "23 b.1: 10 @ 101 maker, mid 101 ± 2",
      "23 a.1: 3 @ 103 maker, mid 101 ± 2",
      "23 a.2: 4 @ 103 taker, mid 101 ± 2",
    ]);
    expect(taker.queue("sell", 103)).toBe("[1]");
    const maker = stageWith(POST);
    expect(maker.told().slice(6)).toEqual([
      "23 a canceled: post-only, and 103 ticks would take from 103",
    ]);
    expect(maker.queue("buy", 103)).toBe("4");
  });
});
