/**
 * The risk gate, limit by limit: just inside passes, just outside is refused with the figures.
 */
import { beforeEach, describe, expect, it } from "vitest";
import { at, Desk, fillOf, price, XYZ } from "../../../test/laws/desk.ts";
import type { ChildOrder, ClientOrderId, OrderTerms } from "../domain/child-order.ts";
import { decimal } from "../domain/decimal.ts";
import type { RefusalReason } from "../domain/refusal.ts";
import { lots, type Micros, micros } from "../domain/units.ts";
import type { InstrumentState } from "./instrument-state.ts";
import { DEFAULT_RISK_LIMITS, type RiskLimits } from "./limits.ts";
import { ParentState } from "./parent-state.ts";
import { RiskGate } from "./risk-gate.ts";

/** A parent of 1,000 lots that has arrived at mid 1000.5 and has sent nothing yet. */
let desk: Desk;
let parent: ParentState;
let market: InstrumentState;

beforeEach(() => {
  desk = new Desk();
  desk.submit({
    quantity: { kind: "lots", lots: lots(1_000) },
    acceptInfeasible: true,
    urgency: 0,
  });
  parent = desk.state;
  parent.limits = { ...parent.limits, participation: { value: 1, setBy: "order" } };
  desk.until(2);
  desk.report("p1-1", { kind: "canceled", text: "for the test" });
  market = desk.engine.instruments[0]!;
});

interface Ask {
  readonly quantity?: number;
  readonly limitPrice?: number;
  readonly aggressive?: boolean;
  readonly overParticipation?: boolean;
  readonly now?: Micros;
}

const gateWith = (limits: Partial<RiskLimits> = {}) =>
  new RiskGate({ ...DEFAULT_RISK_LIMITS, participation: 1, ...limits });

function place(gate: RiskGate, ask: Ask = {}): RefusalReason | undefined {
  const { quantity = 10, aggressive = false, overParticipation = false } = ask;
  const terms: OrderTerms = {
    clientOrderId: "p1-z" as ClientOrderId,
    side: "buy",
    quantity: lots(quantity),
    limitPrice: price(ask.limitPrice ?? 1_000),
    timeInForce: aggressive
      ? { kind: "immediate-or-cancel" }
      : { kind: "good-till-canceled", postOnly: true },
  };
  const purpose = { aggressive, overParticipation };
  const verdict = gate.approvePlace(terms, purpose, parent, market, ask.now ?? desk.now);
  return verdict.approved ? undefined : verdict.refusal;
}

const taking = { aggressive: true, limitPrice: 1_001 };
const withInstrument = (more: Partial<typeof XYZ>): void => {
  const instrument = { ...XYZ, ...more };
  const made = new ParentState(parent.order, instrument, parent.limits);
  parent = Object.assign(made, { ...parent, instrument });
};

