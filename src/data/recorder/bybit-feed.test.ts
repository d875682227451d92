/**
 * What a feed asks for besides the market: who trades must lose neither the book nor a trade where
 * the venue refuses it, or tells nonsense there.
 */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GeneratedVenue, SYMBOL } from "../../../test/venues/generated-venue.ts";
import type { MarketTold } from "../../core/domain/messages.ts";
import type { MarketSink } from "../capture.ts";
import { BybitFeed } from "./bybit-feed.ts";
import { AnchoredClock } from "./clock.ts";
import { DEFAULT_PACE, type FeedEvent } from "./feed.ts";

let venue: GeneratedVenue;
let feed: BybitFeed;
let events: FeedEvent[];
let told: MarketTold[];
/** Of each kind, messages. */
let messages: { book: number; trade: number };

beforeEach(async () => {
  venue = await GeneratedVenue.start("bybit", 5);
  events = [];
  told = [];
  messages = { book: 0, trade: 0 };
});
afterEach(async () => {
  feed.stop();
  await venue.server.stop();
});

const sink: MarketSink = {
  begin: (stream) => void (messages[stream] += 1),
  row: () => undefined,
  end: () => undefined,
  quote: () => undefined,
};

async function open(isTold = true): Promise<void> {
  const { host, rest } = venue.options;
  feed = new BybitFeed({
    kind: "linear",
    symbols: [SYMBOL],
    depth: 200,
    host,
    rest,
    clock: new AnchoredClock(),
    random: () => 0.5,
    pace: { ...DEFAULT_PACE, spacingMs: 1 },
    openSink: () => sink,
    onEvent: (event) => void events.push(event),
    ...(isTold ? { onTold: (_: string, each: MarketTold) => void told.push(each) } : {}),
  });
  const prepared = await feed.prepare();
  if (!prepared.ok) throw new Error(prepared.error.text);
  feed.start();
  await until(() => events.some(({ kind }) => kind === "synchronised"));
}

/** Waits for what must come; the test's own time-out is the bound. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 2));
}

describe("what a feed asks for besides the market", () => {
  it("may be refused: it is said once, and book and trades come all the same", async () => {
    venue.faults = { refused: /tickers|allLiquidation/ };
    await open();
    await venue.run(60);
    await until(() => messages.book > 60 && messages.trade === venue.trades);
    expect(events.filter(({ text }) => /refused a request: Invalid topic/.test(text)).length).toBe(
      1,
    );
    expect(events.filter(({ kind }) => kind === "lost" || kind === "gap")).toEqual([]);
    expect(told).toEqual([]);
    expect(venue.server.connections).toBe(1);
  });

  it("is told as it comes, and what cannot be read of it harms nothing", async () => {
    await open();
    const topic = `tickers.${SYMBOL}`;
    await until(() => [...venue.server.clients].some(({ topics }) => topics.has(topic)));
    venue.ticker({ fundingRate: "0.0001", openInterest: "12.5" });
    venue.ticker({ fundingRate: "1e99", nextFundingTime: "9999999999999", openInterest: {} });
    venue.ticker({ nextFundingTime: "1795017600000" });
    await venue.run(20);
    await until(() => messages.book > 20 && messages.trade === venue.trades && told.length === 3);
    expect(told).toEqual([
      { fundingRate: 0.0001, openInterest: 12_500, unusedMessages: 0 },
      { unusedMessages: 0 },
      { nextFundingAt: 1_795_017_600_000_000, unusedMessages: 0 },
    ]);
  });

  it("is not asked for where nobody listens", async () => {
    await open(false);
    const [client] = venue.server.clients;
    expect([...client!.topics].sort()).toEqual([
      `orderbook.200.${SYMBOL}`,
      `publicTrade.${SYMBOL}`,
    ]);
  });
});
