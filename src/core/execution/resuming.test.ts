/** What a restart does to an order, told second by second. */
import { describe, expect, it } from "vitest";
import { Desk, fillAll, fillOf, price } from "../../../test/laws/desk.ts";
import { boundsOf } from "../domain/instrument.ts";
import { lots, micros, SECOND } from "../domain/units.ts";
import { DEFAULT_RISK_LIMITS } from "./limits.ts";

const RESUMED = { kind: "session-resumed", session: 2, rowsLost: 0, stateHash: "" } as const;

const MONEY = { kind: "notional", quote: "1000" } as const;

/** A TWAP of 10 in five slices whose first order rests; then its process ends, and another begins. */
function resumed(seconds = 4): Desk {
  const desk = new Desk();
  desk.submit({ urgency: 0 });
  desk.until(seconds);
  desk.step({ ...RESUMED, time: desk.now });
  desk.reconnect();
  return desk;
}

const tell = (desk: Desk, positionLots?: number): void =>
  desk.step({
    kind: "position-told",
    time: desk.now,
    instrument: desk.instrument,
    ...(positionLots === undefined ? {} : { positionLots }),
  });

describe("the venue's bounds of one order", () => {
  const now = (desk: Desk, minLots?: number): void => {
    const begun = desk.engine.instruments[0]!.begun;
    const bounds =
      minLots === undefined ? {} : { bounds: { ...boundsOf(begun), minLots: lots(minLots) } };
    desk.step({ ...RESUMED, ...bounds, time: desk.now });
  };

  it("are from a restart on what they are then, and the plan keeps to them", () => {
    const desk = new Desk();
    desk.submit({ urgency: 0 });
    desk.until(4);
    now(desk, 4);
    desk.reconnect();
    desk.answer = fillAll;
    desk.report("p1-1", fillOf(price(1_000), 2));
    tell(desk, 2);
    desk.until(60);
    const sizes = desk.timeline.slice(1).map((line) => Number(/post (\d+)/.exec(line)?.[1] ?? 4));
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(4);
    expect(desk.state.filled).toBe(10);
  });

  it("are those of the beginning again where the next restart says nothing of them", () => {
    const desk = resumed();
    const [market] = desk.engine.instruments;
    now(desk, 4);
    expect([market!.instrument.minLots, desk.state.instrument.minLots]).toEqual([4, 4]);
    expect(desk.state.limits.minOrder.value).toBe(4);
    now(desk);
    expect(desk.state.instrument).toBe(market!.begun);
    expect(desk.state.limits.minOrder.value).toBeLessThan(4);
  });
});

