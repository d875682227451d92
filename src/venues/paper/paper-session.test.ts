/**
 * A paper session on a feed that is moved by hand: what an order meets is decided by when it
 * arrives at the exchange, never by what came later.
 */
import { beforeEach, describe, expect, it } from "vitest";
import type { ClientOrderId, OrderReport, OrderTerms } from "../../core/domain/child-order.ts";
import { decimal } from "../../core/domain/decimal.ts";
import { ok } from "../../core/domain/errors.ts";
import type { RiskApproved } from "../../core/domain/messages.ts";
import type { Instrument } from "../../core/domain/instrument.ts";
import { lots, micros, ticks } from "../../core/domain/units.ts";
import { Kind, type MarketBlock, type MarketHeader } from "../../core/market/columns.ts";
import { constantLatency } from "../../simulation/latency.ts";
import { ReplayVenue } from "../../simulation/replay-venue.ts";
import type { AdoptedOrder, VenueNotice, VenueSession } from "../venue.ts";
import { VirtualTime } from "../../data/network/virtual-time.ts";
import { MessageRows } from "../message-rows.ts";
import { paperVenue } from "./paper-venue.ts";

const MS = 1e6;
const INSTRUMENT: Instrument = {
  venue: "test",
  symbol: "BTCUSDT",
  kind: "linear",
  base: "BTC",
  quote: "USDT",
  tickSize: decimal("0.1"),
  lotSize: decimal("0.001"),
  contractSize: decimal("1"),
  minLots: lots(1),
  maxLimitLots: lots(1e6),
  maxMarketLots: lots(1e6),
  minNotional: decimal("0.5"),
};
const HEADER: MarketHeader = {
  instrument: INSTRUMENT,
  epochNanos: 1_767_621_600n * 1_000_000_000n,
  ownTradesPrinted: false,
};
const FEES = { maker: "0.0002", taker: "0.0005", coin: "settle" } as const;

class Stage {
  readonly time = new VirtualTime(1e9);
  /** In ms since the first order could be sent, what was told. */
  readonly told: string[] = [];
  rowsSeen = 0;
  session!: VenueSession;
  notice: (notice: VenueNotice) => void = () => undefined;
  #rows!: MessageRows;

  async open(adopted: readonly AdoptedOrder[] = []): Promise<void> {
    const { time } = this;
    const venue = paperVenue({
      openFeed: () =>
        Promise.resolve(
          ok({
            header: HEADER,
            now: () => time.now,
            start: (rows: (block: MarketBlock) => void, notice: Stage["notice"]) => {
              this.#rows = new MessageRows(rows);
              this.notice = notice;
            },
            stop: () => undefined,
          }),
        ),
      // 10 ms there, 10 ms back.
      exchange: ({ instrument, epochNanos }) =>
        new ReplayVenue([
          {
            instrument,
            epochNanos,
            fees: FEES,
            latency: constantLatency(10 * MS, 10 * MS),
            queue: "risk-averse",
            seed: 1,
          },
        ]),
      fees: { maker: 0.0002, taker: 0.0005 },
      timers: time,
    });
    const opened = await venue.open(new AbortController().signal);
    if (!opened.ok) throw new Error(opened.error.text);
    this.session = opened.value;
    this.session.adopt(adopted);
    this.session.start({
      rows: (block) => {
        this.rowsSeen += block.length;
      },
      report: (id, report) => void this.told.push(`${this.ms} ${id} ${wordsOf(report)}`),
      notice: ({ code, text }) => void this.told.push(`${this.ms} ${code} ${text}`),
    });
    this.book(1000, 1002, 50);
  }

  get ms(): number {
    return Math.round((this.time.now - 1e9) / MS);
  }

  /** To so many ms; timers do what is due. */
  to(ms: number): void {
    this.time.runTo(1e9 + ms * MS);
  }

  /** A whole book, which happened so many ms ago. */
  book(bid: number, ask: number, size: number, agoMs = 0): void {
    this.#message("book", agoMs, [
      [Kind.CLEAR, 0, 0],
      [Kind.BID, bid, size],
      [Kind.ASK, ask, size],
    ]);
  }

  trade(kind: number, price: number, size: number, agoMs = 0): void {
    this.#message("trade", agoMs, [[kind, price, size]]);
  }

  #message(
    stream: "book" | "trade",
    agoMs: number,
    rows: readonly (readonly [number, number, number])[],
  ): void {
    this.#rows.begin(stream, this.time.now - agoMs * MS, this.time.now);
    for (const [kind, price, size] of rows) this.#rows.row(kind, price, size);
    this.#rows.end();
  }

  place(id: string, terms: Partial<OrderTerms> = {}): void {
    const order: OrderTerms = {
      clientOrderId: id as ClientOrderId,
      side: "buy",
      quantity: lots(10),
      limitPrice: ticks(1002),
      timeInForce: { kind: "immediate-or-cancel" },
      ...terms,
    };
    this.session.place(order as RiskApproved<OrderTerms>);
  }
}

function wordsOf(report: OrderReport): string {
  if (report.kind !== "filled") return report.kind;
  const { quantity, price, liquidity, fee, feeCoin } = report.fill;
  return `filled ${quantity} @ ${price} ${liquidity}, ${fee} ${feeCoin}`;
}

const RESTING = {
  limitPrice: ticks(1000),
  timeInForce: { kind: "good-till-canceled", postOnly: true },
} as const;

