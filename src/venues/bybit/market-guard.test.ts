/**
 * The guard between a true stream and the answers of the local exchange, and a level that is wrong.
 */
import { afterEach, describe, expect, it, vi } from "vitest";
import { Kind, KIND_MASK, type MarketBlock } from "../../core/market/columns.ts";
import { SYSTEM_TRANSPORT } from "../../data/network/system-transport.ts";
import { AnchoredClock } from "../../data/recorder/clock.ts";
import { DEFAULT_PACE } from "../../data/recorder/feed.ts";
import { type LocalExchange, startExchange } from "../../runtime/local-exchange.ts";
import { hostsOf } from "./hosts.ts";
import { MarketGuard } from "./market-guard.ts";
import { MarketStream } from "./market-stream.ts";
import { RatePump } from "./rate-pump.ts";
import { BybitRest } from "./rest-client.ts";

let ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.toReversed()) await end();
  ends = [];
});

/** `seen`: what the guard is shown of a block. */
async function guarded(seen: (block: MarketBlock) => MarketBlock) {
  const exchange: LocalExchange = await startExchange({
    symbols: ["linear:BTCUSDT=generated:seed=7"],
    history: 2,
    seed: 1,
  });
  ends.push(() => exchange.close());
  const hosts = hostsOf("local", exchange.url);
  if (!hosts.ok) throw new Error(hosts.error.text);
  const abort = new AbortController();
  const pump = new RatePump();
  const common = { hosts: hosts.value, clock: new AnchoredClock(), random: () => 0.5 };
  const rest = new BybitRest({ ...common, credentials: undefined, pump, signal: abort.signal });
  const notices: string[] = [];
  const market = new MarketStream({
    ...common,
    category: "linear",
    transport: SYSTEM_TRANSPORT,
    epochNanos: undefined,
    symbol: "BTCUSDT",
    depth: 50,
    pace: { ...DEFAULT_PACE, spacingMs: 1 },
    notice: ({ text }) => notices.push(text),
  });
  ends.push(
    () => abort.abort(),
    () => pump.close(),
    () => market.close(),
  );
  const header = await market.prepare();
  if (!header.ok) throw new Error(header.error.text);
  const wrong: string[] = [];
  const guard = new MarketGuard({
    timers: SYSTEM_TRANSPORT.timers,
    rest,
    header: header.value,
    everyMs: 250,
    againMs: 350,
    quietMs: 150,
    onWrong: (text) => {
      wrong.push(text);
      market.distrust();
    },
  });
  ends.push(() => guard.close());
  market.listen((block) => guard.rows(seen(block)));
  market.open();
  await market.firstBook;
  guard.start();
  return { guard, wrong, notices };
}

describe("MarketGuard", () => {
  it("finds nothing wrong in a market that is followed rightly", async () => {
    const { guard, wrong } = await guarded((block) => block);
    await vi.waitFor(() => expect(guard.compared).toBeGreaterThan(0), { timeout: 15_000 });
    expect(wrong).toEqual([]);
  });

  it("has the book begun anew when a level stays wrong", async () => {
    let isTampered = false;
    const { wrong, notices } = await guarded((block) => {
      const quantity = block.quantity.slice(0, block.length);
      if (!isTampered && (block.kind[0]! & KIND_MASK) === Kind.CLEAR) {
        for (let level = 1; level < block.length; level++) quantity[level]! += 1;
        isTampered = true;
      }
      return { ...block, quantity };
    });
    await vi.waitFor(() => expect(wrong.length).toBeGreaterThan(0), { timeout: 20_000 });
    await vi.waitFor(() => expect(notices).toContain("messages are missing"), { timeout: 1000 });
  });
});
