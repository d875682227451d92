/**
 * Questions to a server whose lists have no end, and what is made of a venue's own words.
 */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ClientOrderId } from "../../core/domain/child-order.ts";
import { decimal } from "../../core/domain/decimal.ts";
import { lots, micros, ticks } from "../../core/domain/units.ts";
import { AnchoredClock } from "../../data/recorder/clock.ts";
import { Credentials } from "./credentials.ts";
import { hostsOf } from "./hosts.ts";
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
  questions = new OrderQuestions({
    rest: new BybitRest({
      hosts: hosts.value,
      credentials,
      clock: new AnchoredClock(),
      pump: new RatePump(),
      random: () => 0.5,
      signal: new AbortController().signal,
    }),
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
    tracker,
    executed: () => undefined,
    told: () => undefined,
    unread: () => undefined,
    redact: (text) => credentials.redact(text),
  });
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
