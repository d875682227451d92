/** The volume curve as a user learns it and hands it on: real processes, real files. */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { strToU8, zipSync } from "fflate";
import { afterAll, describe, expect, it } from "vitest";

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "arrival-curve-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function arrival(...args: readonly string[]): Promise<Run> {
  return new Promise((resolve) => {
    const options = { cwd: folder, maxBuffer: 1 << 26 };
    execFile(process.execPath, [MAIN, ...args], options, (error, stdout, stderr) => {
      const code = typeof error?.code === "number" ? error.code : error ? -1 : 0;
      resolve({ code, stdout, stderr });
    });
  });
}

/** A LOBSTER day: hidden executions of these sizes in even steps, and an ask that grows by ones. */
function session(day: string, sizes: readonly number[]): string {
  const step = 23_400 / sizes.length;
  const messages = [
    // Every five minutes a message, so that the recording is seen to go on.
    ...Array.from({ length: 78 }, (_, k) => `${34_200 + k * 300},1,${k},1,1000200,-1`),
    ...sizes.map((size, k) => `${34_200.5 + (k + 0.5) * step},5,0,${size},1000200,-1`),
    "57599.5,1,99,1,1000200,-1",
  ].toSorted((a, b) => Number.parseFloat(a) - Number.parseFloat(b));
  let asked = 500;
  const rows = messages.map((message) => {
    if (message.includes(",1,1000200")) asked += 1;
    return `1000200,${asked},1000000,500`;
  });
  const path = join(folder, `ACME-${day}.zip`);
  const name = (half: string): string => `ACME_${day}_34200000_57600000_${half}_1.csv`;
  const members = { [name("message")]: messages, [name("orderbook")]: rows };
  const bytes = Object.entries(members).map(
    ([member, lines]) => [member, strToU8(`${lines.join("\n")}\n`)] as const,
  );
  writeFileSync(path, zipSync(Object.fromEntries(bytes)));
  return path;
}

const MONDAY = session("2012-06-18", [400, 100, 100, 400]);
const TUESDAY = session("2012-06-19", [30, 20, 20, 30]);

describe("arrival data volume-curve", () => {
  it("prints the curve, writes it, and the backtest follows it", async () => {
    const args = ["data", "volume-curve", MONDAY, TUESDAY, "--over", "session", "--buckets", "4"];
    const run = await arrival(...args, "-o", "curve.json");
    expect(run).toMatchObject({ code: 0 });
    expect(run.stderr).toContain("--strategy vwap --param curve=@curve.json");
    expect(run.stdout).toMatchInlineSnapshot(`
      "nasdaq:spot:ACME · volume over the session, from 2 sessions
        since begin        share  ± error  recorded  days
        +00:00–+01:37:30 35.00 %   5.00 %     100 %     2  ████████████████████████████████████████
        +01:37:30–+03:15 15.00 %   5.00 %     100 %     2  █████████████████
        +03:15–+04:52:30 15.00 %   5.00 %     100 %     2  █████████████████
        +04:52:30–+06:30 35.00 %   5.00 %     100 %     2  ████████████████████████████████████████
        learned from 2012-06-18T13:30:00.000Z to 2012-06-18T19:59:59.500Z
        learned from 2012-06-19T13:30:00.000Z to 2012-06-19T19:59:59.500Z
        for orders that span the session: any order is laid over the whole curve
      "
    `);
    const file = readFileSync(join(folder, "curve.json"), "utf8");
    const written = JSON.parse(file) as { over: string; weights: number[] };
    expect(written.over).toBe("plan");
    const expected = [0.35, 0.15, 0.15, 0.35];
    written.weights.forEach((weight, k) => expect(weight).toBeCloseTo(expected[k]!, 9));
    const order = ["--data", "generated", "--side", "buy", "--quantity", "1", "--over", "1m"];
    const strategy = ["--strategy", "vwap", "--param", "curve=@curve.json"];
    const worked = await arrival("backtest", ...order, ...strategy, "--json");
    expect(worked).toMatchObject({ code: 0, stderr: "" });
    expect(worked.stdout).toContain("by the learned plan curve");
  }, 60_000);

  it("never writes over a file, and guesses nothing unasked", async () => {
    writeFileSync(join(folder, "taken.json"), "mine");
    const args = ["data", "volume-curve", MONDAY];
    const [taken, holes] = await Promise.all([
      arrival(...args, "--buckets", "48", "--uncovered", "zero", "-o", "taken.json", "--json"),
      arrival(...args, "-o", "never.json"),
    ]);
    expect(taken).toMatchObject({ code: 2, stdout: "" });
    expect(readFileSync(join(folder, "taken.json"), "utf8")).toBe("mine");
    expect(holes.code).toBe(2);
    expect(holes.stderr).toContain("18 of 24 buckets were not recorded");
    expect(holes.stderr).toContain("[CURVE_COVERAGE]");
    expect(existsSync(join(folder, "never.json"))).toBe(false);
  }, 60_000);
});
