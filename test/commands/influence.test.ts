/**
 * `arrival evaluate influence` as a user meets it: learned, raised, used, counted, explained,
 * refused.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";

const BIN = fileURLToPath(new URL("../../bin/arrival.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "arrival-earned-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

const arrival = (...args: readonly string[]): Promise<Ran> =>
  new Promise((resolve) => {
    execFile(process.execPath, [BIN, ...args], { cwd: folder }, (failure, out, error) => {
      resolve({ code: failure === null ? 0 : Number(failure.code), out, error });
    });
  });

const SCRIPT = `
name: demo
latencyMs: 300
rules:
  - { when: { every: 3 }, advise: { action: wait, waitSeconds: 15 } }
  - { when: { every: 2 }, advise: { action: accelerate, rate: 2 } }
  - { advise: { action: decelerate, rate: 0.5 } }
`;
writeFileSync(join(folder, "script.yaml"), SCRIPT);
writeFileSync(join(folder, "other.yaml"), SCRIPT.replace("demo", "other"));

const SMALL = "--markets 3 --sides buy --over 45s --quantity 0.5 --events 4 --rollouts 0";
const EVALUATE = `evaluate advisor ${SMALL} --training 0 --no-raw --strategy twap`.split(" ");
const ORDER = "backtest --data generated --side buy --quantity 1 --over 1m".split(" ");
const ADVISED = [...ORDER, "--advisor", "scripted:script.yaml", "--influence", "t.json"];

describe("arrival evaluate influence", () => {
  it("learns, raises, uses, counts and explains, and refuses what it should", async () => {
    const by = ["--advisor", "scripted:script.yaml", "--store", "rows.jsonl", "--learn", "t.json"];
    const learned = await arrival(...EVALUATE, ...by);
    expect(learned.code).toBe(0);
    expect(learned.out).toContain("scripted:demo, 3 paired orders in 3 markets, seed 1");
    expect(learned.out).toContain("too few to tell");
    const again = await arrival("evaluate", "influence", "--store", "rows.jsonl", "-o", "u.json");
    expect(again).toMatchObject({ code: 0 });
    const content = (file: string): object => {
      const {
        hash: _,
        learnedAt: _at,
        ...rest
      } = JSON.parse(readFileSync(join(folder, file), "utf8")) as Record<string, unknown>;
      return rest;
    };
    expect(content("u.json")).toEqual(content("t.json"));

    const nobody = await arrival("evaluate", "influence", "t.json", "--raise", "usual=1");
    expect(nobody).toMatchObject({ code: 2, error: expect.stringContaining("--by NAME") });
    for (const regime of ["calm", "usual", "stressed"]) {
      const raise = ["--raise", `${regime}=0.5`, "--by", "A. Trader"];
      expect(await arrival("evaluate", "influence", "t.json", ...raise)).toMatchObject({ code: 0 });
    }
    const run = await arrival(...ADVISED, "--journal", "run.journal");
    expect(run.error).toContain("usual 0.5 (learned 0, raised)");
    expect(run.error).toMatch(/advice (?:cost|saved) order p1 about/);
    const counted = await arrival("evaluate", "influence", "t.json", "--count", "run.journal");
    expect(counted.error).toContain("run.journal: 0 counted, 1 known before");
    expect(counted.out).toContain("1 order since");
    const told = await arrival("explain", "run.journal");
    expect(told.out).toContain("influence on p1: calm 0.5, usual 0.5, stressed 0.5; from t.json");

    const other = await arrival(...ADVISED, "--advisor", "scripted:other.yaml");
    expect(other).toMatchObject({ code: 2, error: expect.stringContaining("[INFLUENCE_FILE]") });
    const text = readFileSync(join(folder, "t.json"), "utf8");
    writeFileSync(join(folder, "t.json"), text.replace('"weight": 0', '"weight": 1'));
    const hand = await arrival(...ADVISED);
    expect(hand).toMatchObject({ code: 2, error: expect.stringContaining("was changed since") });
  }, 120_000);
});
