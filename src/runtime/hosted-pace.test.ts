/** What happens at a speed that the machine cannot keep, by clocks that the tests wind. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RawRest } from "../../test/clients/raw-client.ts";
import { type Micros, micros, SECOND } from "../core/domain/units.ts";
import { HostedPace } from "./hosted-pace.ts";
import { openHosted, parseHostedSymbol } from "./hosted-source.ts";
import { composeHosted, startExchange } from "./local-exchange.ts";

const AT = Date.UTC(2026, 10, 23, 12) * 1_000;
const SYMBOL = "linear:BTCUSDT=generated:seed=7";

/** Each look at it finds `ms` more: of a turn's 20 ms, what is done between two looks takes `ms`. */
function watchOf(ms: number): () => number {
  let passed = 0;
  return () => (passed += ms);
}

describe("the pace of hosted markets", () => {
  it("keeps a turn to its budget, gives up the rest, and says so once", () => {
    let told = 0;
    const onBehind = (): void => void (told += 1);
    const pace = new HostedPace({ speed: 10, stopwatch: watchOf(8), onBehind });
    pace.open(micros(AT), micros(AT + 5 * SECOND));
    expect(pace.lag).toBe(5 * SECOND);
    expect(pace.behind).toBe(0);
    const ran: number[] = [];
    const run = (at: Micros): void => void ran.push((at - AT) / SECOND - 5);
    pace.advance(micros(AT + 5.25 * SECOND), run);
    expect(ran.splice(0)).toEqual([0.1, 0.2, 0.25].map((at) => expect.closeTo(at)));
    expect(pace.behind).toBe(0);
    pace.advance(micros(AT + 25 * SECOND), run);
    expect(ran.splice(0)).toEqual([0.35, 0.45, 0.55, 20].map((at) => expect.closeTo(at)));
    expect(pace.behind / SECOND).toBeCloseTo(19.45);
    pace.advance(micros(AT + 45 * SECOND), run);
    expect(pace.behind / SECOND).toBeCloseTo(39.15);
    expect(told).toBe(1);
  });

  it("does everything where nothing is measured", () => {
    const pace = new HostedPace({ speed: 1_000 });
    pace.open(micros(AT), micros(AT));
    const ran: number[] = [];
    pace.advance(micros(AT + 3_600 * SECOND), (at) => ran.push(at));
    expect(ran).toEqual([AT + 3_600 * SECOND]);
    expect(pace.lag).toBe(0);
  });

  it("lets no time of a market fall or run ahead, however far it falls behind", async () => {
    const symbol = parseHostedSymbol(SYMBOL);
    const steps = fc.array(fc.integer({ min: 1, max: 400_000 }), { minLength: 1, maxLength: 8 });
    const watch = fc.integer({ min: 0, max: 15 });
    await fc.assert(
      fc.asyncProperty(steps, watch, async (all, ms) => {
        const source = symbol.ok && (await openHosted(symbol.value, micros(AT)));
        if (!source || !source.ok) throw new Error("no market");
        const pace = new HostedPace({ speed: 20, stopwatch: watchOf(ms) });
        const plan = {
          kind: "recorded",
          accounts: 1,
          startAt: micros(AT),
          speed: 20,
          pace,
        } as const;
        const host = composeHosted(source.value, plan);
        if (!host.ok) throw new Error("no host");
        let [now, before, latest, market] = [AT, AT, 0, AT * 1_000];
        host.value.onRows = ({ exchangeTime, length }) => {
          for (let row = 0; row < length; row++) {
            const at = Number(host.value.epochNanos) + exchangeTime[row]!;
            expect(at).toBeGreaterThanOrEqual(latest);
            expect(at / 1_000).toBeGreaterThanOrEqual(before - 1);
            latest = at;
          }
          market = latest;
        };
        pace.open(micros(AT), micros(AT));
        for (const step of all) {
          now += step;
          pace.advance(micros(now), (at) => {
            host.value.advance(at);
            before = at;
          });
          expect(market / 1_000).toBeLessThanOrEqual(now + 1);
        }
        host.value.close();
      }),
      { numRuns: 6, seed: 7 },
    );
  });
});

describe("an exchange that cannot keep its speed", () => {
  it("answers by its own clock, trades, and tells how far its markets are behind", async () => {
    let now = AT;
    const log: string[] = [];
    const shares: number[] = [];
    const exchange = await startExchange({
      symbols: [SYMBOL],
      clock: () => micros(now),
      stopwatch: watchOf(8),
      speed: 10,
      history: 8,
      rateLimits: "off",
      onLog: (line) => log.push(line),
      onHistory: (share) => shares.push(share),
    });
    try {
      // Not at each step: a turn goes to others when 50 ms have passed.
      expect(shares).toEqual([0.75]);
      expect(exchange.behind).toBe(0);
      const rest = new RawRest(exchange.url, exchange.accounts[0]!);
      const sequence = async (): Promise<number> =>
        (await rest.plain("/v5/market/orderbook?category=linear&symbol=BTCUSDT")).body.result.seq;
      const before = await sequence();
      now += 10 * SECOND;
      expect((await rest.plain("/v5/market/time")).body.time).toBe(now / 1_000);
      expect(exchange.behind).toBeCloseTo(9.7);
      expect(await sequence()).toBeGreaterThan(before);
      now += 10 * SECOND;
      exchange.tick();
      expect(exchange.behind).toBeCloseTo(19.4);
      expect(log).toEqual([expect.stringMatching(/^the markets fall behind: .* keep speed 10 /)]);
      const order = { category: "linear", symbol: "BTCUSDT", side: "Buy", qty: "0.010" };
      const signed = { timestamp: now / 1_000 };
      await rest.post("/v5/order/create", { ...order, orderType: "Market" }, signed);
      const { body } = await rest.get("/v5/execution/list", { category: "linear" }, signed);
      expect(body.result.list[0].execTime).toBe(String(now / 1_000));
    } finally {
      await exchange.close();
    }
  });
});
