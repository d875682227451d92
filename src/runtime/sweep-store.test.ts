import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { micros, MINUTE } from "../core/domain/units.ts";
import { DEFAULT_CONFIG } from "./config.ts";
import type { SweepRequest } from "./sweep-request.ts";
import { createStore, resumeStore, type SweepStore } from "./sweep-store.ts";
import type { SweepRow } from "./sweep-unit.ts";

const folder = mkdtempSync(join(tmpdir(), "arrival-sweep-store-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const fresh = (): string => join(folder, `${files++}.sweep`);

const REQUEST: SweepRequest = {
  markets: [{ kind: "generated", name: "generated", startAt: micros(0), knobs: {} }],
  axes: [],
  arms: [
    {
      label: "twap",
      base: "twap",
      values: [],
      strategy: { name: "twap", parameters: {} },
      quantity: "1",
      isNotional: false,
      over: micros(MINUTE),
    },
  ],
  sides: ["buy"],
  parents: 10,
  constraints: { mayCrossSpread: true, residual: "leave" },
  config: DEFAULT_CONFIG,
  seed: 1,
  plugins: [],
  pluginPaths: [],
};

const row = (unit: number): SweepRow => ({
  unit,
  cluster: unit,
  costBps: unit / 3,
  beforeFeesBps: (unit - 20) / 7,
  filled: 1,
  makerShare: 0.1,
  completionSeconds: unit % 2 === 0 ? null : 1.5,
  phase: "complete",
});

function opened(result: ReturnType<typeof createStore>): SweepStore {
  if (!result.ok) throw new Error(result.error.text);
  return result.value;
}

function written(path: string, units: readonly number[]): void {
  const store = opened(createStore(path, REQUEST));
  for (const unit of units) expect(store.append(row(unit)).ok).toBe(true);
  expect(store.sync().ok).toBe(true);
  store.close();
}

function readBack(path: string): readonly SweepRow[] {
  const store = opened(resumeStore(path, REQUEST));
  store.close();
  return [...store.done.values()];
}

describe("sweep store", () => {
  it("reads back every result to the last digit, in whatever order it came", () => {
    const path = fresh();
    written(path, [7, 0, 3]);
    expect(readBack(path)).toEqual([row(7), row(0), row(3)]);
  });

  it("is not begun over another, and not gone on with where there is none", () => {
    const path = fresh();
    expect(resumeStore(path, REQUEST)).toMatchObject({ ok: false, error: { code: "SWEEP_LOG" } });
    written(path, [1]);
    expect(createStore(path, REQUEST)).toMatchObject({
      ok: false,
      error: { code: "SWEEP_EXISTS" },
    });
    expect(createStore(join(folder, "no", "such"), REQUEST)).toMatchObject({
      ok: false,
      error: { code: "SWEEP_WRITE" },
    });
    expect(readBack(path)).toEqual([row(1)]);
  });

  it("drops a line that was cut off, and goes on behind the last whole one", () => {
    const path = fresh();
    written(path, [1, 2]);
    const whole = statSync(path).size;
    writeFileSync(path, '12345678 {"unit":3,"clus', { flag: "a" });
    const store = opened(resumeStore(path, REQUEST));
    expect([...store.done.keys()]).toEqual([1, 2]);
    expect(statSync(path).size).toBe(whole);
    expect(store.append(row(4)).ok).toBe(true);
    store.close();
    expect(readBack(path)).toEqual([row(1), row(2), row(4)]);
  });

  it("gives no wrong result whatever happens to its bytes", () => {
    const path = fresh();
    written(path, [0, 1, 2, 3, 4]);
    const bytes = readFileSync(path);
    const header = bytes.indexOf(10) + 1;
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(254), fc.boolean(), (at, flip, isCut) => {
        const broken = Buffer.from(isCut ? bytes.subarray(0, at) : bytes);
        if (!isCut) broken[at]! ^= flip + 1;
        const copy = join(folder, "broken.sweep");
        writeFileSync(copy, broken);
        const result = resumeStore(copy, REQUEST);
        if (!result.ok) {
          expect(at).toBeLessThan(header);
          expect(result.error.code).toBe("SWEEP_LOG");
          return;
        }
        result.value.close();
        for (const [unit, found] of result.value.done) expect(found).toEqual(row(unit));
        if (!isCut) expect(result.value.done.size).toBeGreaterThanOrEqual(3);
      }),
      { numRuns: 300 },
    );
  });

  it("refuses another sweep and names what differs", () => {
    const path = fresh();
    written(path, [0]);
    expect(resumeStore(path, { ...REQUEST, seed: 9, parents: 3 })).toMatchObject({
      ok: false,
      error: {
        code: "SWEEP_REQUEST",
        text: expect.stringContaining("parents: 10 there, 3 now; seed: 1 there, 9 now"),
      },
    });
  });

  it("refuses a file that is no sweep, whatever it holds", () => {
    for (const content of ["", "hello", "hello\nyou\n", "\n\n", "00000000 {}\n"]) {
      const path = fresh();
      writeFileSync(path, content);
      expect(resumeStore(path, REQUEST)).toMatchObject({ ok: false, error: { code: "SWEEP_LOG" } });
      expect(readFileSync(path, "utf8")).toBe(content);
    }
    expect(resumeStore(folder, REQUEST).ok).toBe(false);
  });
});