describe("a resumed order", () => {
  it("sends nothing before the venue has told what became of what was sent", () => {
    const desk = resumed();
    desk.until(25);
    expect(desk.state.live[0]?.phase).toBe("unknown");
    // Too early: the fate of an order is not known.
    tell(desk, 0);
    desk.until(30);
    expect(desk.timeline).toEqual(["0s post 2 at 1000 (p1-1)"]);
    expect(desk.engine.instruments[0]!.isRecovering).toBe(true);
  });

  it("plans what is left over the time that is left, once all is known", () => {
    const desk = resumed();
    desk.answer = fillAll;
    desk.until(20);
    // It had filled while nobody looked.
    desk.report("p1-1", fillOf(price(1_000), 2));
    tell(desk, 2);
    desk.until(60);
    expect(desk.timeline).toMatchInlineSnapshot(`
      [
        "0s post 2 at 1000 (p1-1)",
        "20s post 2 at 1000 (p1-2)",
        "30s post 3 at 1000 (p1-3)",
        "40s post 3 at 1000 (p1-4)",
        "40s complete: filled in full",
      ]
    `);
    expect(desk.state.filled).toBe(10);
  });

  it("keeps what still rests, in its place", () => {
    const desk = resumed();
    desk.report("p1-1", { kind: "accepted" });
    tell(desk, 0);
    desk.until(9);
    expect(desk.timeline).toEqual(["0s post 2 at 1000 (p1-1)"]);
    expect(desk.state.phase).toBe("executing");
  });

  it("does not rest beyond its deadline while the account is still unknown", () => {
    const desk = resumed();
    desk.report("p1-1", { kind: "accepted" });
    desk.until(60);
    expect(desk.engine.instruments[0]!.isRecovering).toBe(true);
    expect(desk.timeline.slice(1)).toEqual(["50s cancel p1-1"]);
  });

  it("does not rest where an operator pauses it, nor for long without a market", () => {
    const paused = resumed();
    paused.report("p1-1", { kind: "accepted" });
    const { now: time } = paused;
    paused.step({ kind: "parent-paused", time, parentId: "p1", by: "ann", reason: "look" });
    paused.until(10);
    expect(paused.timeline.slice(1)).toEqual(["4s cancel p1-1"]);
    const blind = resumed();
    blind.isSilent = true;
    blind.report("p1-1", { kind: "accepted" });
    blind.until(40);
    expect(blind.timeline.slice(1)).toEqual(["34s cancel p1-1"]);
  });

  it("that slept through its deadline looks at the market before it does as it was told", () => {
    const desk = new Desk();
    desk.submit({ urgency: 0, constraints: { mayCrossSpread: true, residual: "cross" } });
    desk.until(4);
    desk.isAsleep = true;
    desk.until(100);
    desk.isAsleep = false;
    desk.isSilent = true;
    desk.step({ ...RESUMED, time: desk.now });
    desk.report("p1-1", { kind: "canceled", text: "gone" });
    tell(desk, 0);
    desk.until(110);
    expect(desk.state.phase).not.toBe("expired");
    desk.isSilent = false;
    desk.answer = fillAll;
    desk.reconnect();
    desk.until(120);
    expect(desk.state.phase).toBe("complete");
  });

  it("that slept through its deadline ends where no market comes back", () => {
    for (const quantity of [{ kind: "lots", lots: lots(10) } as const, MONEY]) {
      const past = new Desk();
      past.submit({ quantity, constraints: { mayCrossSpread: true, residual: "cross" } });
      past.isAsleep = true;
      past.until(100);
      const desk = new Desk(undefined, undefined, undefined, past);
      desk.step({ ...RESUMED, rowsLost: 1, time: desk.now });
      desk.report("p1-1", { kind: "canceled", text: "gone" });
      tell(desk, 0);
      desk.until(140);
      expect(desk.state.phase).toBe("expired");
      expect(desk.state.reason).toContain("not executed (market data");
    }
  });

  it("is not planned anew under new terms before there is a price", () => {
    const past = new Desk();
    past.submit({ quantity: MONEY });
    past.until(4);
    const desk = new Desk(undefined, undefined, undefined, past);
    desk.step({ ...RESUMED, rowsLost: 1, time: desk.now });
    const terms = { time: desk.now, parentId: "p1", by: "ann", amendment: { urgency: 1 } };
    desk.step({ kind: "parent-amended", ...terms });
    desk.report("p1-1", { kind: "canceled", text: "gone" });
    tell(desk, 0);
    desk.until(10);
    desk.isSilent = false;
    desk.reconnect();
    desk.until(60);
    expect(desk.state.order.urgency).toBe(1);
    expect(desk.state.filled).toBeGreaterThan(0);
  });

  it("can be killed before anything is known: what may rest is canceled", () => {
    const desk = resumed();
    desk.step({ kind: "kill-switched", time: desk.now, by: "ann", reason: "enough" });
    expect(desk.timeline[1]).toBe("4s cancel p1-1");
    expect(desk.timeline.at(-1)).toBe("4s canceled: killed by ann: enough");
  });

  it("whose cancels are refused repeats them ever more rarely, and not at one instant", () => {
    const desk = resumed();
    desk.isDeaf = true;
    desk.report("p1-1", { kind: "accepted" });
    let asked = 0;
    const step = desk.engine.step.bind(desk.engine);
    desk.engine.step = (event) => {
      const outputs = step(event);
      asked += outputs.filter(({ kind }) => kind === "cancel-order").length;
      return outputs;
    };
    const refuse = {
      kind: "cancel-rejected",
      code: "VENUE_ORDER_NOT_FOUND",
      text: "ended",
    } as const;
    desk.step({ kind: "kill-switched", time: desk.now, by: "ann", reason: "enough" });
    for (let second = 4; second < 40; second++) {
      const before = asked;
      if (asked > 0) desk.report("p1-1", refuse);
      expect(asked).toBeLessThanOrEqual(before + 1);
      desk.until(second + 1);
    }
    expect(asked).toBeGreaterThan(3);
    expect(asked).toBeLessThan(12);
  });

  it("whose cancels are not answered repeats them ever more rarely", () => {
    const desk = new Desk();
    desk.answer = () => [{ kind: "accepted" }];
    desk.submit({ urgency: 0 });
    desk.until(2);
    desk.isDeaf = true;
    desk.step({ kind: "kill-switched", time: desk.now, by: "ann", reason: "enough" });
    for (let second = 3; second < 60; second++) {
      if (desk.state.live[0]?.phase === "pending-cancel") {
        desk.report("p1-1", { kind: "timed-out" });
      }
      desk.until(second);
    }
    const cancels = desk.timeline.filter((line) => line.includes("cancel p1-1"));
    expect(cancels.map((line) => Number.parseFloat(line))).toMatchInlineSnapshot(`
      [
        2,
        3,
        5,
        9,
        17,
        27,
        37,
        47,
        57,
      ]
    `);
  });
});

