/** Agents: what each of them does on a floor of its own. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Crowd } from "./crowd.ts";
import { Draws } from "./draws.ts";
import { Expiries } from "./expiries.ts";
import { type Agent, Floor } from "./floor.ts";
import { FundamentalTrader } from "./fundamental-trader.ts";
import { LiquidationEngine } from "./liquidation-engine.ts";
import { MarketMaker } from "./market-maker.ts";
import { MetaorderTraders } from "./metaorder-traders.ts";
import { MomentumTrader } from "./momentum-trader.ts";
import { DEFAULT_PROFILE } from "./profile.ts";
import { ValuePath } from "./value-path.ts";

const START = 100_000;

/** A floor with a crowd of patient orders, nobody else. */
function crowdedFloor(): { floor: Floor; crowd: Crowd } {
  const floor = new Floor(START, 1_000);
  const crowd = new Crowd(floor, DEFAULT_PROFILE.crowd);
  crowd.open(4_000, 500, new Draws(1, "opening"));
  return { floor, crowd };
}

function run(floor: Floor, agent: Agent, until: number): void {
  while (agent.nextAt < until) {
    floor.now = agent.nextAt;
    agent.act();
    floor.endMessage();
  }
}

/** Lots of an owner on one side. */
function lotsOf(floor: Floor, owner: number, isBid: boolean): number {
  const { engine } = floor;
  let lots = 0;
  let price = isBid ? engine.bestBid : engine.bestAsk;
  for (; price > 0; price = engine.nextLevel(isBid, price)) {
    for (let at = engine.firstAt(isBid, price); at >= 0; at = engine.behind(at)) {
      if (engine.ownerOf(at) === owner) lots += engine.leavesOf(at);
    }
  }
  return lots;
}

describe("the crowd", () => {
  it("opens a book that thickens away from the price, and forgets no order", () => {
    const { floor, crowd } = crowdedFloor();
    const { engine } = floor;
    expect(engine.bestBid).toBeLessThan(engine.bestAsk);
    let near = 0;
    let far = 0;
    for (let price = engine.bestBid; price > 0; price = engine.nextLevel(true, price)) {
      const lots = engine.quantityAt(true, price);
      if (price > START - 100) near += lots;
      else if (price > START - 600 && price <= START - 500) far += lots;
    }
    expect(far / near).toBeGreaterThan(4);
    run(floor, crowd, 100 * DEFAULT_PROFILE.crowd.patientLifetime);
    expect([crowd.bidOrders, crowd.askOrders]).toEqual([0, 0]);
    expect([engine.bestBid, engine.bestAsk]).toEqual([0, 0]);
  });

  it("cancels the nearest order of a side, and none of a thin side", () => {
    const { floor, crowd } = crowdedFloor();
    const best = floor.engine.bestBid;
    const before = floor.engine.quantityAt(true, best);
    expect(crowd.cancelNear(true)).toBe(true);
    expect(floor.engine.quantityAt(true, best)).toBeLessThan(before);
    while (!crowd.isThin(true)) crowd.cancelNear(true);
    expect(crowd.cancelNear(true)).toBe(false);
  });
});

describe("expiries", () => {
  it("come out in order of time, whatever order they went in", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1e6, noNaN: true })), (times) => {
        const ends = new Expiries();
        times.forEach((at, i) => ends.push(at, i, i + 1));
        const out: number[] = [];
        for (; ends.nextAt < Infinity; ends.pop()) {
          expect(times[ends.nextOrder]).toBe(ends.nextAt);
          expect(ends.nextSerial).toBe(ends.nextOrder + 1);
          out.push(ends.nextAt);
        }
        expect(out).toEqual([...times].sort((a, b) => a - b));
      }),
    );
  });
});

describe("a market maker", () => {
  const OWNER = 2;
  const makers = { ...DEFAULT_PROFILE.makers, dissent: 0 };

  it("quotes both sides around the value, and follows it", () => {
    const { floor } = crowdedFloor();
    const maker = new MarketMaker(1, floor, OWNER, makers);
    run(floor, maker, 5);
    expect(lotsOf(floor, OWNER, true)).toBeGreaterThan(0);
    expect(lotsOf(floor, OWNER, false)).toBeGreaterThan(0);
    const before = floor.mid;
    expect(Math.abs(before - START)).toBeLessThan(20);
    floor.value += 300;
    run(floor, maker, 15);
    expect(floor.mid - before).toBeGreaterThan(200);
    expect(floor.mid - before).toBeLessThan(400);
  });

  it("holds what it traded, and leans against it", () => {
    const mids = [0, 1_000_000].map((sold) => {
      const { floor } = crowdedFloor();
      const maker = new MarketMaker(1, floor, OWNER, { ...makers, hedging: 1e9, aversion: 1e-4 });
      run(floor, maker, 2);
      if (sold > 0) maker.filled(-7, false, START, sold, 1);
      run(floor, maker, 10);
      return floor.mid;
    });
    // Short a million lots at 1e-4 ticks each: it bids the price up, and buys back.
    expect(mids[1]! - mids[0]!).toBeGreaterThan(20);
  });

  it("counts in its inventory every lot that its quotes traded", () => {
    const { floor } = crowdedFloor();
    const maker = new MarketMaker(1, floor, OWNER, makers);
    run(floor, maker, 1);
    const held = maker.inventory;
    const bids = lotsOf(floor, OWNER, true);
    floor.engine.take(0, false, floor.engine.bestBid - 50, 2_000);
    expect(maker.inventory - held).toBe(bids - lotsOf(floor, OWNER, true));
    expect(maker.inventory).toBeGreaterThan(held);
  });
});

