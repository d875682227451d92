/**
 * What a session finds by asking: on the local exchange, over true sockets, behind a wall that can
 * keep the private stream's words to itself.
 */
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { ClientOrderId, OrderReport, OrderTerms } from "../../core/domain/child-order.ts";
import { lots, micros, ticks } from "../../core/domain/units.ts";
import { Kind, KIND_MASK, type MarketBlock } from "../../core/market/columns.ts";
import { AnchoredClock } from "../../data/recorder/clock.ts";
import { DEFAULT_PACE } from "../../data/recorder/feed.ts";
import { type LocalExchange, startExchange } from "../../runtime/local-exchange.ts";
import type { SessionUnderTest } from "../../testing/venue-witness.ts";
import type { OpenTerms, VenueNotice, VenueSession, VenueSink } from "../venue.ts";
import { type BybitVenueOptions, bybitVenue } from "./bybit-venue.ts";
import { Credentials } from "./credentials.ts";
import { type Hosts, hostsOf } from "./hosts.ts";
import { DEFAULT_PATIENCE } from "./order-sighting.ts";
import { RatePump } from "./rate-pump.ts";
import { BybitRest } from "./rest-client.ts";
import { SESSION_PACE } from "./session-parts.ts";
import { STREAM_PACE } from "./signed-stream.ts";

/** However slow the machine is: a state is waited for, not a time. */
const eventually = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 30_000 });

const FAST = { firstMs: 20, mostMs: 200 };
const QUICK: NonNullable<BybitVenueOptions["pace"]> = {
  feed: { ...DEFAULT_PACE, spacingMs: 1, backoff: FAST },
  stream: { ...STREAM_PACE, backoff: FAST },
  session: { ...SESSION_PACE, lookMs: 10, sweepMs: 100, withdrawAgainMs: 100 },
  tracker: { ...DEFAULT_PATIENCE, confirmMs: 100, executionsMs: 100, firstLookMs: 30 },
};

let exchange: LocalExchange;
let account = 0;
let wall: Wall;
const open: VenueSession[] = [];

beforeAll(async () => {
  exchange = await startExchange({
    symbols: ["linear:BTCUSDT=generated:seed=7"],
    accounts: 12,
    rateLimits: 100,
    seed: 5,
    history: 5,
  });
});
afterAll(() => exchange.close());
beforeEach(async () => {
  account += 1;
  wall = await Wall.before(exchange.url);
});
afterEach(async () => {
  for (const session of open.splice(0)) await session.close();
  wall.close();
});

/** Before the private stream: as a connection that stands, and over which nothing comes. */
class Wall {
  /** Of the connections that stand, none brings anything from here on. */
  silence = new AbortController();
  readonly hosts: Hosts;
  readonly #server: Server;
  readonly #sockets: Socket[] = [];

  private constructor(server: Server, hosts: Hosts) {
    this.#server = server;
    const { port } = server.address() as AddressInfo;
    this.hosts = { ...hosts, privateStream: `ws://127.0.0.1:${port}/v5/private` };
  }

  static async before(url: string): Promise<Wall> {
    const hosts = hostsOf("local", url);
    if (!hosts.ok) throw new Error(hosts.error.text);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const made = new Wall(server, hosts.value);
    server.on("connection", (near) => made.#join(near, Number(new URL(url).port)));
    return made;
  }

  #join(near: Socket, port: number): void {
    const far = connect(port, "127.0.0.1");
    const { signal } = this.silence;
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.push(from);
      from.on("data", (data) => void (signal.aborted || to.write(data)));
      from.on("error", () => undefined);
      from.on("close", () => to.destroy());
    }
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}

class Told implements VenueSink {
  readonly reports: string[] = [];
  readonly notices: VenueNotice[] = [];
  bid = 0;
  rows({ kind, price, quantity, length }: MarketBlock): void {
    for (let row = 0; row < length; row++) {
      if ((kind[row]! & KIND_MASK) === Kind.BID && quantity[row]! > 0) this.bid = price[row]!;
    }
  }
  report(id: ClientOrderId, { kind }: OrderReport): void {
    this.reports.push(`${id} ${kind}`);
  }
  notice(notice: VenueNotice): void {
    this.notices.push(notice);
  }
  get codes(): readonly string[] {
    return this.notices.map(({ code }) => code);
  }
}

const PREFIX = "run-";

async function opened(
  terms: OpenTerms = {},
  more: Partial<BybitVenueOptions> = {},
): Promise<SessionUnderTest> {
  const { apiKey, secret } = exchange.accounts[account - 1]!;
  const venue = bybitVenue({
    hosts: wall.hosts,
    credentials: new Credentials(apiKey, secret),
    category: "linear",
    symbol: "BTCUSDT",
    depth: 50,
    random: () => 0.5,
    pace: QUICK,
    prefix: PREFIX,
    ...more,
  });
  const made = await venue.open(new AbortController().signal, terms);
  if (!made.ok) throw new Error(`${made.error.code}: ${made.error.text}`);
  open.push(made.value);
  return made.value as SessionUnderTest;
}

