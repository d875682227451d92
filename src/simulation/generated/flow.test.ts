/** Flow processes: each has the rates that its formula says. */
import { describe, expect, it } from "vitest";
import { Crowd } from "./crowd.ts";
import { Draws } from "./draws.ts";
import { HawkesProcess, hawkesRates } from "./flow-hawkes.ts";
import { flowOf } from "./flow.ts";
import { type Agent, Floor } from "./floor.ts";
import {
  DEFAULT_PROFILE,
  type FlowKind,
  type HawkesProfile,
  type QueueReactiveProfile,
} from "./profile.ts";

/** A crowd that counts what a flow asks of it, and does it only if it is told to. */
class CountingCrowd extends Crowd {
  readonly counts = new Map<string, number>();
  readonly #acts: boolean;

  constructor(floor: Floor, acts: boolean) {
    super(floor, DEFAULT_PROFILE.crowd);
    this.#acts = acts;
  }

  #count(what: string, isBuyOrBid: boolean): boolean {
    const key = `${what} ${isBuyOrBid ? "+" : "-"}`;
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
    return this.#acts;
  }

  override place(buys: boolean, draws: Draws): void {
    if (this.#count("limit", buys)) super.place(buys, draws);
  }

  override placePatient(buys: boolean, draws: Draws): void {
    if (this.#count("patient", buys)) super.placePatient(buys, draws);
  }

  override placeAt(buys: boolean, edge: number, within: number, draws: Draws): void {
    if (this.#count("level limit", buys)) super.placeAt(buys, edge, within, draws);
  }

  override cancelNear(bids: boolean): boolean {
    return this.#count("cancel", bids) && super.cancelNear(bids);
  }

  override cancelWithin(bids: boolean, edge: number, ticks: number): void {
    if (this.#count("level cancel", bids)) super.cancelWithin(bids, edge, ticks);
  }

  override takeMarket(buys: boolean, draws: Draws): void {
    if (this.#count("market", buys)) super.takeMarket(buys, draws);
  }
}

/** A book of 700 lots a side at one tick from the mid of 10,000. */
function smallFloor(): Floor {
  const floor = new Floor(10_000, 1_000);
  floor.engine.limit(0, true, 9_999, 700);
  floor.engine.limit(0, false, 10_001, 700);
  return floor;
}

/** Events per second of each kind that a flow asks for over `seconds`, the book standing still. */
function ratesOf(kind: FlowKind, seconds: number, pressure = 0): Map<string, number> {
  const floor = smallFloor();
  floor.pressure = pressure;
  const crowd = new CountingCrowd(floor, false);
  const flow = flowOf(1, floor, crowd, { ...DEFAULT_PROFILE, flow: kind });
  run(floor, flow, seconds);
  return new Map([...crowd.counts].map(([what, count]) => [what, count / seconds]));
}

function run(floor: Floor, flow: Agent, seconds: number): void {
  while (flow.nextAt < seconds) {
    floor.now = flow.nextAt;
    flow.act();
  }
}

const ONE_KIND: HawkesProfile = {
  base: [2],
  branching: [[0.6]],
  decays: [
    { perSecond: 10, share: 0.7 },
    { perSecond: 1, share: 0.3 },
  ],
};

/** Times and kinds of the events of a process up to `seconds`. */
function* eventsOf(profile: HawkesProfile, seconds: number): Generator<[number, number]> {
  const draws = new Draws(1, "hawkes-test");
  const process = new HawkesProcess(profile, 0);
  for (let k = 0; ; k++) {
    process.advance(draws.at(k));
    if (process.nextAt >= seconds) return;
    yield [process.nextAt, process.nextKind];
  }
}

describe("zero-intelligence flow", () => {
  it("has the rates it was given, each evenly on both sides", () => {
    const rates = ratesOf("zero-intelligence", 2_000);
    const { limitsPerSecond, cancelsPerSecond, marketsPerSecond } =
      DEFAULT_PROFILE.zeroIntelligence;
    for (const side of ["+", "-"]) {
      expect(rates.get(`limit ${side}`)! / (limitsPerSecond / 2)).toBeCloseTo(1, 1);
      expect(rates.get(`cancel ${side}`)! / (cancelsPerSecond / 2)).toBeCloseTo(1, 1);
      expect(rates.get(`market ${side}`)! / (marketsPerSecond / 2)).toBeCloseTo(1, 1);
    }
  });

  it("buys more under pressure, and sends as many orders", () => {
    const { pressureTilt, zeroIntelligence } = DEFAULT_PROFILE;
    const rates = ratesOf("zero-intelligence", 2_000, 0.5);
    const [buys, sells] = [rates.get("market +")!, rates.get("market -")!];
    expect(buys / (buys + sells)).toBeCloseTo(0.5 + 0.5 * pressureTilt, 1);
    expect((buys + sells) / zeroIntelligence.marketsPerSecond).toBeCloseTo(1, 1);
  });
});

describe("Hawkes flow", () => {
  it("has the mean rates that base and branching imply, kind by kind", () => {
    const wanted = hawkesRates(DEFAULT_PROFILE.hawkes);
    const counts = [0, 0, 0, 0, 0, 0];
    const seconds = 4_000;
    for (const [, kind] of eventsOf(DEFAULT_PROFILE.hawkes, seconds)) counts[kind]! += 1;
    for (let kind = 0; kind < 6; kind++) {
      expect(counts[kind]! / seconds / wanted[kind]!).toBeGreaterThan(0.9);
      expect(counts[kind]! / seconds / wanted[kind]!).toBeLessThan(1.1);
    }
  });

  it("of one kind has the rate μ / (1 − n) and clusters by 1 / (1 − n)² over long windows", () => {
    expect(hawkesRates(ONE_KIND)[0]).toBeCloseTo(5, 6);
    const [seconds, window] = [40_000, 20];
    const counts = new Float64Array(seconds / window);
    for (const [at] of eventsOf(ONE_KIND, seconds)) counts[Math.floor(at / window)]! += 1;
    const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
    const variance = counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / counts.length;
    expect(mean / window).toBeGreaterThan(4.8);
    expect(mean / window).toBeLessThan(5.2);
    // 6.25 for a window without end; a tenth less over one of twenty times the memory.
    expect(variance / mean).toBeGreaterThan(5);
    expect(variance / mean).toBeLessThan(7);
  });

  it("of one kind without branching is a Poisson process", () => {
    const seconds = 20_000;
    const counts = new Float64Array(seconds);
    for (const [at] of eventsOf({ ...ONE_KIND, branching: [[0]] }, seconds)) {
      counts[Math.floor(at)]! += 1;
    }
    const mean = counts.reduce((sum, count) => sum + count, 0) / seconds;
    const variance = counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / seconds;
    expect(mean).toBeCloseTo(2, 1);
    expect(variance / mean).toBeCloseTo(1, 1);
  });

  it("sends to the crowd what its process says, on the side it says", () => {
    const rates = ratesOf("hawkes", 1_000);
    const wanted = hawkesRates(DEFAULT_PROFILE.hawkes);
    const kinds = ["market +", "market -", "limit +", "limit -", "cancel +", "cancel -"];
    for (const [i, kind] of kinds.entries()) {
      expect(rates.get(kind)! / wanted[i]!).toBeGreaterThan(0.8);
      expect(rates.get(kind)! / wanted[i]!).toBeLessThan(1.2);
    }
  });
});

describe("queue-reactive flow", () => {
  it("has the rates of the queues that stand there", () => {
    const { unitLots, levels, patientPerSecond }: QueueReactiveProfile =
      DEFAULT_PROFILE.queueReactive;
    // 700 lots at the first level of each side, none at the second.
    const units = Math.ceil(700 / unitLots);
    const [first, second] = [levels[0]!, levels[1]!];
    const rates = ratesOf("queue-reactive", 2_000);
    for (const side of ["+", "-"]) {
      const limits = first.limit[units]! + second.limit[0]!;
      expect(rates.get(`level limit ${side}`)! / limits).toBeCloseTo(1, 1);
      const cancels = first.cancel[units]! + second.cancel[0]!;
      expect(rates.get(`level cancel ${side}`)! / cancels).toBeCloseTo(1, 1);
      expect(rates.get(`market ${side}`)! / first.market[units]!).toBeCloseTo(1, 1);
      expect(rates.get(`patient ${side}`)! / (patientPerSecond / 2)).toBeCloseTo(1, 1);
    }
  });

  it("fills an empty book and keeps its queues about a size", () => {
    const floor = smallFloor();
    const crowd = new CountingCrowd(floor, true);
    const flow = flowOf(1, floor, crowd, { ...DEFAULT_PROFILE, flow: "queue-reactive" });
    let sum = 0;
    for (let second = 20; second < 120; second++) {
      run(floor, flow, second);
      sum += floor.engine.quantityAt(true, floor.engine.bestBid);
    }
    expect(sum / 100).toBeGreaterThan(20);
    expect(sum / 100).toBeLessThan(5_000);
  });
});