describe("metaorder traders", () => {
  it("trade what they set out to, at their pace, in Pareto sizes", () => {
    const { floor, crowd } = crowdedFloor();
    const profile = {
      ...DEFAULT_PROFILE.metaorders,
      lots: { least: 50, most: 5_000, exponent: 1.5 },
    };
    const options = { profile, volume: 4_000, tilt: 0, clock: () => floor.now * 1e9 };
    const traders = new MetaorderTraders(1, floor, crowd, options);
    const refill = new Draws(1, "refill");
    for (let k = 0; floor.now < 4_000; k++) {
      // The crowd comes back: what is tested is the traders' side.
      for (const buys of [true, false]) crowd.placePatient(buys, refill.at(2 * k + Number(buys)));
      floor.now = traders.nextAt;
      traders.act();
    }
    const { records } = traders;
    expect(records.length / 4_000).toBeCloseTo(profile.perSecond, 1);
    for (const { lots, filledLots, startAt, endAt } of records) {
      expect(filledLots).toBeLessThanOrEqual(lots);
      expect(endAt).toBeGreaterThanOrEqual(startAt);
    }
    const done = records.filter(({ lots, filledLots }) => lots === filledLots).length;
    expect(done / records.length).toBeGreaterThan(0.9);
    const beyond = records.filter(({ lots }) => lots > 200).length / records.length;
    expect(beyond).toBeGreaterThan(0.09);
    expect(beyond).toBeLessThan(0.17); // (50 / 200)^1.5 = 0.125
    expect(traders.records.reduce((sum, { filledLots }) => sum + filledLots, 0)).toBe(
      floor.tradedLots,
    );
  });
});

describe("momentum and fundamental traders", () => {
  it("buy what has risen; buy what is cheap, sell what is dear", () => {
    const flows = [-2_000, 0, 2_000].map((move) => {
      const { floor, crowd } = crowdedFloor();
      const fundamental = new FundamentalTrader(1, floor, crowd, DEFAULT_PROFILE.fundamental);
      floor.value += move;
      run(floor, fundamental, 5);
      return floor.signedFlow;
    });
    expect(flows[0]).toBeLessThan(0);
    expect(Math.abs(flows[1]!)).toBeLessThan(Math.abs(flows[0]!) / 2);
    expect(flows[2]).toBeGreaterThan(0);

    const { floor, crowd } = crowdedFloor();
    const momentum = new MomentumTrader(1, floor, crowd, DEFAULT_PROFILE.momentum);
    run(floor, momentum, 3);
    expect(floor.signedFlow).toBe(0);
    floor.engine.take(0, true, START + 400, 1_000_000);
    floor.endMessage();
    const before = floor.signedFlow;
    run(floor, momentum, 5);
    expect(floor.signedFlow).toBeGreaterThan(before);
  });
});

describe("the liquidation engine", () => {
  it("trades exactly what fell due, then rests", () => {
    const { floor, crowd } = crowdedFloor();
    const forced = new LiquidationEngine(1, floor, crowd, DEFAULT_PROFILE.liquidations);
    expect(forced.nextAt).toBe(Infinity);
    forced.add(false, 20_000);
    forced.add(true, 5_000);
    run(floor, forced, 1_000);
    expect(floor.tradedLots).toBe(25_000);
    expect([forced.buyLots, forced.sellLots, forced.nextAt]).toEqual([0, 0, Infinity]);
  });
});

describe("the value path", () => {
  it("is where it was told to be at each second, with the variance of its steps between", () => {
    const path = new ValuePath(1, 0);
    let squares = 0;
    for (let second = 0; second < 2_000; second++) {
      const from = path.value;
      const target = second % 2 === 0 ? 10 : 0;
      path.aim(target, 16, 40);
      for (let step = 0; step < 16; step++) {
        path.advance();
        if (step === 7) squares += (path.value - (from + target) / 2) ** 2;
      }
      expect(path.value).toBe(target);
    }
    // A bridge over one second has a quarter of a second's variance in its middle.
    expect(squares / 2_000 / (40 * 40)).toBeCloseTo(0.25, 1);
  });
});
