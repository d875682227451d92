/** What the venue is told of the run that is gone on with. */
import { expect, it } from "vitest";
import { Desk } from "../../../test/laws/desk.ts";
import { micros } from "../../core/domain/units.ts";
import { resumeTerms } from "./resume-terms.ts";

it("counts others' trades from the last time that the account was told, or from the beginning", () => {
  const desk = new Desk();
  desk.submit({ urgency: 0 });
  desk.until(4);
  const epochNanos = 1_700_000_000_000_000_000n;
  const begun = resumeTerms(desk.engine, epochNanos);
  expect(begun).toMatchObject({ isResumed: true, epochNanos, positionLots: 0 });
  expect(begun.executedTo).toBe(micros(1_700_000_000_000_000));
  const { instrument } = desk;
  desk.report("p1-1", { kind: "accepted" });
  const executedTo = micros(1_700_000_001_000_000);
  const told = { instrument, positionLots: 3, foreignLots: 3, executedTo };
  desk.step({ kind: "position-told", time: desk.now, ...told });
  desk.until(6);
  expect(resumeTerms(desk.engine, epochNanos)).toMatchObject({ executedTo, positionLots: 3 });
  const next = new Desk({}, undefined, undefined, desk);
  expect(resumeTerms(next.engine, epochNanos)).toMatchObject({ executedTo, positionLots: 3 });
  const saved = new Desk();
  saved.engine.restore(JSON.parse(JSON.stringify(desk.engine.save())), []);
  expect(resumeTerms(saved.engine, epochNanos)).toMatchObject({ executedTo, positionLots: 3 });
});

it("knows its orders by their numbers, and no others", () => {
  const desk = new Desk();
  desk.answer = () => [{ kind: "rejected", code: "1", text: "no" }];
  desk.submit({ urgency: 0 });
  desk.until(5);
  expect(desk.state.childCount).toBe(3);
  const { wasSent } = resumeTerms(desk.engine, 0n);
  expect(["p1-1", "p1-3", "p1-4", "p1-z", "p1-", "p1", "p2-1", "p11-1"].map(wasSent!)).toEqual([
    true,
    true,
    false,
    false,
    false,
    false,
    false,
    false,
  ]);
});
