/** What happened, in words: exact, hostile text as text, and a line at most. */
import { describe, expect, it } from "vitest";
import type { ClientOrderId } from "../core/domain/child-order.ts";
import type { EngineEvent, EngineOutput } from "../core/domain/messages.ts";
import type { HalfTicks, Lots, Micros, Ticks } from "../core/domain/units.ts";
import { GENERATED_INSTRUMENT } from "../simulation/generated/market.ts";
import { eventHappening, outputHappening } from "./happening.ts";

const time = 1_700_049_600_000_000 as Micros;
const ID = "a-1-12" as ClientOrderId;
const event = (told: object) =>
  eventHappening(GENERATED_INSTRUMENT, { time, ...told } as EngineEvent);
const output = (told: object) => outputHappening(GENERATED_INSTRUMENT, told as EngineOutput);

describe("what happened", () => {
  it("tells a fill by its exact figures, under its parent", () => {
    const fill = { quantity: 1500 as Lots, price: 642_315 as Ticks, liquidity: "maker" };
    const report = { kind: "filled", fill };
    expect(event({ kind: "order-reported", clientOrderId: ID, report })).toEqual({
      kind: "filled",
      severity: "info",
      parentId: "a-1",
      text: "a-1-12 filled 1.500 at 64231.5 as maker",
    });
  });

  it("passes a venue's words on as text, and marks them", () => {
    const report = { kind: "rejected", code: "110007", text: '<img src=x onerror="alert(1)">' };
    expect(event({ kind: "order-reported", clientOrderId: ID, report })).toMatchObject({
      severity: "warning",
      text: 'a-1-12 rejected: <img src=x onerror="alert(1)"> [110007]',
    });
  });

  it("is one line of whole letters, whatever was written", () => {
    const item = { source: "x", headline: `a\nb\u0000c\u2028d\u001B[2Je ${"y".repeat(487)}😀😀` };
    const { text } = event({ kind: "news-received", instrument: "i", item })!;
    expect(text.startsWith("x: a b c d [2Je y")).toBe(true);
    expect(text.isWellFormed()).toBe(true);
    expect(text).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
    expect(text.length).toBeLessThanOrEqual(500);
  });

  it("cuts what is too long for a line", () => {
    const item = { source: "x", headline: "y".repeat(10_000) };
    const told = event({ kind: "news-received", instrument: "i", item })!;
    expect(told.text).toHaveLength(500);
    expect(told.text.endsWith("…")).toBe(true);
  });

  it("says nothing of what nobody reads", () => {
    expect(event({ kind: "timer-fired" })).toBeUndefined();
    expect(event({ kind: "touch-moved", instrument: "i" })).toBeUndefined();
    const accepted = { kind: "order-reported", clientOrderId: ID, report: { kind: "accepted" } };
    expect(event(accepted)).toBeUndefined();
    expect(output({ kind: "markout-measured" })).toBeUndefined();
    expect(output({ kind: "decision-made" })).toBeUndefined();
    const first = { kind: "data-health-changed", from: "no-data", to: "healthy" };
    expect(output(first)).toBeUndefined();
  });

  it("tells moves, refusals and the health of data with their weight", () => {
    const moved = { kind: "parent-moved", parentId: "a", from: "active", reason: "no book" };
    expect(output({ ...moved, to: "paused" })).toMatchObject({
      severity: "warning",
      text: "paused: no book",
    });
    expect(output({ ...moved, to: "failed" })).toMatchObject({ severity: "critical" });
    const refusal = { code: "RISK_SPREAD", spread: 12.5, limit: 10 };
    expect(output({ kind: "order-refused", parentId: "a", decision: 3, refusal })).toMatchObject({
      severity: "warning",
      text: "not sent: RISK_SPREAD: spread 12.5, limit 10",
    });
    const health = { kind: "data-health-changed", from: "healthy", to: "gapped" };
    expect(output(health)).toMatchObject({ severity: "warning", parentId: null });
    const arrived = { kind: "parent-arrived", parentId: "a", arrivalPrice: 1_284_633 as HalfTicks };
    expect(output(arrived)).toMatchObject({ text: "arrived at 64231.65" });
  });

  it("names who did it, and what was changed", () => {
    const amendment = { quantity: { kind: "lots", lots: 2000 as Lots }, limitPrice: null };
    const amended = { kind: "parent-amended", parentId: "a", by: "anna", amendment };
    expect(event(amended)).toMatchObject({
      text: "anna changed quantity to 2.000, limit to none",
    });
    expect(event({ kind: "kill-switched", by: "bert", reason: "fire" })).toMatchObject({
      severity: "critical",
      parentId: null,
      text: "bert stopped everything: fire",
    });
  });
});