describe("an order passes just inside a limit and is refused just outside it", () => {
  it("once killed, nothing passes", () => {
    const gate = gateWith();
    expect(place(gate)).toBeUndefined();
    gate.killed = true;
    expect(place(gate)).toEqual({ code: "RISK_KILLED" });
  });

  it("data health: five seconds of silence are a stale book", () => {
    expect(place(gateWith(), { now: micros(desk.now + 5e6) })).toBeUndefined();
    expect(place(gateWith(), { now: micros(desk.now + 5e6 + 1) })).toEqual({
      code: "RISK_DATA_HEALTH",
      health: "stale",
    });
  });

  it("the parent's own quantity", () => {
    const open = 1_000 - parent.filled;
    const gate = gateWith({ orderNotional: 1e9 });
    expect(place(gate, { quantity: open })).toBeUndefined();
    expect(place(gate, { quantity: open + 1 })).toEqual({
      code: "RISK_PARENT_QUANTITY",
      asked: open + 1,
      open,
    });
  });

  it("the venue's least and largest quantity", () => {
    withInstrument({ minLots: lots(10), maxLimitLots: lots(20) });
    expect(place(gateWith(), { quantity: 10 })).toBeUndefined();
    expect(place(gateWith(), { quantity: 20 })).toBeUndefined();
    const least = { code: "RISK_MIN_QUANTITY", asked: 9, minimum: 10 };
    expect(place(gateWith(), { quantity: 9 })).toEqual(least);
    const largest = { code: "RISK_MAX_QUANTITY", asked: 21, maximum: 20 };
    expect(place(gateWith(), { quantity: 21 })).toEqual(largest);
  });

  it("an order of nothing, where the venue has no minimum", () => {
    withInstrument({ minLots: lots(0) });
    expect(place(gateWith(), { quantity: 0 })).toMatchObject({ code: "RISK_MIN_QUANTITY" });
  });

  it("the venue's least notional: 10 lots at 100.0 are 1,000", () => {
    withInstrument({ minNotional: decimal("1000") });
    expect(place(gateWith(), { quantity: 10 })).toBeUndefined();
    const refusal = { code: "RISK_MIN_NOTIONAL", notional: 999, minimum: 1_000 };
    expect(place(gateWith(), { quantity: 10, limitPrice: 999 })).toEqual(refusal);
  });

  it("the order's own notional", () => {
    expect(place(gateWith({ orderNotional: 1_000 }), { quantity: 10 })).toBeUndefined();
    expect(place(gateWith({ orderNotional: 1_000 }), { quantity: 11 })).toEqual({
      code: "RISK_ORDER_NOTIONAL",
      notional: 1_100,
      limit: 1_000,
    });
  });

  it("participation: 300 lots of others in the window allow a tenth of all 33", () => {
    parent.limits = { ...parent.limits, participation: { value: 0.1, setBy: "order" } };
    expect(place(gateWith(), { quantity: 33 })).toBeUndefined();
    const refusal = { code: "RISK_PARTICIPATION", own: 34, allowed: 33, limit: 0.1 };
    expect(place(gateWith(), { quantity: 34 })).toEqual(refusal);
    expect(place(gateWith(), { quantity: 34, overParticipation: true })).toBeUndefined();
  });

  it("participation counts what is filled and what works already", () => {
    parent.limits = { ...parent.limits, participation: { value: 0.1, setBy: "order" } };
    market.bookOwnFill(desk.now, "buy", lots(3));
    expect(place(gateWith(), { quantity: 30 })).toBeUndefined();
    expect(place(gateWith(), { quantity: 31 })).toMatchObject({ own: 34, allowed: 33 });
  });

  it("spacing: five seconds between crossing orders of one parent, none for passive ones", () => {
    parent.lastAggressiveAt = micros(desk.now - 5e6);
    expect(place(gateWith(), taking)).toBeUndefined();
    parent.lastAggressiveAt = micros(desk.now - 5e6 + 1);
    const refusal = { code: "RISK_SPACING", since: 4_999_999, limit: 5_000_000 };
    expect(place(gateWith(), taking)).toEqual(refusal);
    expect(place(gateWith())).toBeUndefined();
  });

  it("the rate of crossing orders, over all parents, in any minute", () => {
    const gate = gateWith({ ordersPerMinute: 2, staleAfter: micros(1e9) });
    expect(place(gate, taking)).toBeUndefined();
    expect(place(gate, taking)).toBeUndefined();
    const refusal = { code: "RISK_ORDER_RATE", count: 2, limit: 2 };
    expect(place(gate, { ...taking, now: micros(desk.now + 60e6 - 1) })).toEqual(refusal);
    expect(place(gate, { ...taking, now: micros(desk.now + 60e6) })).toBeUndefined();
  });

  it("a refused order does not use up the rate", () => {
    const gate = gateWith({ ordersPerMinute: 1 });
    expect(place(gate, { ...taking, quantity: 5_000 })).toBeDefined();
    expect(place(gate, taking)).toBeUndefined();
  });

  it("spread: 1 tick on 1000.5 is 9.995 bps", () => {
    const limit = (value: number) => {
      parent.limits = { ...parent.limits, spreadToCrossBps: { value, setBy: "safety" } };
    };
    limit(9.996);
    expect(place(gateWith(), taking)).toBeUndefined();
    limit(9.995);
    expect(place(gateWith(), taking)).toMatchObject({ code: "RISK_SPREAD", limit: 9.995 });
    expect(place(gateWith())).toBeUndefined();
  });

  it("depth: 500 lots are shown", () => {
    expect(place(gateWith(), { ...taking, quantity: 500 })).toBeUndefined();
    const refusal = { code: "RISK_DEPTH", asked: 501, shown: 500 };
    expect(place(gateWith(), { ...taking, quantity: 501 })).toEqual(refusal);
  });

  it("expected impact: half the spread is 4.998 bps of the mid", () => {
    expect(place(gateWith({ orderImpactBps: 5 }), taking)).toBeUndefined();
    const refused = place(gateWith({ orderImpactBps: 4.99 }), taking);
    expect(refused).toMatchObject({ code: "RISK_IMPACT", limit: 4.99 });
  });

  it("deviation from the benchmark, in the costly direction alone", () => {
    desk.move(1_010, 1_011); // mid 1010.5 against 1000.5: 99.95 bps
    expect(place(gateWith({ benchmarkDeviationBps: 99.96 }))).toBeUndefined();
    const refusal = { code: "RISK_DEVIATION", limit: 99.9 };
    expect(place(gateWith({ benchmarkDeviationBps: 99.9 }))).toMatchObject(refusal);
    desk.move(900, 901);
    expect(place(gateWith({ benchmarkDeviationBps: 1 }))).toBeUndefined();
  });

  it("the volatility stop", () => {
    desk.until(11);
    desk.move(1_050, 1_051);
    desk.until(21);
    const realised = market.observer.volatilityAssured;
    expect(realised).toBeGreaterThan(0.04);
    const loose = { benchmarkDeviationBps: 1e4 };
    expect(place(gateWith({ ...loose, volatilityStopPerHour: realised }))).toBeUndefined();
    const stop = realised * 0.999;
    expect(place(gateWith({ ...loose, volatilityStopPerHour: stop }))).toEqual({
      code: "RISK_VOLATILITY",
      perHour: realised,
      limit: stop,
    });
  });

  it("the parent's limit price", () => {
    const constraints = { ...parent.order.constraints, limitPrice: price(1_000) };
    parent.order = { ...parent.order, constraints };
    expect(place(gateWith(), { limitPrice: 1_000 })).toBeUndefined();
    expect(place(gateWith(), { limitPrice: 1_001 })).toEqual({ code: "RISK_LIMIT_PRICE" });
  });

  it("the position, everything open counted as filled", () => {
    market.positionLots = 90;
    expect(place(gateWith({ positionNotional: 10_000 }), { quantity: 10 })).toBeUndefined();
    const refusal = { code: "RISK_POSITION", notional: 10_100, limit: 10_000 };
    expect(place(gateWith({ positionNotional: 10_000 }), { quantity: 11 })).toEqual(refusal);
    market.positionLots = -1_000; // it makes the position smaller
    expect(place(gateWith({ positionNotional: 1 }), { quantity: 11 })).toBeUndefined();
  });
});

