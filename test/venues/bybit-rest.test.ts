/**
 * The adapter's REST half against the local exchange: what is written by one of them is read by
 * the other, and the limits of the one are kept by the other.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ClientOrderId, OrderTerms } from "../../src/core/domain/child-order.ts";
import {
  type ContractKind,
  formatPrice,
  type Instrument,
  parsePrice,
} from "../../src/core/domain/instrument.ts";
import { lots, type Lots, type Ticks, ticks } from "../../src/core/domain/units.ts";
import { AnchoredClock } from "../../src/data/recorder/clock.ts";
import { type LocalExchange, startExchange } from "../../src/runtime/local-exchange.ts";
import { Credentials } from "../../src/venues/bybit/credentials.ts";
import { hostsOf } from "../../src/venues/bybit/hosts.ts";
import { RatePump } from "../../src/venues/bybit/rate-pump.ts";
import { BybitRest, type RestOutcome } from "../../src/venues/bybit/rest-client.ts";
import {
  amendBody,
  type Answer,
  batchBody,
  cancelBody,
  type ExecutionRow,
  Grid,
  type OrderState,
  parseAck,
  parseBatchAck,
  parseExecutionPage,
  parseInstrumentRules,
  parseOrderPage,
  parsePositionPage,
  parseWalletBalance,
  placeBody,
} from "../../src/venues/bybit/wire.ts";

let exchange: LocalExchange;
beforeAll(async () => {
  const kinds = ["linear:BTCUSDT", "spot:BTCUSDT", "inverse:BTCUSD"];
  const symbols = kinds.map((symbol) => `${symbol}=generated:seed=7`);
  exchange = await startExchange({ symbols, history: 1, seed: 1, accounts: 2 });
});
afterAll(() => exchange.close());

interface Client {
  readonly rest: BybitRest;
  readonly pump: RatePump;
}

/** One per account: the limits are the account's, so its programs share one scheduler. */
const clients = new Map<number, Client>();
afterAll(() => clients.forEach(({ pump }) => pump.close()));

function clientOf(account: number): Client {
  const known = clients.get(account);
  if (known !== undefined) return known;
  const hosts = hostsOf("local", exchange.url);
  if (!hosts.ok) throw new Error(hosts.error.text);
  const { apiKey, secret } = exchange.accounts[account]!;
  const pump = new RatePump();
  const rest = new BybitRest({
    hosts: hosts.value,
    credentials: new Credentials(apiKey, secret),
    clock: new AnchoredClock(),
    pump,
    random: () => 0,
    signal: new AbortController().signal,
  });
  clients.set(account, { rest, pump });
  return { rest, pump };
}

