/** What is gathered from one market and from several, and that nothing is left out in silence. */
import { writeFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { micros, SECOND } from "../../core/domain/units.ts";
import { openGenerated } from "../market-source.ts";
import { gatherFills, gatherMarket, ofSize, together } from "./gather.ts";

// Whole fits: slow on a machine that does other things as well.
vi.setConfig({ testTimeout: 60_000 });

const folder = mkdtempSync(join(tmpdir(), "arrival-gather-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const START = micros(Date.UTC(2026, 0, 5, 14) * 1000);
const opened = () =>
  openGenerated({ kind: "generated", seed: 1, startAt: START, duration: micros(180 * SECOND) });
/** A generated market can be read once, a recording as often as one likes. */
const market = () => {
  const once = opened();
  return { ...once, blocks: [...once.blocks] };
};

describe("a market", () => {
  const known = market();
  const { metaorders: _known, ...unknown } = known;
  const own = gatherMarket(known, {});
  const runs = gatherMarket(unknown, {});

  it("that knows its large orders gives them; of another runs are taken, and called so", () => {
    expect(own.observations.length).toBeGreaterThan(10);
    expect(new Set(own.observations.map(({ kind }) => kind))).toEqual(new Set(["metaorder"]));
    expect(runs.observations.length).toBeGreaterThan(10);
    expect(new Set(runs.observations.map(({ kind }) => kind))).toEqual(
      new Set(["pseudo-metaorder"]),
    );
    for (const { at, quantity, days, dailyVolatility } of own.observations) {
      expect(at).toBeGreaterThan(START + 60 * SECOND);
      expect(Math.min(quantity, days, dailyVolatility)).toBeGreaterThan(0);
    }
  });

  it("may be one of several, and small orders left out: each is counted", () => {
    const both = together([own, runs]);
    const [a, b] = [own.observations.length, runs.observations.length];
    expect(both.observations).toHaveLength(a + b);
    expect(both.source).toContain("and 1 more");
    const sizes = own.observations
      .map((one) => one.quantity / one.dailyVolume)
      .toSorted((x, y) => x - y);
    const middle = sizes[Math.floor(a / 2)]!;
    const large = ofSize(own, middle);
    expect(large.observations).toHaveLength(a - Math.floor(a / 2));
    const [why, times] = [...large.leftOut].at(-1)!;
    expect(why).toContain("of a day's volume");
    expect(times).toBe(Math.floor(a / 2));
  });
});

describe("fills from elsewhere", () => {
  it("are orders by their ids; one fill alone takes no time", async () => {
    const time = (seconds: number) => new Date(START / 1000 + seconds * 1000).toISOString();
    const row = (seconds: number, order: string, id: number) =>
      `${time(seconds)},buy,64250.0,0.5,${order},t${id}`;
    const path = join(folder, "fills.csv");
    const rows = [row(100, "a", 1), row(110, "a", 2), row(130, "b", 3)];
    writeFileSync(path, ["time,side,price,qty,orderId,tradeId", ...rows, ""].join("\n"));
    const stated = {};
    const request = { path, market: market(), stated, isUtc: false, ownPrinted: false };
    const made = await gatherFills(request);
    if (!made.ok) throw new Error(made.error.text);
    expect(made.value.observations).toHaveLength(1);
    expect(made.value.observations[0]).toMatchObject({ kind: "imported-fills", side: "buy" });
    expect(made.value.observations[0]!.days * 86_400).toBeCloseTo(10, 6);
    expect([...made.value.leftOut]).toEqual([["it took no time", 1]]);
    const wrong = await gatherFills({ ...request, path: join(folder, "none.csv") });
    expect(wrong).toMatchObject({ ok: false, error: { code: "TCA_FILE" } });
  });
});
