/** What a page is told of an advisor's past: of the very table that the order's weights come from. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { DEFAULT_CONFIG } from "./config.ts";
import { earnedTerms, readInfluence } from "./influence/earned-influence.ts";
import { sealed, type TableContent, tableText } from "./influence/influence-table.ts";
import { viewerOptions } from "./viewer-options.ts";

const folder = mkdtempSync(join(tmpdir(), "arrival-viewer-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const hash = "a".repeat(64);
const CONTENT: TableContent = {
  influence: 2,
  reliability: {
    decisions: 83,
    right: 0.25,
    bins: [{ from: 0.2, decisions: 83, confidence: 0.22, right: 0.25 }],
  },
  advisor: "scripted",
  prompt: "1.1",
  model: null,
  strategy: "is",
  envelope: { corridor: 0.1, variation: 0.5, crossing: 0.2 },
  strategies: [],
  learnedAt: "2026-11-20T10:00:00.000Z",
  program: "arrival 0",
  confidence: 0.95,
  from: {
    rows: hash,
    seed: 1,
    markets: 24,
    orders: 60,
    kinds: ["recorded"],
    words: "plain",
    quantity: "3",
    overSeconds: 300,
  },
  regimes: {
    calm: { weight: 0.5, orders: 40, markets: 24, saved: { mean: 0.8, low: 0.4, high: 1.2 } },
    usual: { weight: 0, orders: 60, markets: 24, saved: { mean: 0.1, low: -0.4, high: 0.6 } },
    stressed: { weight: 0, orders: 3, markets: 2, saved: null },
  },
};
const measuredOf = (source: string) =>
  viewerOptions({ journal: "a.journal", venue: "paper" }, DEFAULT_CONFIG, {
    maker: 0,
    taker: 0,
  }).advice!.measured!(source);

describe("the worth of an advisor, as measured before", () => {
  it("is its table's, each regime with its interval and how many orders it rests on", () => {
    const path = join(folder, "table.json");
    writeFileSync(path, tableText(sealed(CONTENT)));
    const state = readInfluence(path);
    if (!state.ok) throw new Error(state.error.text);
    const source = earnedTerms(state.value).influenceSource;
    expect(measuredOf(source)).toEqual({
      confidence: 0.95,
      reliability: CONTENT.reliability,
      regimes: [
        { regime: "calm", orders: 40, savedBps: { mean: 0.8, low: 0.4, high: 1.2 } },
        { regime: "usual", orders: 60, savedBps: { mean: 0.1, low: -0.4, high: 0.6 } },
        { regime: "stressed", orders: 3, savedBps: null },
      ],
    });
    // Another table lies there by now: nothing is told of the one that is gone.
    writeFileSync(path, tableText(sealed({ ...CONTENT, learnedAt: "2026-11-21T10:00:00.000Z" })));
    expect(measuredOf(source)).toBeUndefined();
    rmSync(path);
    expect(measuredOf(source)).toBeUndefined();
  });

  it.each(["none was given", "", "/etc/hostname table x: y", `/dev/zero table ${hash}: y`])(
    "is not known where the source is %j",
    (source) => expect(measuredOf(source)).toBeUndefined(),
  );
});
