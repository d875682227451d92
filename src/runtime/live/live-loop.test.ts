/**
 * The order of things in a live loop, against a session that notes what it is asked to do: what is
 * sent, and whether its reason was durable by then.
 */
import { describe, expect, it } from "vitest";
import type { ClientOrderId, OrderReport } from "../../core/domain/child-order.ts";
import { decimal } from "../../core/domain/decimal.ts";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import { type Instrument, instrumentId } from "../../core/domain/instrument.ts";
import type { EngineEvent } from "../../core/domain/messages.ts";
import type { ParentOrder, StrategyChoice } from "../../core/domain/parent-order.ts";
import { lots, type Micros, micros, SECOND } from "../../core/domain/units.ts";
import { ColumnsBuilder, Kind, type MarketHeader } from "../../core/market/columns.ts";
import { VirtualTime } from "../../data/network/virtual-time.ts";
import type { VenueFault, VenueSession, VenueSink } from "../../venues/venue.ts";
import { composeEngine } from "../compose.ts";
import { DEFAULT_CONFIG } from "../config.ts";
import type { JournalSink } from "../journal/journal.ts";
import { LiveLoop, type LiveEnd } from "./live-loop.ts";
import { TickToOrder } from "./tick-to-order.ts";

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
  minNotional: decimal("5"),
};
const EPOCH_SECONDS = Date.UTC(2026, 0, 5, 14) / 1000;
const HEADER: MarketHeader = {
  instrument: INSTRUMENT,
  epochNanos: BigInt(EPOCH_SECONDS) * 1_000_000_000n,
  ownTradesPrinted: true,
};

/** Everything that happens, in order: what was journaled, made durable, sent. */
class Stage implements JournalSink {
  readonly log: string[] = [];
  readonly time = new VirtualTime(1e9);
  readonly meter = new TickToOrder();
  readonly placed: ClientOrderId[] = [];
  readonly loop: LiveLoop;
  readonly events: EngineEvent[] = [];
  /** Rows that the tape was given, and of each event how many were wanted and were there. */
  taken = 0;
  readonly covered: (readonly [position: number, taken: number])[] = [];
  /** Of the journal. */
  failsOn: "append" | "commit" | undefined;
  end: LiveEnd | undefined;
  #sink: VenueSink | undefined;
  #pending = 0;
  /** Added to the session's clock. */
  ahead = 0;
  /** What a withdrawal answers, and when. */
  withdrawn: Promise<Result<void, VenueFault>> = Promise.resolve(ok(undefined));

  constructor(lingerSeconds = 0) {
    const fees = { maker: 0, taker: 0 };
    const engine = composeEngine(DEFAULT_CONFIG, HEADER, 1, undefined, undefined, {
      positionLots: 0,
      fees,
    });
    const session: VenueSession = {
      header: HEADER,
      fees,
      account: {
        coin: "USDT",
        equity: "1",
        available: "1",
        positionLots: 0,
        leverage: "1",
        liquidationPrice: undefined,
        positionMode: "one-way",
        foreignOrders: 0,
      },
      now: () => this.time.now + this.ahead,
      adopt: () => undefined,
      start: (sink) => {
        this.#sink = sink;
      },
      place: (order) => {
        this.log.push(`place ${this.#pending}`);
        this.placed.push(order.clientOrderId);
      },
      amend: () => void this.log.push(`amend ${this.#pending}`),
      cancel: () => void this.log.push(`cancel ${this.#pending}`),
      refresh: () => Promise.resolve(ok(session.account)),
      cancelAll: () => {
        this.log.push("cancel-all");
        return this.withdrawn;
      },
      close: () => Promise.resolve(),
    };
    this.loop = new LiveLoop({
      engine,
      session,
      timers: this.time,
      meter: this.meter,
      tape: {
        take: (_, from, to) => void (this.taken += to - from),
        tick: () => undefined,
        close: () => undefined,
        hasFile: true,
      },
      lingerNanos: lingerSeconds * 1e9,
      onStep: (event) => void this.events.push(event),
    });
    void this.loop.ended.then((end) => {
      this.end = end;
    });
    this.loop.watch();
  }

  append(kind: "event" | "output", position: number): void {
    if (this.failsOn === "append") throw new Error("the disk is full");
    this.covered.push([position, this.taken]);
    this.log.push(kind);
    this.#pending += 1;
  }

  commit(): void {
    if (this.failsOn === "commit") throw new Error("the disk is full");
    this.log.push("commit");
    this.#pending = 0;
  }

  checkpoint(): void {
    this.log.push("checkpoint");
  }

  close(): void {
    this.log.push("close");
  }