describe("a position that the fills do not explain", () => {
  it("halts the order until a person has looked, and is somebody else's from then on", () => {
    const desk = new Desk();
    desk.submit({ urgency: 0 });
    desk.until(3);
    tell(desk, 7);
    desk.until(12);
    const market = desk.engine.instruments[0]!;
    expect([market.positionLots, market.foreignLots]).toEqual([7, 7]);
    expect(desk.state.phase).toBe("paused");
    const alerts = desk.outputs.filter(({ kind }) => kind === "raise-alert");
    expect(alerts).toMatchObject([{ severity: "critical", code: "POSITION_DIFFERS" }]);
    desk.step({ kind: "parent-resumed", time: desk.now, parentId: "p1", by: "ann" });
    tell(desk, 7);
    desk.until(14);
    expect(desk.timeline.map((line) => line.slice(0, 38))).toMatchInlineSnapshot(`
      [
        "0s post 2 at 1000 (p1-1)",
        "3s cancel p1-1",
        "3s paused: halted: the account holds 7",
        "12s active: resumed: no longer halted:",
        "12s post 4 at 1000 (p1-2)",
      ]
    `);
  });

  it("halts nothing where others were told to have traded it", () => {
    const desk = new Desk();
    desk.submit({ urgency: 0 });
    desk.until(3);
    const { instrument } = desk;
    const foreignLots = -3;
    desk.step({ kind: "position-told", time: desk.now, instrument, positionLots: -3, foreignLots });
    desk.until(5);
    const market = desk.engine.instruments[0]!;
    expect([market.positionLots, market.foreignLots]).toEqual([-3, -3]);
    expect(desk.state.phase).toBe("executing");
    const alerts = desk.outputs.filter(({ kind }) => kind === "raise-alert");
    expect(alerts).toMatchObject([{ severity: "warning", code: "FOREIGN_TRADES" }]);
  });

  it("is not looked for where fills cannot tell it", () => {
    const desk = resumed();
    desk.report("p1-1", { kind: "accepted" });
    tell(desk);
    expect(desk.engine.instruments[0]!.isRecovering).toBe(false);
    expect(
      desk.outputs.some((output) => "code" in output && output.code === "POSITION_DIFFERS"),
    ).toBe(false);
  });
});

describe("limits that an operator changes", () => {
  it("hold from the next order on, but for the window that participation is measured over", () => {
    const desk = new Desk();
    desk.answer = fillAll;
    desk.submit({ quantity: { kind: "lots", lots: lots(100) } });
    const limits = {
      ...DEFAULT_RISK_LIMITS,
      participation: 0.01,
      participationWindow: micros(SECOND),
    };
    desk.step({ kind: "limits-changed", time: desk.now, limits, by: "ann" });
    const filled = desk.state.filled;
    desk.until(30);
    // One in a hundred of a hundred a second, over a minute.
    expect(desk.state.filled - filled).toBeLessThanOrEqual(60);
    expect(desk.state.limits.participation).toMatchObject({ value: 0.01, setBy: "safety" });
    expect(desk.engine.instruments[0]!.participation(desk.now).window).toBe(60 * SECOND);
  });
});
