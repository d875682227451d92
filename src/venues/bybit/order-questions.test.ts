/**
 * Questions to a server whose lists have no end, and what is made of a venue's own words.
 */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ScriptedTransport } from "../../../test/venues/scripted-transport.ts";
import type { ChildOrder, ClientOrderId } from "../../core/domain/child-order.ts";
import { decimal } from "../../core/domain/decimal.ts";
import { lots, micros, ticks } from "../../core/domain/units.ts";
import { AnchoredClock } from "../../data/recorder/clock.ts";
import { Credentials } from "./credentials.ts";
import { type Hosts, hostsOf } from "./hosts.ts";
import { OrderQuestions } from "./order-questions.ts";
import { OrderTracker } from "./order-tracker.ts";
import { RatePump } from "./rate-pump.ts";
import { BybitRest } from "./rest-client.ts";
import { Grid, type OrderState } from "./wire.ts";

const ID = "q-1" as ClientOrderId;
const SECRET = "planted-secret-1234567890";
const credentials = new Credentials("AAAAbbbbCCCC", SECRET);

let server: Server;
let tracker: OrderTracker;
let questions: OrderQuestions;
let pages = 0;
/** Of questions, but for what they ask by and for. */
let parts: Omit<ConstructorParameters<typeof OrderQuestions>[0], "rest" | "tracker"> & {
  readonly hosts: Hosts;
};