async function listen(session: VenueSession): Promise<Told> {
  const told = new Told();
  session.start(told);
  await eventually(() => expect(told.bid).toBeGreaterThan(0));
  return told;
}

/** As somebody else on the same account. */
async function byHand(path: string, more: object): Promise<void> {
  const { apiKey, secret } = exchange.accounts[account - 1]!;
  const rest = new BybitRest({
    hosts: wall.hosts,
    credentials: new Credentials(apiKey, secret),
    clock: new AnchoredClock(),
    pump: new RatePump(),
    random: () => 0.5,
    signal: new AbortController().signal,
  });
  const body = { category: "linear", symbol: "BTCUSDT", ...more };
  const outcome = await rest.post({ path, body });
  expect(outcome.kind).toBe("answered");
}

const trade = (side: "Buy" | "Sell", qty: string, more: object = {}): Promise<void> =>
  byHand("/v5/order/create", { side, orderType: "Market", qty, ...more });

const resting = (id: string, bid: number): OrderTerms => ({
  clientOrderId: id as ClientOrderId,
  side: "buy",
  quantity: lots(10),
  limitPrice: ticks(Math.floor(bid * 0.998)),
  timeInForce: { kind: "good-till-canceled", postOnly: true },
});

const foreignOrders = async (session: VenueSession): Promise<number> => {
  const summary = await session.refresh();
  if (!summary.ok) throw new Error(summary.error.text);
  return summary.value.foreignOrders;
};

const nowMicros = () => micros(Date.now() * 1000);

describe("an order of this run's name that the run does not hold open", () => {
  it("is told of and withdrawn, for as long as it is there; those of others are left", async () => {
    const first = await opened();
    const told = await listen(first);
    first.place(resting(`${PREFIX}1`, told.bid));
    first.place(resting("other-1", told.bid));
    await eventually(() => expect(told.reports).toHaveLength(2));
    await first.close();
    // The journal tells that it has sent one, and that it has ended.
    const second = await opened({ isResumed: true, executedTo: nowMicros(), wasSent: () => true });
    const heard = await listen(second);
    await eventually(() => expect(heard.codes).toContain("VENUE_STRAY_ORDER"));
    const alarm = heard.notices.find(({ code }) => code === "VENUE_STRAY_ORDER")!;
    expect(alarm).toMatchObject({ severity: "critical" });
    expect(alarm.text).toContain(`${PREFIX}1`);
    const third = await opened({}, { prefix: "nobody-" });
    await eventually(async () => expect(await foreignOrders(third)).toBe(1));
    await third.close();
    expect(await foreignOrders(second)).toBe(1);
    expect(heard.codes.filter((code) => code === "VENUE_STRAY_ORDER")).toHaveLength(1);
    expect(heard.reports).toEqual([]);
  });

  it("alarms by its executions, too, unless the run before was told of them", async () => {
    const executedTo = nowMicros();
    await trade("Buy", "0.004", { orderLinkId: `${PREFIX}7` });
    await trade("Buy", "0.002", { orderLinkId: `${PREFIX}2` });
    const terms = { isResumed: true, executedTo, wasSent: (id: string) => id === `${PREFIX}2` };
    const session = await opened(terms);
    const told = await listen(session);
    await eventually(() => expect(told.codes).toContain("VENUE_STRAY_EXECUTION"));
    expect(await session.refresh()).toMatchObject({ ok: true, value: { positionLots: 6 } });
    // The position differs, and a person looks.
    expect(session.foreignLots).toBe(0);
    const texts = told.notices.filter(({ code }) => code === "VENUE_STRAY_EXECUTION");
    expect(texts.map(({ text }) => /run-\w+/.exec(text)?.[0])).toEqual([`${PREFIX}7`]);
  });
});

