/** Patience on the desk's market: a spread of 10 bps, and a mid that moves as the test says. */
import { describe, expect, it } from "vitest";
import { at, Desk, fillOf } from "../../../test/laws/desk.ts";
import type { ParentOrder } from "../domain/parent-order.ts";
import { lots, ticks } from "../domain/units.ts";
import { strategies } from "../../strategies/registry.ts";
import type { FeeRates } from "./instrument-state.ts";
import type { RiskLimits } from "./limits.ts";

/** Watched for this long before the order begins: long enough to know a volatility. */
const WATCHED = 200;

interface Scene {
  readonly order?: Partial<ParentOrder>;
  readonly fees?: FeeRates;
  readonly limits?: Partial<RiskLimits>;
  /** The mid goes up and down by this many ticks, every ten seconds, before the order begins. */
  readonly swing?: number;
  /** Others' volume in a second. */
  readonly volume?: number;
  readonly watched?: number;
}

/** 20 lots in ten slices of ten seconds. Nothing fills passively. */
function work(scene: Scene, until = 100): readonly string[] {
  const desk = started(scene);
  desk.until(watchedOf(scene) + until);
  return desk.timeline.map((line) =>
    line.replace(/^([\d.]+)s/, (_, second) => `${(Number(second) - watchedOf(scene)).toFixed(1)}s`),
  );
}

const watchedOf = ({ watched = WATCHED }: Scene): number => watched;

function started(scene: Scene): Desk {
  const desk = new Desk(scene.limits, strategies, scene.fees);
  desk.volume = scene.volume ?? desk.volume;
  const { swing = 0, watched = WATCHED } = scene;
  for (let second = 5; second < watched; second += 10) {
    desk.until(second);
    const up = second % 20 === 5 ? swing : 0;
    desk.move(1_000 + up, 1_001 + up);
  }
  desk.until(watched);
  desk.submit({
    quantity: { kind: "lots", lots: lots(20) },
    startAt: at(watched),
    deadline: at(watched + 100),
    ...scene.order,
  });
  return desk;
}

const firstTaken = (lines: readonly string[]): string | undefined =>
  lines.find((line) => line.includes(" take "));

describe("patience", () => {
  it("in a market that stands still waits two slices, and then takes what is that late alone", () => {
    expect(work({}, 31)).toMatchInlineSnapshot(`
      [
        "0.0s post 2 at 1000 (p1-1)",
        "10.0s move p1-1 to 4 at 1000",
        "20.0s cancel p1-1",
        "20.0s take 2 at 1001 (p1-2)",
        "20.0s post 4 at 1000 (p1-3)",
        "30.0s cancel p1-3",
        "30.0s take 2 at 1001 (p1-4)",
        "30.0s post 4 at 1000 (p1-5)",
      ]
    `);
  });

  it("ends by the share of the slice where no volatility is known", () => {
    expect(firstTaken(work({ watched: 40 }, 11))).toMatchInlineSnapshot(
      `"5.0s take 2 at 1001 (p1-2)"`,
    );
  });

  it("ends sooner the more the price moves", () => {
    const urgency = 0.9;
    const taken = [0, 2, 3, 4].map((swing) => firstTaken(work({ swing, order: { urgency } })));
    expect(taken).toMatchInlineSnapshot(`
      [
        "10.0s take 2 at 1001 (p1-2)",
        "0.3s take 2 at 1001 (p1-2)",
        "0.1s take 2 at 1001 (p1-2)",
        "0.1s take 2 at 1001 (p1-2)",
      ]
    `);
  });

  it("lasts longer where a passive fill saves fees", () => {
    const order = { urgency: 0.9 };
    const fees = [
      { maker: 0.0005, taker: 0 },
      { maker: 0, taker: 0 },
      { maker: 0, taker: 0.0005 },
    ];
    const taken = fees.map((rates) => firstTaken(work({ swing: 3, order, fees: rates })));
    expect(taken).toMatchInlineSnapshot(`
      [
        "0.0s take 2 at 1001 (p1-2)",
        "0.1s take 2 at 1001 (p1-2)",
        "0.3s take 2 at 1001 (p1-2)",
      ]
    `);
  });

  it("is none where taking is the cheaper way", () => {
    const fees = { maker: 0.002, taker: 0 };
    expect(firstTaken(work({ fees, order: { urgency: 0.1 } }))).toMatchInlineSnapshot(
      `"0.0s take 2 at 1001 (p1-1)"`,
    );
  });

  it.each([0, 3])("is none at urgency 1, in a market that swings by %d ticks", (swing) => {
    expect(work({ swing, order: { urgency: 1 } }, 11)).toMatchInlineSnapshot(`
      [
        "0.0s take 2 at 1001 (p1-1)",
        "10.0s take 2 at 1001 (p1-2)",
      ]
    `);
  });

  it("is without end at urgency 0, until the deadline", () => {
    const lines = work({ swing: 3, order: { urgency: 0 } }, 110);
    expect(firstTaken(lines)).toBeUndefined();
    expect(lines.at(-1)).toMatchInlineSnapshot(
      `"100.0s expired: deadline; residual policy leave: 20 not executed"`,
    );
  });

  it("ends sooner where participation needs the time for the rest", () => {
    // Others trade a lot a second, of which a fifth of all is a quarter: 20 lots take 80 seconds.
    const limits = { participation: 0.2 };
    expect(firstTaken(work({ volume: 1, limits }))).toMatchInlineSnapshot(
      `"13.1s take 2 at 1001 (p1-2)"`,
    );
    expect(firstTaken(work({ volume: 100, limits }))).toMatchInlineSnapshot(
      `"20.0s take 2 at 1001 (p1-2)"`,
    );
  });

  it("is that of each rise by itself: what is filled hurries nobody", () => {
    const desk = started({ swing: 3, order: { urgency: 0.9 } });
    // The first rise fills at once, the second waits its own time for its own saving.
    desk.report("p1-1", fillOf(ticks(1_000), 2));
    desk.until(WATCHED + 12);
    const why = desk.state.reasonings.find((text) => text.includes(": take "));
    expect(why).toContain("2 XYZ behind (0.1 s late, a passive fill would save 10.00 bps): take 2");
  });

  it("is counted from the first of what is late together", () => {
    const desk = started({ order: { urgency: 0.9 } });
    desk.move(1_000, 1_005);
    desk.until(WATCHED + 28);
    desk.move(1_000, 1_001);
    desk.until(WATCHED + 29);
    const why = desk.state.reasonings.find((text) => text.includes(": take "));
    expect(why).toContain("6 XYZ behind (29.0 s late");
  });
});
