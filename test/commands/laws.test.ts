/**
 * The full run, in small: what it prints when all is well, and when a law is broken.
 *
 * Whoever meets a broken law has only what was printed. So it must hold the seed, the smallest case,
 * and a command that shows it again.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const FULL_RUN = fileURLToPath(new URL("../laws/full-run.ts", import.meta.url));

/** Half at once, and in every slice after the first less than before: its target falls. */
const FALLING = `export default {
  name: "falling", summary: "A planted bug.", defaults: {},
  check: (p) => Object.keys(p).map((path) => ({ path, text: "unknown" })),
  bind: (_, plan) => ({
    target: ({ now }) => {
      const slice = Math.max(0, Math.floor((now - plan.from) / 10e6));
      return {
        quantity: now < plan.from ? 0 : Math.floor(plan.quantity / (2 + slice)),
        sliceFrom: now < plan.from ? now : plan.from + slice * 10e6,
        sliceUntil: now < plan.from ? plan.from : plan.from + (slice + 1) * 10e6,
        reason: "slice " + slice,
      };
    },
  }),
};
`;

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "arrival-full-run-"));
  writeFileSync(join(folder, "falling.mjs"), FALLING);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function fullRun(
  seed: string,
  ...args: readonly string[]
): { status: number | null; text: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [FULL_RUN, ...args], {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, ARRIVAL_LAWS_SEED: seed },
  });
  return { status, text: stdout + stderr };
}

describe("npm run test:laws", () => {
  it("counts what it has tried, by strategy", () => {
    const { status, text } = fullRun("7", "--strategy", "pov", "--sessions", "560");
    expect(status).toBe(0);
    const [head, counts] = text
      .split("\n")
      .slice(1, 3)
      .map((line) => line.split(/\s+/));
    expect(head).toEqual(
      "strategy sessions sends fills pauses amendments switches restarts rejects stalls".split(" "),
    );
    expect(counts![0]).toBe("pov");
    expect(counts!.slice(1).every((count) => Number(count) > 0)).toBe(true);
    expect(text).toMatch(/^\d+ laws hold, seed 7$/m);
  });

  it("stops at a broken law, and says how to see it again", () => {
    const planted = ["--strategy", "falling", "--plugin", "falling.mjs", "--sessions", "560"];
    const { status, text } = fullRun("7", ...planted);
    expect(status).toBe(1);
    expect(text).toMatch(/^BROKEN: falling: never asks for less than before/m);
    expect(text).toMatch(/: a target never falls$/m);
    expect(text).toMatch(/^the smallest case that breaks it:\n {2}plan: side/m);
    const [, alone] =
      /^the smallest case alone:\n {2}ARRIVAL_LAWS_SEED=7 npm run test:laws -- (.*)$/m.exec(text)!;
    const words = [...alone!.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2]!);
    const again = fullRun("7", ...words);
    expect(again.status).toBe(1);
    const caseOf = (said: string) =>
      /the smallest case that breaks it:[\s\S]*?\nseed/.exec(said)![0];
    expect(caseOf(again.text)).toBe(caseOf(text));
  });

  it.each([
    ["--strategy", "nobody"],
    ["--sessions", "many"],
    ["--path", "1:2"],
    ["--law", "no such law"],
    ["--plugin", "nowhere.ts"],
    ["--speed", "1"],
  ])("%s %s is a mistake that it explains", (...args) => {
    const { status, text } = fullRun(
      "7",
      ...args,
      ...(args[0] === "--law" ? ["--sessions", "1"] : []),
    );
    expect(status).toBe(2);
    expect(text).toMatch(/^test:laws: /m);
  });
});
