/**
 * The how-to page on strategies: the code it shows is the code that runs, and so are its commands.
 *
 * A page that has drifted from the program costs a newcomer an evening. `ramp.test.ts` itself is
 * run beside this one.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const EXAMPLE = join(ROOT, "examples", "add-a-strategy");
const page = readFileSync(join(ROOT, "docs", "how-to", "add-a-strategy.md"), "utf8");

const blocks = (language: string): string[] =>
  [...page.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)]
    .filter((match) => match[1] === language)
    .map((match) => match[2]!);

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "arrival-ramp-"));
  copyFileSync(join(EXAMPLE, "ramp.ts"), join(folder, "ramp.ts"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a command of the page where its files are. */
function run(command: string): { status: number | null; text: string } {
  const args = command.split(" ").slice(2);
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(ROOT, "bin", "arrival.js"), ...args],
    { cwd: folder, encoding: "utf8" },
  );
  return { status, text: stdout + stderr };
}

describe("docs/how-to/add-a-strategy.md", () => {
  it("shows the files of the example, letter by letter", () => {
    const files = ["ramp.ts", "ramp.test.ts"].map((name) =>
      readFileSync(join(EXAMPLE, name), "utf8"),
    );
    expect(blocks("ts")).toEqual(files);
  });

  it("its commands work the order, replay it and compare it", () => {
    const commands = blocks("")
      .join("")
      .split("\n")
      .filter((line) => line.startsWith("$ npx arrival "))
      .map((line) => line.slice(2));
    expect(commands.map((line) => line.split(" ")[2])).toEqual(["backtest", "replay", "compare"]);
    const [backtest, replay, compare] = commands;
    expect(run(backtest!)).toMatchObject({
      status: 0,
      text: expect.stringContaining("complete: "),
    });
    expect(run(replay!)).toMatchObject({ status: 0, text: expect.stringMatching(/^identical/m) });
    // Two windows tell nothing of costs, but that the arms run.
    const few = run(`${compare!} --parents 2`);
    expect(few).toMatchObject({ status: 0, text: expect.stringMatching(/^ramp:tilt=-1 /m) });
  });

  it("a replay without the plugin, or with another, says what is missing", () => {
    const journal = "missing.journal";
    const order = "--data generated --side buy --quantity 1 --over 30s --plugin ramp.ts";
    expect(run(`npx arrival backtest ${order} --strategy ramp --journal ${journal}`).status).toBe(
      0,
    );
    const without = run(`npx arrival replay ${journal}`);
    expect(without.status).toBe(2);
    expect(without.text).toMatch(/strategy "ramp" from the plugin ramp\.ts, SHA-256 [0-9a-f]{64}/);
    writeFileSync(join(folder, "other.ts"), `${readFileSync(join(folder, "ramp.ts"), "utf8")}\n`);
    const other = run(`npx arrival replay ${journal} --plugin other.ts`);
    expect(other.status).toBe(2);
    expect(other.text).toMatch(/the other\.ts given has [0-9a-f]{64}.*REPLAY_PLUGIN/s);
  });
});
