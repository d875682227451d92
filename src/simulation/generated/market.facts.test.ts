/** What the generated market shares with real ones, on fixed seeds and with generous bounds. */
import { describe, expect, it } from "vitest";
import { micros, MINUTE } from "../../core/domain/units.ts";
import { Kind, KIND_MASK, type MarketBlock } from "../../core/market/columns.ts";
import { GeneratedMarket } from "./market.ts";

const NOON = micros(1_700_049_600_000_000);

interface Watched {
  /** Mids every tenth of a second, ticks. */
  readonly mids: number[];
  /** Of market orders: prints of one instant and side are one. */
  readonly signs: number[];
  /** Lots traded up to each tenth of a second. */
  readonly volumes: number[];
  /** Lots within 50 ticks of the touch, and 450 to 500 ticks from it. */
  near: number;
  far: number;
}

/** Watches a market of forty minutes. */
function watch(seed: number): Watched {
  const market = new GeneratedMarket({ seed, startAt: NOON, duration: micros(40 * MINUTE) });
  const watched: Watched = { mids: [], signs: [], volumes: [], near: 0, far: 0 };
  const orders = new Orders();
  const { matching } = market;
  while (market.nextAt < Infinity) {
    for (; watched.mids.length * 1e8 <= market.nextAt;) {
      watched.mids.push((matching.bestBid + matching.bestAsk) / 2);
      read(market, orders);
      watched.volumes.push(orders.lots);
      if (watched.mids.length % 600 === 0) countDepth(market, watched);
    }
    market.step();
  }
  watched.signs.push(...orders.signs);
  return watched;
}

/** The market orders that the trades of a market tell of. */
class Orders {
  readonly signs: number[] = [];
  lots = 0;
  #at = -1;

  read({ length, kind, exchangeTime, quantity }: MarketBlock): void {
    for (let row = 0; row < length; row++) {
      const what = kind[row]! & KIND_MASK;
      if (what !== Kind.TRADE_BUY && what !== Kind.TRADE_SELL) continue;
      const sign = what === Kind.TRADE_BUY ? 1 : -1;
      this.lots += quantity[row]!;
      if (exchangeTime[row] === this.#at && sign === this.signs.at(-1)) continue;
      this.#at = exchangeTime[row]!;
      this.signs.push(sign);
    }
  }
}

function read(market: GeneratedMarket, orders: Orders): void {
  const block = market.takeRows();
  if (block !== undefined) orders.read(block);
}

function countDepth(market: GeneratedMarket, watched: Watched): void {
  const { matching } = market;
  const best = matching.bestBid;
  for (let price = best; price > best - 500; price = matching.nextLevel(true, price)) {
    if (price > best - 50) watched.near += matching.quantityAt(true, price);
    else if (price <= best - 450) watched.far += matching.quantityAt(true, price);
  }
}

const changes = (path: readonly number[], step: number): number[] => {
  const out: number[] = [];
  for (let i = step; i < path.length; i += step) out.push(path[i]! - path[i - step]!);
  return out;
};

const mean = (x: readonly number[]): number => x.reduce((sum, each) => sum + each, 0) / x.length;

const variance = (x: readonly number[]): number => {
  const centre = mean(x);
  return mean(x.map((each) => (each - centre) ** 2));
};

const kurtosis = (x: readonly number[]): number => {
  const centre = mean(x);
  return mean(x.map((each) => (each - centre) ** 4)) / variance(x) ** 2 - 3;
};

function correlation(x: readonly number[], y: readonly number[]): number {
  const [a, b] = [mean(x), mean(y)];
  const covariance = mean(x.map((each, i) => (each - a) * (y[i]! - b)));
  return covariance / Math.sqrt(variance(x) * variance(y));
}

const autocorrelation = (x: readonly number[], lag: number): number =>
  correlation(x.slice(lag), x.slice(0, -lag));

const average = (of: (watched: Watched) => number): number => mean(stretches.map(of));

const stretches = [1, 2].map(watch);

describe("the generated market over two stretches of forty minutes", () => {
  it("has fat tails that thin out with the horizon, and an hourly volatility of a half per cent", () => {
    expect(average(({ mids }) => kurtosis(changes(mids, 10)))).toBeGreaterThan(2);
    expect(average(({ mids }) => kurtosis(changes(mids, 100)))).toBeGreaterThan(0.5);
    const [second, minute] = [10, 600].map((step) =>
      average(({ mids }) => kurtosis(changes(mids, step))),
    );
    expect(minute).toBeLessThan(second!);
    const hourly = average(({ mids }) => Math.sqrt(variance(changes(mids, 100)) * 360) / 642_500);
    expect(hourly).toBeGreaterThan(0.002);
    expect(hourly).toBeLessThan(0.01);
  });

  it("has a signature plot that is flat from a second to a minute", () => {
    const perSecond = [10, 30, 100, 300, 600].map((step) =>
      average(({ mids }) => variance(changes(mids, step)) / (step / 10)),
    );
    expect(Math.max(...perSecond) / Math.min(...perSecond)).toBeLessThan(2);
  });

  it("has returns without memory and magnitudes with one of a minute", () => {
    for (const lag of [2, 5, 10]) {
      const memory = average(({ mids }) => autocorrelation(changes(mids, 10), lag));
      expect(Math.abs(memory)).toBeLessThan(0.04);
    }
    const magnitudes = (lag: number) => (watched: Watched) =>
      autocorrelation(changes(watched.mids, 10).map(Math.abs), lag);
    expect(average(magnitudes(1))).toBeGreaterThan(0.15);
    expect(average(magnitudes(30))).toBeGreaterThan(0.03);
    expect(average(magnitudes(30))).toBeLessThan(average(magnitudes(1)));
  });

  it("has signs of orders that remember one another for a hundred orders, ever more weakly", () => {
    const memory = [1, 10, 100].map((lag) => average(({ signs }) => autocorrelation(signs, lag)));
    expect(memory[0]).toBeGreaterThan(0.1);
    expect(memory[1]).toBeGreaterThan(0.03);
    expect(memory[2]).toBeGreaterThan(0.01);
    expect(memory[2]).toBeLessThan(memory[1]!);
    expect(memory[1]).toBeLessThan(memory[0]!);
  });

  it("has a book that deepens away from the touch, and volume where volatility is", () => {
    expect(average(({ near, far }) => far / near)).toBeGreaterThan(1.5);
    const together = average(({ mids, volumes }) =>
      correlation(changes(mids, 300).map(Math.abs), changes(volumes, 300)),
    );
    expect(together).toBeGreaterThan(0.1);
  });
});