  /** A whole book with a bid and an ask, or a change of one. */
  book(bid: number, ask: number): void {
    const rows = new ColumnsBuilder();
    const at = this.time.now;
    rows.push(at, at, Kind.CLEAR, 0, 0);
    for (let level = 0; level < 10; level++) {
      rows.push(at, at, Kind.BID, bid - level, 5000);
      rows.push(at, at, Kind.ASK, ask + level, 5000);
    }
    rows.endMessage();
    this.#sink!.rows(rows.view());
  }

  trade(price: number, quantity: number): void {
    const rows = new ColumnsBuilder();
    rows.push(this.time.now, this.time.now, Kind.TRADE_BUY, price, quantity);
    rows.endMessage();
    this.#sink!.rows(rows.view());
  }

  report(report: OrderReport): void {
    this.#sink!.report(this.placed.at(-1)!, report);
  }

  /** The market for so long: a trade and a book each 100 ms. */
  market(seconds: number, bid = 600_000): void {
    for (let step = 0; step < seconds * 10; step++) {
      this.time.runTo(this.time.now + 1e8);
      this.book(bid, bid + 2);
      this.trade(bid, 200);
    }
  }

  begin(strategy = TWAP): void {
    const parent = (time: Micros) => ({ ...parentAt(time), strategy });
    this.loop.begin(this, (time) => ({ kind: "parent-submitted", time, parent: parent(time) }));
  }
}

const TWAP: StrategyChoice = { name: "twap", parameters: { intervalSeconds: 5 } };

const parentAt = (time: Micros): ParentOrder => ({
  id: "r1",
  instrument: instrumentId(INSTRUMENT),
  side: "buy",
  quantity: { kind: "lots", lots: lots(100) },
  startAt: time,
  deadline: micros(time + 20 * SECOND),
  strategy: TWAP,
  urgency: 0.5,
  maxSpreadToCross: 10,
  minOrder: lots(10),
  constraints: { mayCrossSpread: true, residual: "cross" },
});

/** The market goes on until the first order has been sent. */
function sent(strategy?: StrategyChoice, lingerSeconds?: number): Stage {
  const stage = new Stage(lingerSeconds);
  stage.market(5);
  stage.begin(strategy);
  for (let wait = 0; wait < 200 && stage.placed.length === 0; wait++) stage.market(0.1);
  expect(stage.placed).toHaveLength(1);
  return stage;
}

/** What has been promised is told. */
const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn++) await Promise.resolve();
};