beforeEach(async () => {
  pages = 0;
  server = createServer((_, response) => {
    pages += 1;
    // Of another instrument: there may be as many of these as anybody likes.
    const list = [{ symbol: "ETHUSDT", category: "linear" }];
    const result = { category: "linear", list, nextPageCursor: `p${pages}` };
    const answer = { retCode: 0, retMsg: "OK", result, time: 1 };
    response.setHeader("Content-Type", "application/json").end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const hosts = hostsOf("local", `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  if (!hosts.ok) throw new Error(hosts.error.text);
  tracker = new OrderTracker();
  parts = {
    hosts: hosts.value,
    grid: new Grid({
      venue: "bybit",
      symbol: "BTCUSDT",
      kind: "linear",
      base: "BTC",
      quote: "USDT",
      tickSize: decimal("0.1"),
      lotSize: decimal("0.001"),
      contractSize: decimal("1"),
      minLots: lots(1),
      maxLimitLots: lots(1e5),
      maxMarketLots: lots(1e5),
      minNotional: decimal("5"),
    }),
    executed: () => undefined,
    found: () => undefined,
    told: () => undefined,
    unread: () => undefined,
    redact: (text) => credentials.redact(text),
  };
  const rest = new BybitRest({
    hosts: hosts.value,
    credentials,
    clock: new AnchoredClock(),
    pump: new RatePump(),
    random: () => 0.5,
    signal: new AbortController().signal,
  });
  questions = new OrderQuestions({ ...parts, rest, tracker });
});
afterEach(() => {
  questions.close();
  server.closeAllConnections();
  server.close();
});

const STATE: OrderState = {
  clientOrderId: ID,
  orderId: "o",
  side: "buy",
  isMarket: false,
  limitPrice: ticks(100),
  quantity: lots(10),
  cumulative: lots(4),
  leaves: lots(0),
  status: "Cancelled",
  standing: "canceled",
  reason: "EC_PerCancelRequest, CancelByUser",
  timeInForce: "GTC",
  reduceOnly: false,
  positionIndex: 0,
  createdAt: micros(0),
  updatedAt: micros(1),
};

describe("lists without end", () => {
  it("are no list of what is open", async () => {
    expect(await questions.openOrders()).toBeUndefined();
    expect(pages).toBe(40);
  });

  it("are told as cut where everybody's executions were asked for", async () => {
    expect(await questions.executionsSince(Date.now() - 1000)).toBe("cut");
    expect(pages).toBe(40);
  });

  it("do not say that there are no more executions", async () => {
    tracker.place(
      {
        clientOrderId: ID,
        side: "buy",
        quantity: lots(10),
        limitPrice: ticks(100),
        timeInForce: { kind: "good-till-canceled", postOnly: false },
      },
      0,
    );
    tracker.sighted(questions.sighting(STATE), 0);
    const looked = vi.spyOn(tracker, "executionsLooked");
    const inVain = vi.spyOn(tracker, "askedInVain");
    questions.ask();
    await vi.waitFor(() => expect(looked.mock.calls.length + inVain.mock.calls.length).toBe(1));
    expect(looked).not.toHaveBeenCalled();
  });
});

describe("an order that cannot be read, as after a change of the grid", () => {
  it("is open or not by its status alone", async () => {
    const category = "linear";
    const row = { symbol: "BTCUSDT", orderId: "o", side: "Buy", orderType: "Limit", price: "0.05" };
    const list = [
      { ...row, orderLinkId: "a", orderStatus: "New" },
      { ...row, orderLinkId: "b", orderStatus: "Cancelled" },
      { ...row, orderLinkId: "c", orderStatus: "constructor" },
      { ...row, orderLinkId: ID, orderStatus: "Filled" },
    ];
    const transport = new ScriptedTransport();
    transport.answer = ({ url }) => {
      const here = url.includes("/order/realtime") || url.includes("/order/history");
      return { retCode: 0, retMsg: "OK", result: { category, list: here ? list : [] }, time: 1 };
    };
    const clock = { nanos: () => BigInt(transport.time.now) };
    const pump = new RatePump({}, transport);
    const common = { random: () => 0.5, signal: new AbortController().signal };
    const rest = new BybitRest({ ...common, ...parts, credentials, clock, pump, transport });
    const asked = new OrderQuestions({ ...parts, rest, tracker });
    const open = asked.openOrders();
    await transport.pass(100);
    expect(await open).toEqual({ orders: [], unreadIds: ["a", "c"] });
    tracker.adopt({ child: childOf(0), executionIds: [] }, 0);
    expect(asked.hasEndedUnread(ID)).toBe(false);
    asked.ask();
    await transport.pass(100);
    // Its fate is not known, but it does not rest.
    expect(tracker.order(ID)!.child.phase).toBe("unknown");
    expect(asked.hasEndedUnread(ID)).toBe(true);
  });
});

describe("an order of long ago", () => {
  it("is asked for week by week, its executions too", async () => {
    const transport = new ScriptedTransport();
    const day = 86_400_000;
    transport.standStill(100 * day);
    transport.answer = ({ url }) => {
      const category = "linear";
      asked.push(url.replace(/^[^?]*\/v5/, ""));
      return { retCode: 0, retMsg: "OK", result: { category, list: [] }, time: 1 };
    };
    const asked: string[] = [];
    tracker.adopt({ child: childOf(80 * day), executionIds: [] }, 100 * day);
    const clock = { nanos: () => BigInt(transport.time.now) };
    const pump = new RatePump({}, transport);
    const common = { random: () => 0.5, signal: new AbortController().signal };
    const rest = new BybitRest({ ...common, ...parts, credentials, clock, pump, transport });
    const old = new OrderQuestions({ ...parts, rest, tracker });
    let waited = 0;
    while (tracker.order(ID)!.child.phase !== "closed" && waited++ < 100) {
      old.ask();
      await transport.pass(100);
    }
    expect(tracker.order(ID)!.child.closeReason).toBe("rejected");
    for (const path of ["/order/history", "/execution/list"]) {
      const spans = asked
        .filter((url) => url.startsWith(path))
        .map((url) => new URLSearchParams(url.split("?")[1]))
        .map((query) => ["startTime", "endTime"].map((name) => Number(query.get(name)) / day));
      const weeks = [...new Set(spans.map(([from]) => from!))];
      expect(weeks.map((from) => Math.round(from))).toEqual([80, 87, 94]);
      expect(weeks[0]).toBeLessThan(80);
      for (const [from, until] of spans) expect(until! - from!).toBeLessThan(7);
      expect(Math.max(...spans.map(([, until]) => until!))).toBeGreaterThan(100);
    }
  });
});

const childOf = (sentMs: number): ChildOrder => ({
  parentId: "p",
  terms: {
    clientOrderId: ID,
    side: "buy",
    quantity: lots(10),
    limitPrice: ticks(100),
    timeInForce: { kind: "good-till-canceled", postOnly: false },
  },
  aggressive: false,
  decision: 0,
  sentAt: micros(sentMs * 1000),
  limitPrice: ticks(100),
  quantity: lots(10),
  pendingAmend: undefined,
  cumulative: lots(0),
  phase: "unknown",
  closeReason: undefined,
  closeText: undefined,
});

describe("a sighting", () => {
  it("has the venue's code, and its words in quotation marks", () => {
    expect(questions.sighting(STATE)).toMatchObject({
      code: "EC_PerCancelRequest",
      text: 'Cancelled: "EC_PerCancelRequest, CancelByUser"',
    });
    expect(questions.sighting({ ...STATE, reason: "" })).toMatchObject({
      code: "Cancelled",
      text: "Cancelled",
    });
  });

  it("has nothing that could act on a terminal, and no secret", () => {
    for (const reason of [`\u001b[2J${SECRET}`, `EC_X\u009b1m ${SECRET}`, SECRET]) {
      const { code, text } = questions.sighting({ ...STATE, reason });
      expect(`${code} ${text}`).not.toMatch(/\p{Cc}/u);
      expect(`${code} ${text}`).not.toContain(SECRET);
    }
  });
});
