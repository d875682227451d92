/** A restart from a checkpoint knows what one knows that folds everything. */
import { describe, expect, it } from "vitest";
import { Desk, fillAll } from "../../../test/laws/desk.ts";
import { canonicalJson } from "../../core/domain/canonical-json.ts";
import { JournalError, type JournalRecord } from "../journal/journal.ts";
import { archiveText } from "./archive-text.ts";
import { isSavedState, recover, stateText } from "./recovery.ts";
import type { Checkpoint } from "./run-store.ts";

const damaged = (): never => {
  throw new JournalError({ code: "JOURNAL_CORRUPT", path: "run.journal", text: "damaged" });
};

/** A TWAP that fills slice by slice, journaled, with a checkpoint in the middle. */
function run() {
  const desk = new Desk();
  const { engine } = desk;
  const records: JournalRecord[] = [];
  const append = (kind: JournalRecord["kind"], value: unknown): void => {
    const body = canonicalJson(value);
    records.push({ sequence: records.length + 1, kind, position: 0, body });
  };
  const step = engine.step.bind(engine);
  engine.step = (event) => {
    append("event", event);
    const outputs = step(event);
    for (const output of outputs) append("output", output);
    return outputs;
  };
  desk.answer = fillAll;
  desk.submit();
  desk.until(15);
  const state = stateText(engine);
  const archive = archiveText(engine.archive(new Map()));
  const before = records.slice();
  desk.until(35);
  const checkpoint = (archives: Checkpoint["archives"]): Checkpoint => ({
    sequence: before.length + 1,
    position: 0,
    state,
    archives,
    before: () => before.values(),
  });
  const behind = () => records.slice(before.length).values();
  return { engine, archive, checkpoint, records, behind };
}

const newEngine = () => new Desk().engine;
const historyOf = (engine: Desk["engine"]): string => canonicalJson(engine.archive(new Map()));

describe("a restart", () => {
  it.each(["whole", "damaged"])("from a checkpoint whose archives are %s knows it all", (are) => {
    const { engine, archive, checkpoint, behind } = run();
    const recovered = newEngine();
    recover(
      recovered,
      {
        checkpoint: checkpoint(are === "whole" ? () => [archive] : damaged),
        records: behind,
        sessions: [],
      },
      newEngine,
    );
    expect(stateText(recovered)).toBe(stateText(engine));
    expect(engine.parents.get("p1")!.fills.length).toBeGreaterThan(3);
    expect(historyOf(recovered)).toBe(historyOf(engine));
  });

  it("folds everything where there is no checkpoint", () => {
    const { engine, records } = run();
    const recovered = newEngine();
    const whole = { checkpoint: undefined, records: () => records.values(), sessions: [] };
    recover(recovered, whole, newEngine);
    expect(stateText(recovered)).toBe(stateText(engine));
    expect(historyOf(recovered)).toBe(historyOf(engine));
  });

  it("takes up no state of another form", () => {
    const { engine } = run();
    const text = stateText(engine);
    expect(isSavedState(text)).toBe(true);
    expect(isSavedState(text.replace(/"form":\d+/, '"form":1'))).toBe(false);
    expect(isSavedState("null")).toBe(false);
  });
});
