/**
 * Found by the laws: what generated sessions have brought to light, each as the example that a
 * reader would have written, had anybody thought of it.
 */
import { describe, expect, it } from "vitest";
import { lots, micros, SECOND, ticks } from "../../src/core/domain/units.ts";
import { vwap } from "../../src/strategies/vwap.ts";
import { planOf } from "../strategy-slices.ts";
import { Desk } from "./desk.ts";

/** Nothing in the first half of the order's time, all of it in the second. */
const LATE = { curve: [0, 1], intervalSeconds: 1, randomizeSize: 0, randomizeTime: 0 };

describe("an order that had nothing to do for long, and then slept", () => {
  it("plans the rest anew instead of sending all that it missed", () => {
    const desk = new Desk();
    desk.submit({
      quantity: { kind: "lots", lots: lots(100) },
      strategy: { name: "vwap", parameters: LATE },
    });
    desk.until(20);
    desk.isAsleep = true;
    desk.until(34);
    desk.isAsleep = false;
    desk.until(35);
    // Nine slices of four lots were missed; the hundred that are left have sixteen seconds.
    expect(desk.timeline.filter((line) => / (post|take) /.test(line))).toMatchInlineSnapshot(`
      [
        "34s post 6 at 1000 (p1-1)",
        "34.5s take 6 at 1001 (p1-2)",
        "35s post 6 at 1000 (p1-3)",
      ]
    `);
  });
});

describe("an order that takes, and that the venue has accepted and not ended yet", () => {
  it("is left alone when the touch moves: it does not rest", () => {
    const desk = new Desk();
    desk.answer = () => [{ kind: "accepted" }];
    desk.submit({ urgency: 1 });
    desk.until(3);
    desk.move(1_003, 1_004);
    desk.until(8);
    expect(desk.timeline.filter((line) => line.includes("take"))).toHaveLength(1);
    expect(desk.timeline.filter((line) => line.includes("move"))).toEqual([]);
  });
});

describe("an order that is late where less is shown than its least order", () => {
  it("stays where it rests: withdrawn, it could not cross either", () => {
    const desk = new Desk();
    desk.depth = 50;
    desk.move(1_000, 1_001);
    desk.submit({
      quantity: { kind: "lots", lots: lots(150) },
      minOrder: lots(100),
      acceptInfeasible: true,
      urgency: 1,
      strategy: { name: "twap", parameters: { slices: 1 } },
    });
    desk.until(40);
    // It was withdrawn for the crossing order that did not follow, posted again, and so on.
    expect(desk.timeline.filter((line) => line.includes("cancel"))).toEqual([]);
    expect(desk.timeline.filter((line) => line.includes("post"))).toHaveLength(1);
  });
});

describe("an order that rests at the whole position limit, and is late", () => {
  it("stays where it rests: at the other side's price the limit buys one lot too few", () => {
    const desk = new Desk({ positionNotional: 10_009, orderNotional: 20_000 });
    desk.submit({
      quantity: { kind: "lots", lots: lots(200) },
      minOrder: lots(100),
      acceptInfeasible: true,
      urgency: 1,
      constraints: { mayCrossSpread: true, residual: "leave", wouldPrice: ticks(1_001) },
      strategy: { name: "twap", parameters: { slices: 1 } },
    });
    desk.until(40);
    // It was withdrawn for the crossing order that did not follow, posted again, and so on.
    expect(desk.timeline.filter((line) => line.includes("cancel"))).toEqual([]);
    expect(desk.timeline.filter((line) => line.includes("post"))).toHaveLength(1);
  });
});

describe("a volume curve of next to nothing", () => {
  const midnight = micros(1_699_920_000 * SECOND);
  const plan = planOf({ from: midnight, until: micros(midnight + 80 * SECOND) });

  it("is refused where all of it is", () => {
    expect(vwap.check({ curve: [0, Number.MIN_VALUE] })).toMatchObject([{ path: "curve" }]);
  });

  it("counts as no volume where it is a part", () => {
    const bound = vwap.bind({ curve: [540 * Number.MIN_VALUE, 100], over: "day" }, plan);
    const { reason } = bound.target({ now: midnight, done: lots(0), marketVolume: lots(0) });
    expect(reason).toContain("expects no volume");
  });
});
