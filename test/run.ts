/**
 * The test runner: runs vitest, lists what was skipped and why, and closes with one line that any
 * CI can read: `N passed, N failed`, with `, N skipped` where there were any.
 *
 * A run that tested nothing, or that broke before it could count, is a failed run.
 *
 * Usage: npm test -- [PATH ...]
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

interface TestResult {
  readonly ancestorTitles: readonly string[];
  readonly title: string;
  readonly status: "passed" | "failed" | "skipped" | "pending" | "todo" | "disabled";
}

interface FileResult {
  readonly name: string;
  readonly status: "passed" | "failed";
  readonly assertionResults: readonly TestResult[];
}

interface Count {
  passed: number;
  failed: number;
  /** One line per suite or lone test that did not run: its name carries the reason. */
  readonly skipped: Map<string, number>;
}

const root = fileURLToPath(new URL("..", import.meta.url));
const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Whatever this machine has pulled or names, the demo looks at its recording. */
const NOBODY_TO_ASK = { ARRIVAL_ADVISOR: "", ARRIVAL_MODELS: join(root, "no-models") };

/** A file or a pipe gets plain text. */
function withoutColor(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const plain: NodeJS.ProcessEnv = { ...environment, NO_COLOR: "1", ...NOBODY_TO_ASK };
  delete plain["FORCE_COLOR"];
  return plain;
}

function runVitest(reportPath: string, filters: readonly string[]): Promise<string | undefined> {
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${reportPath}`];
  const child = spawn(process.execPath, [vitest, "run", ...reporters, ...filters], {
    cwd: root,
    stdio: "inherit",
    env: process.stdout.isTTY ? process.env : withoutColor(process.env),
  });
  return new Promise((resolve) => {
    child.on("error", (error) => resolve(`vitest did not start: ${error.message}`));
    child.on("close", (code, signal) => {
      if (code === 0) resolve(undefined);
      else resolve(signal === null ? `vitest exited with ${code}` : `vitest died by ${signal}`);
    });
  });
}

function readReport(reportPath: string): readonly FileResult[] | undefined {
  try {
    return JSON.parse(readFileSync(reportPath, "utf8")).testResults;
  } catch {
    return undefined;
  }
}

function count(files: readonly FileResult[]): Count {
  const total: Count = { passed: 0, failed: 0, skipped: new Map() };
  for (const file of files) {
    let failed = 0;
    for (const test of file.assertionResults) {
      if (test.status === "passed") total.passed++;
      else if (test.status === "failed") failed++;
      else {
        const suite = test.ancestorTitles.length > 0 ? test.ancestorTitles.join(" › ") : test.title;
        const line = `${relative(root, file.name)} › ${suite}`;
        total.skipped.set(line, (total.skipped.get(line) ?? 0) + 1);
      }
    }
    // A file that could not be loaded holds no failed test, and must not count as none.
    total.failed += failed === 0 && file.status === "failed" ? 1 : failed;
  }
  return total;
}

const scratch = mkdtempSync(join(tmpdir(), "arrival-test-"));
const reportPath = join(scratch, "report.json");
const trouble = await runVitest(reportPath, process.argv.slice(2));
const report = readReport(reportPath);
rmSync(scratch, { recursive: true, force: true });

const { passed, failed, skipped } = count(report ?? []);
const skips = [...skipped.values()].reduce((sum, tests) => sum + tests, 0);
for (const [line, tests] of skipped) say(`skipped (${tests}): ${line}`);

let faults = failed;
if (failed === 0 && passed === 0) {
  say("no test ran: that counts as a failure");
  faults = 1;
} else if (failed === 0 && trouble !== undefined) {
  say(`${trouble}, although no test failed: see the errors above`);
  faults = 1;
}
process.exitCode = faults > 0 ? 1 : 0;
say(`${passed} passed, ${faults} failed${skips > 0 ? `, ${skips} skipped` : ""}`);
