/** A table and its record: what is refused, what lowers a weight, and who alone raises it. */
import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { learned, tableContent } from "../../../test/influence/table-content.ts";
import { DEFAULT_ADVICE } from "../advice/advice-config.ts";
import { loadConfig } from "../config.ts";
import {
  earnedOf,
  earnedTerms,
  raiseOf,
  readInfluence,
  tableOfSource,
} from "./earned-influence.ts";
import { advisorFault, influenceFault } from "./influence-fit.ts";
import { appendEntry, readRecord, type RecordEntry, recordPathOf } from "./influence-record.ts";
import {
  type InfluenceTable,
  parseTable,
  readTable,
  REGIME_NAMES,
  sealed,
  tableText,
  weightOf,
} from "./influence-table.ts";

const folder = mkdtempSync(join(tmpdir(), "arrival-influence-"));
afterAll(() => rmSync(folder, { recursive: true }));

const TABLE: InfluenceTable = sealed(
  tableContent({
    advisor: "scripted:test",
    regimes: {
      calm: learned(0.2, -0.1, 0.5),
      usual: learned(1, 0.8, 1.2),
      stressed: learned(2, 0.5, 3.5),
    },
  }),
);

let files = 0;
function tableFile(text = tableText(TABLE)): string {
  files += 1;
  const path = join(folder, `influence-${files}.json`);
  writeFileSync(path, text);
  return path;
}

const outcome = (
  order: string,
  cost: number,
  squares: number,
  table = TABLE.hash,
): RecordEntry => ({
  kind: "outcome",
  table,
  run: "1".repeat(64),
  order,
  endedAt: "2026-01-02T00:00:00.000Z",
  regimes: { usual: { cost, squares, bets: 4 } },
});
const raised = (weight: number): RecordEntry => ({
  kind: "raised",
  table: TABLE.hash,
  regime: "usual",
  weight,
  by: "A. Trader",
  at: "2026-01-03T00:00:00.000Z",
});

describe("a weight", () => {
  it("is what is sure of what was measured: never below 0, over 1, or above the figures", () => {
    const bps = fc.double({ min: -100, max: 100, noNaN: true });
    fc.assert(
      fc.property(bps, bps, (mean, low) => {
        const weight = weightOf({ mean, low });
        expect(weight >= 0 && weight <= 1).toBe(true);
        if (low <= 0 || mean <= 0) expect(weight).toBe(0);
        else if (low <= mean) expect(weight * mean).toBeLessThanOrEqual(low * (1 + 1e-12));
      }),
    );
    expect(weightOf(null)).toBe(0);
    expect(Object.values(TABLE.regimes).map(({ weight }) => weight)).toEqual([0, 0.8, 0.25]);
  });
});

describe("a table", () => {
  it("is read back as it was written, and refused once a hand was in it", () => {
    const text = tableText(TABLE);
    expect(parseTable(text)).toEqual({ ok: true, value: TABLE });
    const { hash: _, ...content } = TABLE;
    const full = { ...TABLE.regimes, usual: { ...TABLE.regimes.usual, weight: 1 } };
    const faults = [
      "",
      "[]",
      text.slice(0, -9),
      text.replace("0.8,", "0.9,"),
      text.replace('"influence": 2', '"influence": 1'),
      JSON.stringify({ ...TABLE, more: 1 }),
      // With a hash that fits, but a weight that its figures do not give.
      tableText(sealed({ ...content, regimes: full })),
      tableText(sealed({ ...content, regimes: { ...full, calm: { ...full.calm, weight: 7 } } })),
    ].map((changed) => parseTable(changed));
    for (const fault of faults) expect(fault.ok).toBe(false);
    expect(faults[3]).toMatchObject({ error: "was changed since it was learned" });
    expect(faults[6]).toMatchObject({ error: "gives usual a weight that its figures do not" });
    expect(readTable(join(folder, "nowhere.json"))).toMatchObject({
      error: { code: "INFLUENCE_FILE" },
    });
    expect(readTable(folder)).toMatchObject({ error: { text: expect.stringContaining("no") } });
  });

  it("lends nothing to another advisor, prompt, envelope, or leave to cancel", () => {
    const of = (table: InfluenceTable) => ({ path: "t.json", table });
    expect(influenceFault(of(TABLE), DEFAULT_ADVICE)).toBeUndefined();
    const wide = { ...DEFAULT_ADVICE, envelope: { ...DEFAULT_ADVICE.envelope, corridor: 0.06 } };
    expect(influenceFault(of(TABLE), wide)!.text).toContain("corridor of 0.05, and 0.06 is wider");
    expect(influenceFault(of(TABLE), { ...DEFAULT_ADVICE, mayCancel: true })).toBeDefined();
    expect(influenceFault(of(TABLE), { ...DEFAULT_ADVICE, strategies: ["pov"] })).toBeDefined();
    const old = influenceFault(of({ ...TABLE, prompt: "0.1" }), DEFAULT_ADVICE)!;
    expect(old.text).toContain("learn it anew");
    expect(advisorFault(of(TABLE), "scripted:test")).toBeUndefined();
    expect(advisorFault(of(TABLE), "recorded (scripted:test)")).toBeUndefined();
    expect(advisorFault(of(TABLE), "recorded (scripted:test, other)")).toBeDefined();
    expect(advisorFault(of(TABLE), "scripted:other")!.text).toContain("scripted:other is asked");
  });

  it("may stand in the settings in place of weights", () => {
    const path = tableFile();
    const settings = join(folder, "settings.yaml");
    writeFileSync(settings, `advice: { advisor: "scripted:x.yaml", influence: ${path} }\n`);
    const loaded = loadConfig(settings);
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
    const { influence, influenceSource } = loaded.value.advice;
    expect(influence).toEqual({ calm: 0, usual: 0.8, stressed: 0.25 });
    expect(tableOfSource(influenceSource)).toEqual({ path, hash: TABLE.hash });
    expect(influenceSource).toContain("usual 0.8, stressed 0.25");
    const refused = (advice: object) => {
      const result = loadConfig(undefined, { advice });
      return result.ok ? undefined : result.error[0];
    };
    expect(refused({ influence: `${path}.gone` })).toMatchObject({ path: "advice.influence" });
    expect(refused({ influence: path, mayCancel: true })!.text).toContain("leave to cancel");
    expect(refused({ influence: "x".repeat(200) })!.text).toContain("at most 150");
  });
});