describe("a private stream that stands and tells nothing", () => {
  it("is not waited for: what it does not tell is asked for, and told", async () => {
    const session = await opened();
    const told = await listen(session);
    session.place(resting(`${PREFIX}1`, told.bid));
    await eventually(() => expect(told.reports).toEqual([`${PREFIX}1 accepted`]));
    wall.silence.abort();
    wall.silence = new AbortController();
    await byHand("/v5/order/cancel-all", {});
    await eventually(() =>
      expect(told.reports).toEqual([`${PREFIX}1 accepted`, `${PREFIX}1 canceled`]),
    );
    await trade("Buy", "0.003");
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await session.refresh()).toMatchObject({ ok: true, value: { positionLots: 3 } });
    expect(session.foreignLots).toBe(3);
    // What is a moment old is not yet the stream's fault.
    expect(told.codes).not.toContain("VENUE_PRIVATE_LOST");
  });

  it("is said to be so, and made anew; who asks what the account holds has the fills before", async () => {
    const session = await opened(
      {},
      { pace: { ...QUICK, session: { ...QUICK.session!, silentMs: 300, sweepMs: 700 } } },
    );
    const told = await listen(session);
    await session.refresh();
    wall.silence.abort();
    wall.silence = new AbortController();
    const { limitPrice: _, ...terms } = resting(`${PREFIX}1`, told.bid);
    session.place({ ...terms, timeInForce: { kind: "immediate-or-cancel" } });
    await trade("Sell", "0.002");
    await eventually(async () => {
      const summary = await session.refresh();
      expect(summary).toMatchObject({ ok: true, value: { positionLots: 8 } });
      expect(told.reports).toContain(`${PREFIX}1 filled`);
      expect(session.foreignLots).toBe(-2);
    });
    // It is listed only now, long after it happened.
    await new Promise((resolve) => setTimeout(resolve, 50));
    await byHand("/v5/order/create", { side: "Buy", orderType: "Market", qty: "0.001" });
    await eventually(() => expect(told.codes).toContain("VENUE_PRIVATE_LOST"));
    await eventually(() => expect(told.codes).toContain("VENUE_RECONNECTED"));
  });
});

describe("what others have traded", () => {
  it("counts from when the account was last told, though nobody of us was there", async () => {
    await trade("Buy", "0.005");
    await new Promise((resolve) => setTimeout(resolve, 20));
    const executedTo = nowMicros();
    await new Promise((resolve) => setTimeout(resolve, 20));
    await trade("Buy", "0.004");
    await trade("Sell", "0.001");
    const session = await opened({ isResumed: true, executedTo });
    await listen(session);
    expect(await session.refresh()).toMatchObject({ ok: true, value: { positionLots: 8 } });
    expect(session.foreignLots).toBe(3);
    // And once.
    await trade("Sell", "0.002");
    await session.refresh();
    await session.refresh();
    expect(session.foreignLots).toBe(1);
    // A run that begins goes out from what is there.
    const fresh = await opened();
    await listen(fresh);
    await fresh.refresh();
    expect([fresh.account.positionLots, fresh.foreignLots]).toEqual([6, 0]);
  });

  it("counts in hedge mode on the side that is traded alone", async () => {
    await byHand("/v5/position/switch-mode", { mode: 3 });
    const session = await opened({}, { positionIndex: 1 });
    await listen(session);
    await trade("Sell", "0.007", { positionIdx: 2 });
    await trade("Buy", "0.005", { positionIdx: 1 });
    await trade("Buy", "0.003", { positionIdx: 2, reduceOnly: true });
    await trade("Sell", "0.001", { positionIdx: 1, reduceOnly: true });
    const summary = await session.refresh();
    expect(summary).toMatchObject({ ok: true, value: { positionLots: 4 } });
    expect(session.foreignLots).toBe(4);
  });
});

describe("a run that is gone on with", () => {
  it("comes up where a new one would not, says why, and sets nothing", async () => {
    const more = { leverage: "7", setsLeverage: true, positionIndex: 1 } as const;
    await expect(opened({}, more)).rejects.toThrow(/one-way mode/);
    const session = await opened({ isResumed: true }, more);
    const told = await listen(session);
    expect(told.notices.map(({ text }) => text).join()).toMatch(/one-way mode/);
    expect(await session.cancelAll()).toEqual({ ok: true, value: undefined });
    const wants = { leverage: "7", setsLeverage: true };
    const other = await opened({ isResumed: true }, wants);
    expect((await listen(other)).codes).toContain("VENUE_ACCOUNT");
    const before = await other.refresh();
    expect(before.ok && before.value.leverage).not.toBe("7");
    const fresh = await opened({}, wants);
    expect(fresh.account.leverage).toBe("7");
  });

  it("is at the venue's time, however wrong our clock was and is", async () => {
    const hour = 3_600_000_000_000n;
    const clockOf = (wrong: bigint) =>
      new AnchoredClock({
        monotonicNanos: () => process.hrtime.bigint(),
        wallNanos: () => BigInt(Date.now()) * 1_000_000n + wrong,
      });
    const first = await opened({}, { clock: clockOf(hour) });
    await listen(first);
    const { epochNanos } = first.header;
    const last = first.now();
    await first.close();
    const again = await opened({ isResumed: true, epochNanos }, { clock: clockOf(-hour) });
    const told = await listen(again);
    expect(again.header.epochNanos).toBe(epochNanos);
    // By the clocks themselves it would be two hours before.
    expect(again.now()).toBeGreaterThanOrEqual(last - 1e9);
    expect(again.now()).toBeLessThan(last + 60e9);
    again.place(resting(`${PREFIX}1`, told.bid));
    await eventually(() => expect(told.reports).toEqual([`${PREFIX}1 accepted`]));
    await again.cancelAll();
  });
});