describe("an amendment", () => {
  /** Of an order for 10 that rests: what is new of `total` is for the gate to find out. */
  const amend = (gate: RiskGate, total: number, id = "p1-2") => {
    const terms = {
      clientOrderId: id as ClientOrderId,
      limitPrice: price(1_000),
      quantity: lots(total),
    };
    const verdict = gate.approveAmend(terms, parent, market, desk.now);
    return verdict.approved ? undefined : verdict.refusal;
  };

  beforeEach(() => {
    const was = parent.children.get("p1-1" as ClientOrderId)!;
    const id = "p1-2" as ClientOrderId;
    const terms = { ...was.terms, clientOrderId: id, quantity: lots(10) };
    const resting: ChildOrder = { ...was, terms, quantity: lots(10), phase: "working" };
    parent.history.sent(resting);
    parent.live.push(resting);
  });

  it("of an order that is closed, or not of this parent, is refused", () => {
    const refusal = { code: "RISK_PARENT_QUANTITY", asked: 10, open: 0 };
    expect(amend(gateWith(), 10, "p1-1")).toEqual(refusal);
    expect(amend(gateWith(), 10, "other-1")).toEqual(refusal);
  });

  it("has a rate of its own", () => {
    const gate = gateWith({ amendsPerMinute: 2 });
    expect([amend(gate, 10), amend(gate, 10)]).toEqual([undefined, undefined]);
    expect(amend(gate, 10)).toEqual({ code: "RISK_AMEND_RATE", count: 2, limit: 2 });
    expect(place(gate, taking)).toBeUndefined();
  });

  it("is held to what every order is held to", () => {
    expect(amend(gateWith({ orderNotional: 999 }), 10)).toMatchObject({
      code: "RISK_ORDER_NOTIONAL",
    });
    expect(amend(gateWith({ orderNotional: 1e9 }), 2_000)).toMatchObject({
      code: "RISK_PARENT_QUANTITY",
    });
    market.positionLots = 89; // with the 10 that rest, one more is the last that fits
    expect(amend(gateWith({ positionNotional: 10_000 }), 11)).toBeUndefined();
    expect(amend(gateWith({ positionNotional: 10_000 }), 12)).toMatchObject({
      code: "RISK_POSITION",
    });
    const gate = gateWith();
    gate.killed = true;
    expect(amend(gate, 10)).toEqual({ code: "RISK_KILLED" });
  });

  it("at a worse price may cost more than the budget, though it adds not a lot", () => {
    const money = new Desk();
    money.submit({ quantity: { kind: "notional", quote: "10000" }, urgency: 0, deadline: at(10) });
    const child = money.state.live[0]!;
    expect(child.quantity).toBeGreaterThan(90);
    parent = money.state;
    market = money.engine.instruments[0]!;
    const terms = (limitPrice: number) => ({
      clientOrderId: child.terms.clientOrderId,
      limitPrice: price(limitPrice),
      quantity: child.quantity,
    });
    const judge = (limitPrice: number) =>
      gateWith().approveAmend(terms(limitPrice), parent, market, money.now).approved;
    const most = Math.floor(100_000 / child.quantity);
    expect([judge(most), judge(most + 1)]).toEqual([true, false]);
  });
});

describe("a cancel", () => {
  it("is never refused, not even after the kill", () => {
    const session = new Desk({ amendsPerMinute: 0, ordersPerMinute: 0 });
    session.submit({ urgency: 0 });
    session.isSilent = true;
    session.step({ kind: "kill-switched", time: session.now, by: "ann", reason: "drill" });
    expect(session.timeline).toContain("0s cancel p1-1");
    session.report("p1-1", fillOf(price(1_000), 1));
    expect(session.outputs).toContainEqual(expect.objectContaining({ code: "LATE_FILL" }));
  });
});
