/**
 * The risk gate cannot be passed by: what it has not approved does not compile as a command.
 *
 * The compiler is asked for each attempt in a program of its own; the honest one must compile, or
 * the others would fail for a reason that proves nothing.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

const OPENING = `
import type { AmendTerms, EngineCommand, RiskApproved } from "../src/core/domain/messages.ts";
import type { OrderTerms } from "../src/core/domain/child-order.ts";
import type { Verdict } from "../src/core/execution/risk-gate.ts";
declare const terms: OrderTerms;
declare const amend: AmendTerms;
declare const verdict: Verdict<OrderTerms>;
`;

/** What each attempt is, in a line of TypeScript; only the first is honest. */
const ATTEMPTS = {
  approved: `export const it: EngineCommand | undefined = verdict.approved
    ? { kind: "place-order", instrument: "i", order: verdict.order } : undefined;`,
  "bare-terms": `export const it: EngineCommand = { kind: "place-order", instrument: "i", order: terms };`,
  "bare-amend": `export const it: EngineCommand = { kind: "amend-order", instrument: "i", amend };`,
  "a-literal": `export const it: RiskApproved<OrderTerms> = { ...terms };`,
  unchecked: `export const it: EngineCommand = { kind: "place-order", instrument: "i", order: verdict.order };`,
  "another-order": `export const it: RiskApproved<AmendTerms> = {} as RiskApproved<OrderTerms>;`,
} as const;

let scratch = "";
let errors: ReadonlyMap<string, string>;

beforeAll(() => {
  // Inside the repository, so that the attempts are compiled under its own settings.
  scratch = mkdtempSync(join(ROOT, "laws-gate-"));
  for (const [name, text] of Object.entries(ATTEMPTS)) {
    writeFileSync(join(scratch, `${name}.ts`), `${OPENING}${text}\n`);
  }
  const settings = {
    extends: "../tsconfig.base.json",
    compilerOptions: { noEmit: true, lib: ["ES2024"], types: [] },
    include: ["*.ts"],
  };
  writeFileSync(join(scratch, "tsconfig.json"), JSON.stringify(settings));
  const tsc = join(ROOT, "node_modules", "typescript", "bin", "tsc");
  const run = spawnSync(process.execPath, [tsc, "-p", scratch, "--pretty", "false"], {
    cwd: scratch,
    encoding: "utf8",
  });
  const found = new Map<string, string>();
  for (const line of run.stdout.split("\n")) {
    const match = /([a-z-]+)\.ts\(\d+,\d+\): error (TS\d+: .*)$/.exec(line);
    if (match !== null) found.set(match[1]!, match[2]!);
  }
  errors = found;
});

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe("an order that the gate has not approved", () => {
  it("compiles as a command once it is approved", () => {
    expect(errors.get("approved")).toBeUndefined();
  });

  it.each(Object.keys(ATTEMPTS).slice(1))("does not compile: %s", (name) => {
    expect(errors.get(name)).toMatch(/TS(2322|2339|2352|2375|2379)/);
  });
});
