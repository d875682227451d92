/** The timeline: bounded, in order, and told from a record on. */
import { describe, expect, it } from "vitest";
import type { EngineEvent } from "../core/domain/messages.ts";
import type { Micros } from "../core/domain/units.ts";
import { GENERATED_INSTRUMENT } from "../simulation/generated/market.ts";
import { Timeline } from "./timeline.ts";

const made = (): Timeline => new Timeline(GENERATED_INSTRUMENT, (id) => id === "p7");
const event = (record: number): EngineEvent => ({
  kind: "kill-switched",
  time: record as Micros,
  by: "anna",
  reason: `record ${record}`,
});

describe("a timeline", () => {
  it("keeps the newest 5,000, however many came", () => {
    const timeline = made();
    for (let record = 1; record <= 13_579; record++) timeline.event(record, event(record));
    const entries = timeline.entries();
    expect(entries).toHaveLength(5000);
    expect(entries[0]!.record).toBe(13_579 - 4999);
    expect(entries.at(-1)!.record).toBe(13_579);
  });

  it("holds nothing of what nobody reads, and makes the words once", () => {
    const timeline = made();
    timeline.event(1, { kind: "timer-fired", time: 1 as Micros });
    const alert = { kind: "raise-alert", severity: "warning", code: "SHORTFALL" } as const;
    timeline.output(2, 1 as Micros, { ...alert, text: "p7: 31.2 bps so far" });
    timeline.output(3, 1 as Micros, { ...alert, text: "p8: somebody else's" });
    const entries = timeline.entries();
    expect(entries.map(({ record, parentId }) => [record, parentId])).toEqual([
      [2, "p7"],
      [3, null],
    ]);
    expect(timeline.entries()[0]).toBe(entries[0]);
    expect(JSON.parse(JSON.stringify(entries))).toStrictEqual(entries);
  });

  it("tells what came behind a record, and nothing behind the last", () => {
    const timeline = made();
    for (const record of [3, 5, 8]) timeline.event(record, event(record));
    expect(timeline.entries(3).map(({ record }) => record)).toEqual([5, 8]);
    expect(timeline.entries(4).map(({ record }) => record)).toEqual([5, 8]);
    expect(timeline.entries(8)).toEqual([]);
    expect(timeline.entries()).toHaveLength(3);
  });
});