function must<Value>(result: { ok: true; value: Value } | { ok: false; error: unknown }): Value {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

const answered = (outcome: RestOutcome): Answer => {
  if (outcome.kind !== "answered") throw new Error(outcome.text);
  return outcome.answer;
};

interface Touch {
  readonly bid: Ticks;
  readonly ask: Ticks;
}

let orders = 0;
const BY_USER = expect.stringContaining("CancelByUser") as string;

/** One instrument of the exchange, as the adapter sees it. */
class Desk {
  readonly rest: BybitRest;
  readonly pump: RatePump;
  readonly instrument: Instrument;
  readonly grid: Grid;

  constructor(of: Client, instrument: Instrument) {
    this.rest = of.rest;
    this.pump = of.pump;
    this.instrument = instrument;
    this.grid = new Grid(instrument);
  }

  static async open(kind: ContractKind, account: number): Promise<Desk> {
    const symbol = kind === "inverse" ? "BTCUSD" : "BTCUSDT";
    const of = clientOf(account);
    const question = { path: "/v5/market/instruments-info", query: { category: kind, symbol } };
    const { result } = answered(await of.rest.get(question));
    return new Desk(of, must(parseInstrumentRules(result, kind, symbol)).instrument);
  }

  get #about(): { category: string; symbol: string } {
    return { category: this.instrument.kind, symbol: this.instrument.symbol };
  }

  async touch(): Promise<Touch> {
    const question = { path: "/v5/market/orderbook", query: { ...this.#about, limit: "1" } };
    const { result } = answered(await this.rest.get(question));
    const { b, a } = result as unknown as { b: [string, string][]; a: [string, string][] };
    const price = (text: string): Ticks => must(parsePrice(this.instrument, text));
    return { bid: price(b[0]![0]), ask: price(a[0]![0]) };
  }

  terms(changes: Partial<OrderTerms>): OrderTerms {
    orders += 1;
    return {
      clientOrderId: `${this.instrument.kind}-${orders}` as ClientOrderId,
      side: "buy",
      quantity: this.size,
      timeInForce: { kind: "good-till-canceled", postOnly: true },
      ...changes,
    };
  }

  /** Some hundred dollars. */
  get size(): Lots {
    return lots(this.instrument.kind === "inverse" ? 20 : this.instrument.minLots * 4);
  }

  place(terms: OrderTerms): Promise<RestOutcome> {
    const style = { positionIndex: 0, selfMatch: undefined } as const;
    const body = must(placeBody(this.instrument, style, terms));
    return this.rest.post({ path: "/v5/order/create", body });
  }

  async find(id: string, where: "realtime" | "history" = "realtime"): Promise<OrderState> {
    const query = { ...this.#about, orderLinkId: id };
    const { result } = answered(await this.rest.get({ path: `/v5/order/${where}`, query }));
    const page = must(parseOrderPage(result, this.grid));
    expect(page.faults).toEqual([]);
    return page.rows[0]!;
  }

  async executions(id: string): Promise<readonly ExecutionRow[]> {
    const query = { ...this.#about, orderLinkId: id };
    const { result } = answered(await this.rest.get({ path: "/v5/execution/list", query }));
    const page = must(parseExecutionPage(result, this.grid));
    expect(page.faults).toEqual([]);
    return page.rows;
  }
}

describe.each(["linear", "spot", "inverse"] as const)("%s orders on the local exchange", (kind) => {
  it("rest, are amended and canceled, and are read back as they were sent", async () => {
    const desk = await Desk.open(kind, 0);
    const { bid } = await desk.touch();
    const terms = desk.terms({ limitPrice: ticks(bid - 500) });
    const { clientOrderId } = terms;
    expect(must(parseAck(answered(await desk.place(terms)).result))).toMatchObject({
      clientOrderId,
    });
    expect(await desk.find(clientOrderId)).toMatchObject({
      standing: "open",
      side: "buy",
      limitPrice: bid - 500,
      quantity: desk.size,
      cumulative: 0,
      timeInForce: "PostOnly",
      isMarket: false,
    });
    const duplicate = await desk.place(terms);
    expect(duplicate).toMatchObject({ kind: "refused", meaning: "duplicate" });

    const half = lots(desk.size / 2);
    const amend = { clientOrderId, limitPrice: ticks(bid - 510), quantity: half };
    answered(
      await desk.rest.post({ path: "/v5/order/amend", body: amendBody(desk.instrument, amend) }),
    );
    expect(await desk.find(clientOrderId)).toMatchObject({ limitPrice: bid - 510, quantity: half });

    const cancel = { path: "/v5/order/cancel", body: cancelBody(desk.instrument, clientOrderId) };
    answered(await desk.rest.post(cancel));
    const closed = { standing: "canceled", cumulative: 0, reason: BY_USER };
    expect(await desk.find(clientOrderId, "history")).toMatchObject(closed);
    expect(await desk.rest.post(cancel)).toMatchObject({ kind: "refused", meaning: "too-late" });
  });

  it("trade at once, and their fills add up", async () => {
    const desk = await Desk.open(kind, 0);
    const { ask } = await desk.touch();
    const limit = desk.terms({
      limitPrice: ticks(ask + 100),
      timeInForce: { kind: "immediate-or-cancel" },
    });
    const market = desk.terms({ timeInForce: { kind: "immediate-or-cancel" } });
    for (const terms of [limit, market]) {
      answered(await desk.place(terms));
      const id = terms.clientOrderId;
      const order = await desk.find(id, "history");
      expect(order).toMatchObject({ standing: "filled", cumulative: desk.size });
      const fills = (await desk.executions(id)).map((row) => {
        if (row.kind !== "trade") throw new Error(`${row.execType} is no trade`);
        expect(row).toMatchObject({ clientOrderId: id, orderId: order.orderId });
        return row.fill;
      });
      expect(fills.reduce((sum, { quantity }) => sum + quantity, 0)).toBe(desk.size);
      expect(fills[0]).toMatchObject({
        liquidity: "taker",
        feeCoin: kind === "linear" ? "USDT" : "BTC",
      });
      expect(Number(fills[0]!.fee)).toBeGreaterThan(0);
    }
  });

  it("are canceled where they would cross and must not, and killed where they cannot fill", async () => {
    const desk = await Desk.open(kind, 0);
    const { ask } = await desk.touch();
    const crossing = desk.terms({ limitPrice: ticks(ask + 100) });
    answered(await desk.place(crossing));
    expect(await desk.find(crossing.clientOrderId, "history")).toMatchObject({
      standing: "canceled",
      reason: expect.stringContaining("EC_PostOnlyWillTakeLiquidity") as string,
    });
    const killed = desk.terms({
      limitPrice: ticks(ask - 500),
      timeInForce: { kind: "fill-or-kill" },
    });
    answered(await desk.place(killed));
    expect(await desk.find(killed.clientOrderId, "history")).toMatchObject({
      standing: "canceled",
      cumulative: 0,
    });
  });
});

describe("the account on the local exchange", () => {
  it("shows the position and the wallet that the fills have made", async () => {
    const desk = await Desk.open("linear", 1);
    answered(await desk.place(desk.terms({ timeInForce: { kind: "immediate-or-cancel" } })));
    const query = { category: "linear", symbol: "BTCUSDT" };
    const list = answered(await desk.rest.get({ path: "/v5/position/list", query }));
    const { rows, faults } = must(parsePositionPage(list.result, desk.grid));
    expect(faults).toEqual([]);
    expect(rows).toMatchObject([{ positionIndex: 0, lots: desk.size, status: "Normal" }]);
    const wallet = answered(
      await desk.rest.get({
        path: "/v5/account/wallet-balance",
        query: { accountType: "UNIFIED" },
      }),
    );
    const { coins } = must(parseWalletBalance(wallet.result));
    expect(coins.map(({ coin }) => coin)).toContain("USDT");
  });

  it("takes a burst of orders and their cancels at the venue's rate", async () => {
    const desk = await Desk.open("linear", 1);
    const { bid } = await desk.touch();
    const far = ticks(bid - 1000);
    const burst = Array.from({ length: 14 }, () => desk.terms({ limitPrice: far }));
    const placed = burst.map((terms) => desk.place(terms));
    // Cancels of what is resting already overtake the creates that still wait for their turn.
    const first = await placed[0]!;
    expect(first.kind).toBe("answered");
    const waiting = desk.pump.scheduler.waiting("create");
    const id = burst[0]!.clientOrderId;
    const cancel = { path: "/v5/order/cancel", body: cancelBody(desk.instrument, id) };
    expect((await desk.rest.post(cancel)).kind).toBe("answered");
    expect(waiting).toBeGreaterThan(0);
    expect(desk.pump.scheduler.waiting("create")).toBeGreaterThan(0);
    const outcomes = await Promise.all(placed);
    // A machine that is busy bunches what was sent apart: then the venue says so, and it is asked
    // again. That nothing is sent too fast is shown in virtual time (`rate-scheduler.test.ts`).
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome.kind === "answered") continue;
      expect(JSON.stringify(outcome)).toContain("10006");
      expect((await desk.place(burst[index]!)).kind).toBe("answered");
    }

    const rest = burst.slice(1);
    for (let from = 0; from < rest.length; from += 10) {
      const part = rest.slice(from, from + 10);
      const bodies = part.map((terms) => cancelBody(desk.instrument, terms.clientOrderId));
      const outcome = await desk.rest.post({
        path: "/v5/order/cancel-batch",
        body: batchBody(bodies),
        weight: part.length,
      });
      const { result, extInfo } = answered(outcome);
      const acks = must(parseBatchAck(result, extInfo, part.length));
      expect(acks.map(({ retCode }) => retCode)).toEqual(part.map(() => 0));
      expect(acks.map((ack) => ack.clientOrderId)).toEqual(
        part.map((terms) => terms.clientOrderId),
      );
    }
    expect(formatPrice(desk.instrument, far)).toMatch(/^\d+\.\d$/);
  });
});