describe("a live loop", () => {
  it("sends nothing whose reason is not durable", () => {
    const stage = sent();
    const at = stage.log.findIndex((line) => line.startsWith("place"));
    // Nothing is pending when an order goes out.
    expect(stage.log[at]).toBe("place 0");
    expect(stage.log[at - 1]).toBe("commit");
    expect(stage.log.slice(0, at)).toContain("event");
  });

  it("journals nothing on rows that the tape does not have, and gives it each of them once", () => {
    const stage = sent();
    stage.market(2, 600_010);
    expect(stage.covered.length).toBeGreaterThan(5);
    for (const [position, taken] of stage.covered) expect(taken).toBe(position);
  });

  it("journals nothing before it has begun, and nothing of the market but its positions", () => {
    const stage = new Stage();
    stage.market(3);
    expect(stage.log).toEqual([]);
  });

  it("before it has begun there is nothing to operate, and a kill still withdraws", async () => {
    const stage = new Stage();
    stage.market(3);
    stage.loop.operate((time) => ({ kind: "parent-resumed", time, parentId: "r1", by: "a test" }));
    stage.loop.kill("a test", "enough");
    stage.time.runTo(stage.time.now + 1e9);
    await Promise.resolve();
    expect(stage.log).toEqual(["cancel-all"]);
    expect(stage.end).toBeUndefined();
  });

  it.each(["append", "commit"] as const)(
    "a journal that fails to %s: what rests goes",
    async (on) => {
      const stage = sent();
      stage.report({ kind: "accepted" });
      stage.failsOn = on;
      const before = stage.placed.length;
      stage.market(10, 600_050);
      await Promise.resolve();
      expect(stage.placed).toHaveLength(before);
      expect(stage.log.at(-1)).toBe("cancel-all");
      await stage.loop.ended;
      expect(stage.end).toMatchObject({ kind: "halted", unwithdrawn: undefined });
    },
  );

  it("what is journaled and causes nothing is durable within a turn of the loop", () => {
    const stage = sent();
    stage.log.length = 0;
    stage.report({ kind: "accepted" });
    expect(stage.log).not.toContain("commit");
    stage.time.runTo(stage.time.now);
    expect(stage.log.at(-1)).toBe("commit");
  });

  it("a timer never fires early, and one that is hours late is one event", () => {
    const stage = sent();
    stage.report({ kind: "accepted" });
    // The machine slept: the clock has leapt, the timers come when they come.
    stage.ahead = 3600e9;
    stage.events.length = 0;
    stage.time.runTo(stage.time.now + 2e9);
    const timers = stage.events.filter(({ kind }) => kind === "timer-fired");
    expect(timers.length).toBeGreaterThan(0);
    expect(timers.length).toBeLessThan(5);
    const times = stage.events.map(({ time }) => time);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  it("time never falls, though the session's clock does", () => {
    const stage = sent();
    const before = stage.loop.now;
    expect(stage.loop.behind).toBe(0);
    stage.ahead = -2e9;
    expect(stage.loop.now).toBe(before);
    expect(stage.loop.behind).toBe(2e6);
    stage.report({ kind: "accepted" });
    expect(stage.events.at(-1)!.time).toBeGreaterThanOrEqual(before);
  });

  it("a kill withdraws by the engine and by the session, and sends nothing more", async () => {
    const stage = sent();
    stage.report({ kind: "accepted" });
    stage.loop.kill("a test", "enough");
    expect(stage.log.filter((line) => line.startsWith("cancel"))).toEqual([
      "cancel 0",
      "cancel-all",
    ]);
    stage.report({ kind: "canceled", text: "on request" });
    stage.time.runTo(stage.time.now + 1e9);
    await stage.loop.ended;
    expect(stage.end).toEqual({ kind: "over" });
  });

  it("a kill is over when its withdrawal is, and what that could not do stands in the end", async () => {
    const stage = sent();
    stage.report({ kind: "accepted" });
    const answer = Promise.withResolvers<Result<void, VenueFault>>();
    stage.withdrawn = answer.promise;
    stage.loop.kill("a test", "enough");
    stage.report({ kind: "canceled", text: "on request" });
    stage.time.runTo(stage.time.now + 1e9);
    await turns();
    expect(stage.end).toBeUndefined();
    answer.resolve(err({ code: "VENUE_UNREACHABLE", text: "1 orders are still open" }));
    await turns();
    expect(stage.end).toEqual({ kind: "over", unwithdrawn: "1 orders are still open" });
    expect(stage.log.filter((line) => line === "cancel-all")).toHaveLength(1);
  });

  it("that looks on after the end is cut short, and leaves no timer behind", async () => {
    const stage = sent(TWAP, 3600);
    stage.report({ kind: "accepted" });
    expect(stage.loop.cutLinger()).toBe(false);
    stage.loop.operate((time) => ({
      kind: "parent-canceled",
      time,
      parentId: "r1",
      by: "a test",
      reason: "enough",
    }));
    stage.report({ kind: "canceled", text: "on request" });
    stage.market(1);
    expect(stage.end).toBeUndefined();
    expect(stage.loop.cutLinger()).toBe(true);
    await turns();
    expect(stage.end).toEqual({ kind: "over" });
    // Such a timer keeps a process from ending.
    expect(stage.time.step()).toBe(false);
  });

  it("left: what is pending is durable, and nothing is withdrawn", async () => {
    const stage = sent();
    stage.report({ kind: "accepted" });
    stage.loop.leave();
    await stage.loop.ended;
    expect(stage.end).toEqual({ kind: "left" });
    expect(stage.log.at(-1)).toBe("commit");
    expect(stage.log.join(" ")).not.toContain("cancel");
  });

  it("what the engine cannot bear halts it: an overfill withdraws everything", async () => {
    const stage = sent();
    stage.report({ kind: "accepted" });
    stage.report({
      kind: "filled",
      fill: {
        executionId: "x",
        price: 600_000 as never,
        quantity: lots(1_000_000),
        liquidity: "maker",
        fee: "0",
        feeCoin: "USDT",
        exchangeTime: stage.loop.now,
      },
    });
    await stage.loop.ended;
    expect(stage.end).toMatchObject({ kind: "halted" });
    expect(stage.log.at(-1)).toBe("cancel-all");
  });

  it("measures what a row causes, from its receipt to its sending", () => {
    const stage = sent({ name: "peg", parameters: {} });
    stage.report({ kind: "accepted" });
    expect(stage.meter.figures).toBeUndefined();
    // The touch leaves the order behind: the row that says so makes the peg follow.
    stage.market(3, 600_050);
    expect(stage.log).toContain("amend 0");
    // In virtual time nothing takes any: a histogram counts from one nanosecond.
    expect(stage.meter.figures).toMatchObject({ total: { count: 1, max: 0.001 } });
  });
});