describe("a record", () => {
  it("keeps what was appended, drops a line that was cut off, and refuses any other", () => {
    const path = recordPathOf(tableFile());
    expect(readRecord(path)).toEqual({ ok: true, value: { entries: [], isTorn: false } });
    for (const id of ["p1", "p2"]) expect(appendEntry(path, outcome(id, 0.1, 0.2)).ok).toBe(true);
    expect(statSync(path).mode & 0o077).toBe(0);
    appendFileSync(path, '{"kind":"outcome","tab');
    expect(readRecord(path)).toMatchObject({ value: { isTorn: true, entries: { length: 2 } } });
    appendEntry(path, raised(0.9));
    expect(readRecord(path)).toMatchObject({ value: { isTorn: false, entries: { length: 3 } } });
    const whole = readFileSync(path, "utf8");
    writeFileSync(path, whole.replace('"order":"p1"', '"order":"p/1"'));
    expect(readRecord(path)).toMatchObject({
      error: { code: "INFLUENCE_RECORD", text: expect.stringContaining(":1 is no outcome") },
    });
    writeFileSync(path, whole.replace('"squares":0.2', '"squares":-1'));
    expect(readRecord(path).ok).toBe(false);
  });

  it("counts an order once, and those of its own table alone", () => {
    const same = [outcome("p1", 3, 1), outcome("p1", 3, 1), outcome("p2", 3, 1, "2".repeat(64))];
    expect(earnedOf(TABLE, same).usual).toMatchObject({ orders: 1, sums: { cost: 3, squares: 1 } });
  });
});

describe("what is earned", () => {
  it("is halved once advice is shown to harm, then taken away, and begins anew when raised", () => {
    const losses = Array.from({ length: 60 }, (_, i) => outcome(`p${i}`, 1, 0.6));
    const weights = losses.map((_, i) => earnedOf(TABLE, losses.slice(0, i + 1)).usual.weight);
    const steps = weights.filter((weight, i) => weight !== weights[i - 1]);
    expect(steps).toEqual([0.8, 0.4, 0]);
    const first = weights.indexOf(0.4);
    expect(first).toBeGreaterThan(3);
    expect(first).toBeLessThan(20);
    expect(earnedOf(TABLE, losses).usual).toMatchObject({ lowered: 2, learned: 0.8 });
    expect(earnedOf(TABLE, losses).stressed.weight).toBe(0.25);
    const again = earnedOf(TABLE, [...losses, raised(0.5)]).usual;
    expect(again).toMatchObject({ weight: 0.5, lowered: 0, orders: 0, raisedBy: "A. Trader" });
    const path = tableFile();
    for (const entry of losses.slice(0, first + 1)) appendEntry(recordPathOf(path), entry);
    const state = readInfluence(path);
    if (!state.ok) throw new Error(state.error.text);
    const terms = earnedTerms(state.value);
    expect(terms.influence["usual"]).toBeLessThan(0.8);
    expect(terms.influenceSource).toContain("(learned 0.8, halved by results)");
    expect(terms.influenceSource.length).toBeLessThan(500);
  });

  it("never rises by results, and stays in [0, 1], whatever comes in whatever order", () => {
    const result = fc.record({
      order: fc.integer({ min: 0, max: 30 }).map((k) => `p${k}`),
      regime: fc.constantFrom(...REGIME_NAMES),
      cost: fc.double({ min: -20, max: 20, noNaN: true }),
      squares: fc.double({ min: 0, max: 50, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(result, { maxLength: 40 }), (results) => {
        const entries = results.map(({ order, regime: name, cost, squares }): RecordEntry => ({
          ...(outcome(order, 0, 0) as Extract<RecordEntry, { kind: "outcome" }>),
          regimes: { [name]: { cost, squares, bets: 1 } },
        }));
        let before = earnedOf(TABLE, []);
        for (let k = 1; k <= entries.length; k++) {
          const now = earnedOf(TABLE, entries.slice(0, k));
          for (const name of REGIME_NAMES) {
            expect(now[name].weight).toBeLessThanOrEqual(before[name].weight);
            expect(now[name].weight).toBeGreaterThanOrEqual(0);
          }
          before = now;
        }
      }),
    );
  });

  it("is raised by a person who says who it is, and by nobody else", () => {
    const state = { table: TABLE, earned: earnedOf(TABLE, []) };
    const raise = (weight: number, by = "A. Trader") =>
      raiseOf(state, { regime: "usual", weight, by }, "2026-01-03T00:00:00.000Z");
    expect(raise(0.9)).toMatchObject({ ok: true, value: { kind: "raised", by: "A. Trader" } });
    for (const bad of [raise(0.8), raise(0.1), raise(1.1), raise(Number.NaN), raise(0.9, " ")]) {
      expect(bad).toMatchObject({ ok: false, error: { code: "INFLUENCE_RECORD" } });
    }
  });
});
