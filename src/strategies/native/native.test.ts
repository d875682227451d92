/**
 * The exchange's own algorithms, emulated: their documented figures hold in what they decide.
 * A user would lose a fair baseline: one that cheats on its own rules flatters or shames ours.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { at, Desk, fillAll, XYZ } from "../../../test/laws/desk.ts";
import { ask, FROM, planOf } from "../../../test/strategy-slices.ts";
import { decimal } from "../../core/domain/decimal.ts";
import { halfTicks, lots, micros, MINUTE, SECOND } from "../../core/domain/units.ts";
import { strategies } from "../registry.ts";
import { bybitPov } from "./bybit-pov.ts";
import { bybitTwap } from "./bybit-twap.ts";
import type { NativeTerms } from "./native-order.ts";
import { nativeOrders, nativeStrategies } from "./registry.ts";

const TERMS: NativeTerms = {
  instrument: { ...XYZ, minNotional: decimal("5") },
  quantity: lots(1_000),
  price: halfTicks(2_000),
  over: micros(10 * MINUTE),
};
const refusal = (name: string, parameters = {}, terms: Partial<NativeTerms> = {}) =>
  nativeOrders.get(name)!.refuse(parameters, { ...TERMS, ...terms });

describe("native orders", () => {
  it("are no strategies that a user may trade with", () => {
    expect(nativeStrategies.size).toBe(4);
    expect([...nativeStrategies.keys()].filter((name) => strategies.has(name))).toEqual([]);
  });

  it.each([
    ["bybit-twap", { intervalSeconds: 20 }, "intervalSeconds"],
    ["bybit-twap", { intervalSeconds: 4 }, "intervalSeconds"],
    ["bybit-twap", { randomizeSize: 0.3 }, "randomizeSize"],
    ["bybit-pov", { rate: 0.005 }, "rate"],
    ["bybit-pov", { rate: 0.1234 }, "rate"],
    ["bybit-pov", { windowSeconds: 30 }, "windowSeconds"],
    ["bybit-iceberg", { orderCount: 1 }, "orderCount"],
    ["bybit-chase", { behindTicks: -1 }, "behindTicks"],
    ["bybit-chase", { reachPercent: 1 }, "reachPercent"],
  ])("%s does not take %j", (name, parameters, path) => {
    const faults = nativeStrategies.get(name)!.check(parameters);
    expect(faults.map((fault) => fault.path)).toEqual([path]);
  });

  it("refuses what the exchange refuses, and says its figure", () => {
    expect(refusal("bybit-twap", {}, { over: micros(3 * MINUTE) })).toContain("5 minutes");
    expect(refusal("bybit-twap", {}, { over: micros(5 * MINUTE) })).toBeUndefined();
    const day = { over: micros(24 * 60 * MINUTE), quantity: lots(10_000) };
    expect(refusal("bybit-twap", {}, day)).toBeUndefined();
    const longer = { ...day, over: micros(day.over + 30 * SECOND) };
    expect(refusal("bybit-twap", {}, longer)).toContain("24 hours");
    expect(refusal("bybit-twap", {}, { over: micros(10 * MINUTE + SECOND) })).toContain("30 s");
    expect(refusal("bybit-twap", {}, { quantity: lots(19) })).toContain("under its minimum");
    // 20 orders of 5,000 lots are just half of the largest; one lot more each is not.
    expect(refusal("bybit-twap", {}, { quantity: lots(100_000) })).toBeUndefined();
    expect(refusal("bybit-twap", {}, { quantity: lots(100_020) })).toContain("over half");
    expect(refusal("bybit-pov", {}, { instrument: { ...XYZ, kind: "spot" } })).toContain("spot");
    expect(refusal("bybit-pov")).toBeUndefined();
    const coarse = { ...XYZ, minLots: lots(60) };
    expect(refusal("bybit-iceberg", { orderCount: 20 }, { instrument: coarse })).toContain("50");
    expect(refusal("bybit-iceberg", {}, { instrument: coarse })).toBeUndefined();
    expect(refusal("bybit-chase")).toBeUndefined();
  });
});

describe("bybit-twap", () => {
  const sizesOf = (quantity: number, minutes: number, parameters: object, seed: number) => {
    const until = micros(FROM + minutes * MINUTE);
    const plan = planOf({ quantity: lots(quantity), until, seed });
    const bound = bybitTwap.strategy.bind({ ...parameters }, plan);
    const sizes: number[] = [];
    let before = 0;
    for (let now = plan.from; now < until;) {
      const target = ask(bound, now);
      sizes.push(target.quantity - before);
      before = target.quantity;
      now = target.sliceUntil;
    }
    return { sizes, total: before };
  };

  it("is one order each interval, the first at once", () => {
    expect(sizesOf(1_000, 5, {}, 1).sizes).toEqual(Array<number>(10).fill(100));
    expect(sizesOf(1_000, 5, { intervalSeconds: 60 }, 1).sizes).toEqual([200, 200, 200, 200, 200]);
  });

  it("keeps every random size within 20 % of an even one, and the sum", () => {
    const cases = [fc.integer({ min: 1_000, max: 9_000_000 }), fc.integer({ min: 5, max: 60 })];
    fc.assert(
      fc.property(cases[0]!, cases[1]!, fc.nat(1_000), (quantity, minutes, seed) => {
        const { sizes, total } = sizesOf(quantity, minutes, { randomizeSize: 0.2 }, seed);
        expect(total).toBe(quantity);
        expect(sizes).toHaveLength(minutes * 2);
        const even = quantity / sizes.length;
        for (const size of sizes) {
          expect(size).toBeGreaterThan(0.8 * even - 1.001);
          expect(size).toBeLessThan(1.2 * even + 1.001);
        }
      }),
    );
  });

  it("does vary them", () => {
    expect(new Set(sizesOf(100_000, 30, { randomizeSize: 0.2 }, 3).sizes).size).toBeGreaterThan(40);
  });

  it("takes each one, and rests nothing", () => {
    const desk = new Desk({ aggressiveSpacing: micros(15 * SECOND) }, nativeStrategies);
    desk.submit({ strategy: { name: "bybit-twap", parameters: {} }, deadline: at(120) });
    desk.until(125);
    expect(desk.timeline.map((line) => line.split(" at ")[0])).toEqual([
      "0s take 2",
      "30s take 3",
      "60s take 2",
      "90s take 3",
      "90s complete: filled in full",
    ]);
  });

  it("tries an order that did not fill once more, half an interval later", () => {
    const desk = new Desk({ aggressiveSpacing: micros(15 * SECOND) }, nativeStrategies);
    desk.answer = () => [{ kind: "accepted" }, { kind: "canceled", text: "nothing there" }];
    desk.submit({ strategy: { name: "bybit-twap", parameters: {} }, deadline: at(300) });
    desk.until(61);
    expect(desk.timeline.map((line) => line.split(" at ")[0])).toEqual([
      "0s take 1",
      "15s take 1",
      "30s take 2",
      "45s take 2",
      "60s take 3",
    ]);
  });
});

describe("bybit-pov", () => {
  it("orders its rate of the window before, own trades counted", () => {
    const plan = planOf({ volumeAtFrom: lots(5_000), volumeBefore: lots(1_000) });
    const bound = bybitPov.strategy.bind({ rate: 0.1 }, plan);
    const due = (second: number, traded: number, done: number) =>
      bound.target({
        now: micros(FROM + second * SECOND),
        done: lots(done),
        marketVolume: lots(5_000 + traded),
      });
    expect(due(0, 0, 0)).toMatchObject({ quantity: 100, sliceUntil: FROM + 60 * SECOND });
    // The window after: 2,000 by others and 100 by ourselves.
    expect(due(60, 2_000, 100).quantity).toBe(100 + 210);
    expect(due(60, 1e9, 100).quantity).toBe(plan.quantity);
  });
});

describe("bybit-chase", () => {
  const chase = { strategy: { name: "bybit-chase", parameters: {} }, deadline: at(300) };

  it("moves the whole order after the touch, once a second and no more, and never takes", () => {
    const desk = new Desk({ benchmarkDeviationBps: 10_000 }, nativeStrategies);
    desk.submit(chase);
    for (let tenth = 1; tenth <= 50; tenth++) {
      desk.until(tenth / 10);
      desk.move(1_000 + tenth, 1_001 + tenth);
    }
    const [first, ...moves] = desk.timeline;
    expect(first).toBe("0s post 10 at 1000 (p1-1)");
    const times = moves.map((line) => Number(/^([\d.]+)s move p1-1 to 10 /.exec(line)![1]));
    expect(times.length).toBeGreaterThan(3);
    times.reduce((before, time) => {
      expect(time - before).toBeGreaterThanOrEqual(1 - 1e-9);
      return time;
    }, -1);
  });

  it("ends when five post-only orders in a row were refused, and not before", () => {
    const desk = new Desk({}, nativeStrategies);
    desk.answer = () => [{ kind: "canceled", text: "post-only, and would take" }];
    desk.submit(chase);
    desk.until(60);
    expect(desk.timeline.filter((line) => line.includes("post 10"))).toHaveLength(5);
    expect(desk.timeline.at(-1)).toContain("failed: 5 resting orders in a row");
  });

  it("goes on where one of them rested in between", () => {
    const desk = new Desk({}, nativeStrategies);
    let sent = 0;
    desk.answer = () => {
      sent += 1;
      const isTaken = sent % 4 === 0;
      return isTaken
        ? [{ kind: "accepted" }, { kind: "canceled", text: "later" }]
        : [{ kind: "canceled", text: "post-only, and would take" }];
    };
    desk.submit(chase);
    desk.until(60);
    expect(sent).toBeGreaterThan(20);
    expect(desk.state.phase).toBe("active");
  });
});

describe("bybit-iceberg", () => {
  it("shows one part at a time, the next when it is filled", () => {
    const desk = new Desk({}, nativeStrategies);
    desk.answer = fillAll;
    const strategy = { name: "bybit-iceberg", parameters: { orderCount: 4 } };
    desk.submit({ strategy, deadline: at(300) });
    desk.until(10);
    expect(desk.timeline.map((line) => line.split(" ").slice(1, 3).join(" "))).toEqual([
      "post 3",
      "post 3",
      "post 3",
      "post 1",
      "complete: filled",
    ]);
  });
});
