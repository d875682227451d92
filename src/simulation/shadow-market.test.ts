/** What our orders did to a generated market, told exactly: by the same market without them. */
import { describe, expect, it } from "vitest";
import type { ClientOrderId, Fill, OrderTerms } from "../core/domain/child-order.ts";
import type { Side } from "../core/domain/side.ts";
import { lots, type Micros, ticks } from "../core/domain/units.ts";
import { GeneratedMarket, type GeneratedMarketConfig } from "./generated/market.ts";
import { GeneratedVenue } from "./generated-venue.ts";
import { NO_FEES } from "./fees.ts";
import { constantLatency } from "./latency.ts";
import { ShadowMarket } from "./shadow-market.ts";

const SECOND = 1e9;

const configOf = (seconds: number, seed: number): GeneratedMarketConfig => ({
  seed,
  startAt: 1_764_000_000_000_000 as Micros,
  duration: (seconds * 1e6) as Micros,
});

/** Orders, cancels and what came of them, sent at whole multiples of a tenth of a second. */
class Trader {
  readonly #venue: GeneratedVenue;
  readonly #fills: Fill[] = [];

  constructor(config: GeneratedMarketConfig) {
    const latency = constantLatency(1e6, 1e6);
    this.#venue = new GeneratedVenue({ fees: NO_FEES, latency, isShadowed: true }, config);
  }

  wait(until: number): readonly Fill[] {
    const [account] = this.#venue.accounts;
    while (!this.#venue.advance(until * SECOND));
    this.#venue.takeRows();
    while (account.nextReportAt < Number.POSITIVE_INFINITY) {
      const { report } = account.takeReport();
      if (report.kind === "filled") this.#fills.push(report.fill);
    }
    return this.#fills.splice(0);
  }

  place(at: number, id: string, terms: Partial<OrderTerms> & { side: Side; size: number }): void {
    const { size, ...rest } = terms;
    const [account] = this.#venue.accounts;
    account.place(
      {
        clientOrderId: id as ClientOrderId,
        quantity: lots(size),
        timeInForce: { kind: "good-till-canceled", postOnly: false },
        ...rest,
      },
      at * SECOND,
    );
  }

  cancel(at: number, id: string): void {
    this.#venue.accounts[0].cancel(id as ClientOrderId, at * SECOND);
  }
}

const displacements = (fills: readonly Fill[]): (number | undefined)[] =>
  fills.map(({ displacement }) => displacement);

describe("shadow market", () => {
  it("is at every event where the market without us is, however it is moved on", () => {
    const market = new GeneratedMarket(configOf(10, 4));
    const shadow = new ShadowMarket(configOf(10, 4));
    let [at, events, compared] = [Number.NaN, 0, 0];
    for (let k = 0; market.nextAt < Number.POSITIVE_INFINITY; k++) {
      const { nextAt } = market;
      events = nextAt === at ? events : 0;
      at = nextAt;
      // Now and then a stretch is left out, as where nothing of ours is in the market.
      if (k % 100 < 60) {
        const { bestBid, bestAsk } = market.matching;
        shadow.advance(at, events);
        if (shadow.mid !== bestBid + bestAsk) expect(shadow.mid).toBe(bestBid + bestAsk);
        compared += 1;
      }
      market.step();
      events += 1;
    }
    expect(compared).toBeGreaterThan(300);
  });

  it("tells of nothing before a trade of ours, whatever we sent and took back", () => {
    for (let seed = 1; seed <= 4; seed++) {
      const trader = new Trader(configOf(9, seed));
      for (let k = 0; k < 20; k++) {
        const at = k / 5;
        trader.wait(at);
        // Deep in the book, where nobody looks for a price.
        const side = k % 2 === 0 ? "buy" : "sell";
        const limitPrice = ticks(k % 2 === 0 ? 640_000 : 645_000);
        trader.place(at, `far-${k}`, { side, size: 1 + k, limitPrice });
        trader.wait(at + 0.1);
        if (k % 3 > 0) trader.cancel(at + 0.1, `far-${k}`);
      }
      trader.wait(8);
      trader.place(8, "take", { side: "buy", size: 5 });
      const fills = trader.wait(8.5);
      expect(fills.length).toBeGreaterThan(0);
      expect(displacements(fills)).toEqual(fills.map(() => 0));
      for (const fill of fills) expect(fill).not.toHaveProperty("permanentDisplacement");
    }
  });

  it("shows that a large order has moved the mid its way, on average and less with time", () => {
    /** Mean over seeds, in half ticks, of what two later small orders tell. */
    const after = (side: Side): [number, number] => {
      const sums: [number, number] = [0, 0];
      for (let seed = 1; seed <= 12; seed++) {
        const trader = new Trader(configOf(12, seed));
        trader.wait(2);
        trader.place(2, "large", { side, size: 4_000 });
        expect(new Set(displacements(trader.wait(2.2)))).toEqual(new Set([0]));
        for (const [k, at] of [2.2, 10].entries()) {
          trader.wait(at);
          trader.place(at, `probe-${k}`, { side, size: 1 });
          sums[k]! += trader.wait(at + 0.1)[0]!.displacement! / 12;
        }
      }
      return sums;
    };
    const [bought, boughtLater] = after("buy");
    const [sold, soldLater] = after("sell");
    expect(bought).toBeGreaterThan(10);
    expect(sold).toBeLessThan(-10);
    expect(boughtLater).toBeLessThan(bought / 2);
    expect(soldLater).toBeGreaterThan(sold / 2);
    expect(boughtLater - soldLater).toBeGreaterThan(4);
  });
});
