/**
 * The execution examples: each is run as its header says, and works its order whole. An example
 * that has drifted from the program is the first thing that a newcomer meets.
 */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const EXAMPLES = {
  "basic-execution": /^complete: filled in full\nbought 0\.500 at \d+/,
  "bybit-execution":
    /at worst it sells 1\.000 BTC[^]*^sell [\d.]+ at [\d.]+$[^]*^complete: 1\.000 sold/m,
  "backtest-execution": /^twap +complete, 3\.000 filled[^]*^is +complete, 3\.000 filled/m,
} as const;

describe.concurrent("examples", () => {
  it.each(Object.entries(EXAMPLES))("%s works its order whole", async (name, told) => {
    const path = `examples/${name}/${name}.ts`;
    const text = readFileSync(join(ROOT, path), "utf8");
    expect(text).toContain(`node_modules/.bin/node ${path}`);
    const run = promisify(execFile);
    const { stdout } = await run(process.execPath, [path], { cwd: ROOT, timeout: 60_000 });
    expect(stdout).toMatch(told);
  });
});