describe("a paper session", () => {
  let at: Stage;
  beforeEach(async () => {
    at = new Stage();
    await at.open();
  });

  it("an order takes what was there when it arrived: a row that happened later is too late", () => {
    at.place("a");
    at.to(30);
    // Received at 30 ms, happened at 15 ms: after the arrival at 10 ms.
    at.book(1000, 1010, 50, 15);
    at.to(31);
    expect(at.told).toEqual(["30 a accepted", "30 a filled 10 @ 1002 taker, 0.000501 USDT"]);
  });

  it("a row that happened before it arrived, and was received after, has taken the level away", () => {
    at.place("a");
    at.to(30);
    at.book(1000, 1010, 50, 25); // Happened at 5 ms.
    at.to(40);
    at.book(1000, 1010, 50);
    at.to(60);
    expect(at.told.map((line) => line.split(" ")[2])).toEqual(["accepted", "canceled"]);
  });

  it("no report comes before it could have: there and back", () => {
    at.place("a");
    for (let ms = 1; ms <= 20; ms++) {
      at.to(ms);
      if (ms === 19) at.book(1000, 1002, 50);
      expect(at.told).toEqual([]);
      if (ms === 19) break;
    }
    at.to(20);
    expect(at.told).not.toEqual([]);
  });

  it("in a silent market an order acts by the clock, a little late", () => {
    at.place("a");
    at.to(1000);
    expect(at.told).toEqual(["210 a accepted", "210 a filled 10 @ 1002 taker, 0.000501 USDT"]);
    // A row of long ago comes after all: it acts now, and nothing falls.
    at.book(1001, 1003, 50, 900);
    at.place("b", { limitPrice: ticks(1003) });
    at.to(2000);
    expect(at.told.at(-1)).toContain("b filled 10 @ 1003 taker");
  });

  it("rests, and a trade that reaches its place fills it as a maker", async () => {
    at.place("a", RESTING);
    at.to(30);
    at.book(1000, 1002, 50);
    at.trade(Kind.TRADE_SELL, 1000, 55); // 50 stand before us.
    at.to(60);
    expect(at.told).toEqual(["30 a accepted", "40 a filled 5 @ 1000 maker, 0.0001 USDT"]);
    expect(at.session.account.positionLots).toBe(0);
    expect(await at.session.refresh()).toMatchObject({ ok: true, value: { positionLots: 5 } });
  });

  it("withdraws everything, the order that is still under way included", async () => {
    at.place("a", RESTING);
    at.to(50);
    at.book(1000, 1002, 50);
    at.place("b", RESTING);
    let isDone = false;
    const done = at.session.cancelAll().then((result) => {
      isDone = true;
      return result;
    });
    at.to(60);
    await Promise.resolve();
    expect(isDone).toBe(false);
    at.to(600);
    expect(await done).toEqual({ ok: true, value: undefined });
    const ends = at.told.filter((line) => line.endsWith("canceled"));
    expect(ends.map((line) => line.split(" ")[1])).toEqual(["a", "b"]);
    expect(await at.session.cancelAll()).toEqual({ ok: true, value: undefined });
  });

  it("all who withdraw at once are answered when nothing is left", async () => {
    at.place("a", RESTING);
    at.to(50);
    at.book(1000, 1002, 50);
    const both = [at.session.cancelAll(), at.session.cancelAll()];
    // Long enough for one that was forgotten to give up.
    at.to(40_000);
    expect(await Promise.all(both)).toEqual([
      { ok: true, value: undefined },
      { ok: true, value: undefined },
    ]);
  });

  it("an id that is used twice is rejected, and the first order stays as it is", async () => {
    at.place("a", RESTING);
    at.place("a", RESTING);
    at.to(600);
    expect(at.told.map((line) => line.split(" ").slice(1).join(" "))).toEqual([
      "a accepted",
      "a rejected",
    ]);
    const done = at.session.cancelAll();
    at.to(1200);
    await done;
    expect(at.told.at(-1)).toMatch(/ a canceled$/);
  });

  it("nothing is told after it has been closed", async () => {
    at.place("a");
    const rows = at.rowsSeen;
    await at.session.close();
    at.book(1000, 1002, 50);
    at.to(1000);
    expect(at.told).toEqual([]);
    expect(at.rowsSeen).toBe(rows);
  });
});

describe("a paper session of a process that goes on", () => {
  const left = (id: string, child: Partial<AdoptedOrder["child"]>): AdoptedOrder => ({
    child: {
      parentId: "p",
      terms: {
        clientOrderId: id as ClientOrderId,
        side: "buy",
        quantity: lots(10),
        timeInForce: { kind: "good-till-canceled", postOnly: true },
      },
      aggressive: false,
      decision: 0,
      sentAt: micros(0),
      limitPrice: ticks(1000),
      quantity: lots(10),
      pendingAmend: undefined,
      cumulative: lots(0),
      phase: "unknown",
      closeReason: undefined,
      closeText: undefined,
      ...child,
    },
    executionIds: [],
  });

  it("tells that the orders of the one before have ended with its exchange, once", async () => {
    const stage = new Stage();
    const closed = { phase: "closed", cumulative: lots(1), finalCumulative: lots(4) } as const;
    await stage.open([left("a", {}), left("b", { cumulative: lots(3) }), left("c", closed)]);
    // Not from within the call; and a cancel meanwhile changes nothing.
    expect(stage.told).toEqual([]);
    stage.session.cancel("a" as ClientOrderId);
    stage.to(500);
    expect(stage.told.slice(0, 2)).toEqual(["0 a canceled", "0 b canceled"]);
    expect(stage.told[2]).toMatch(/^0 VENUE_EXECUTIONS_MISSING 3 lots of c were filled/);
    expect(stage.told).toHaveLength(3);
    expect(await stage.session.cancelAll()).toEqual(ok(undefined));
  });
});
