/** What was done before a restart: nobody waits for it, and nothing of it is forgotten. */
import { describe, expect, it } from "vitest";
import { Desk, fillOf, price } from "../../../test/laws/desk.ts";
import type { ClientOrderId, OrderReport } from "../domain/child-order.ts";
import type { EngineOutput } from "../domain/messages.ts";
import type { Engine } from "../engine.ts";
import type { Archive, SavedState } from "./saved-state.ts";

const filled = (executionId: string, quantity = 1): OrderReport => {
  const report = fillOf(price(1_000), quantity);
  if (report.kind !== "filled") throw new Error("a fill");
  return { ...report, fill: { ...report.fill, executionId } };
};

interface Restarted {
  readonly engine: Engine;
  readonly was: Desk;
  /** How often the archives were gone through. */
  loads: number;
  report(id: string, report: OrderReport): readonly EngineOutput[];
}

/** An order that has closed with a fill, and one that rests with a fill; then another process. */
function restarted(): Restarted {
  const was = new Desk();
  was.submit({ urgency: 0 });
  was.until(4);
  was.report("p1-1", filled("first"));
  was.report("p1-1", { kind: "canceled", text: "" });
  was.until(12);
  was.report("p1-2", filled("second"));
  const texts = JSON.stringify([was.engine.save(), was.engine.archive(new Map())]);
  const [saved, archive] = JSON.parse(texts) as [SavedState, Archive];
  const { engine } = new Desk();
  const run: Restarted = {
    engine,
    was,
    loads: 0,
    report: (id, report) => {
      const clientOrderId = id as ClientOrderId;
      return engine.step({ kind: "order-reported", time: was.now, clientOrderId, report });
    },
  };
  engine.restore(saved, {
    [Symbol.iterator]: () => {
      run.loads += 1;
      return [archive][Symbol.iterator]();
    },
  });
  const time = was.now;
  engine.step({ kind: "session-resumed", time, session: 2, rowsLost: 0, stateHash: "" });
  return run;
}

const whys = (outputs: readonly EngineOutput[]): string[] =>
  outputs.flatMap((output) => (output.kind === "report-ignored" ? [output.why] : []));

const ofP1 = (engine: Engine) => engine.parents.get("p1")!;

describe("after a restart", () => {
  it("what is at work goes on without what was done, and knows what was told of it", () => {
    const run = restarted();
    const parent = ofP1(run.engine);
    expect(parent.history.executionsOf("p1-2" as ClientOrderId)).toEqual(["second"]);
    expect(whys(run.report("p1-2", filled("second")))).toEqual(["execution second seen before"]);
    run.report("p1-2", filled("third"));
    expect(parent.filled).toBe(3);
    expect(run.loads).toBe(0);
  });

  it("an execution of an order that had closed is known when it comes again", () => {
    const run = restarted();
    expect(whys(run.report("p1-1", filled("first")))).toEqual(["execution first seen before"]);
    expect(whys(run.report("p1-1", filled("first")))).toEqual(["execution first seen before"]);
    expect(ofP1(run.engine).filled).toBe(2);
    expect(run.loads).toBe(1);
  });

  it("one that is told only then is booked, once", () => {
    const run = restarted();
    run.report("p1-1", filled("late"));
    expect(ofP1(run.engine).filled).toBe(3);
    expect(whys(run.report("p1-1", filled("late")))).toEqual(["execution late seen before"]);
    expect(ofP1(run.engine).filled).toBe(3);
  });

  it("an order that was never sent is looked for nowhere", () => {
    const run = restarted();
    for (const id of ["p1-9", "p1-01", "p1-", "p1", "p2-1", ""]) {
      expect(whys(run.report(id, filled("x"))), id).toEqual(["not an order of ours"]);
    }
    expect(run.loads).toBe(0);
  });

  it("whoever asks is told all that was done, before and since", () => {
    const run = restarted();
    run.report("p1-2", filled("third"));
    const [is, before] = [ofP1(run.engine), run.was.state];
    expect(is.fills.map(({ fill }) => fill.executionId)).toEqual(["first", "second", "third"]);
    expect([...is.children.keys()]).toEqual([...before.children.keys()]);
    expect(is.children.get("p1-1" as ClientOrderId)).toEqual(
      before.children.get("p1-1" as ClientOrderId),
    );
    expect(is.children.get("p1-2" as ClientOrderId)).toBe(is.live[0]);
    expect(is.markouts).toEqual(before.markouts);
    expect(is.reasonings.slice(0, before.reasonings.length)).toEqual(before.reasonings);
    expect(run.loads).toBe(1);
  });

  it("archives that are not those of the state are not taken for them", () => {
    const run = restarted();
    const { engine } = new Desk();
    const saved = JSON.parse(JSON.stringify(run.was.engine.save())) as SavedState;
    engine.restore(saved, []);
    expect(() => ofP1(engine).fills).toThrow("not those of its state");
  });
});
