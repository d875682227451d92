/**
 * The claims of the concept pages: each stands on figures, and each figure came out of its command.
 *
 * The full run is `npm run docs:claims`; here the cheap ones are run again, and the rest is checked
 * for what can go wrong without running: a block changed by hand, a command changed after it was
 * run, an expectation that the figures do not meet, a page and the list that part.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { strategies } from "../../src/strategies/registry.ts";
import { nativeStrategies } from "../../src/strategies/native/registry.ts";
import { tactics } from "../../src/strategies/tactics/registry.ts";
import {
  argumentsOf,
  type Claim,
  faultsOf,
  figuresOf,
  hashOf,
  measure,
  type Measured,
  readClaims,
  readMeasured,
  ROOT,
} from "./claims.ts";
import { blockOf, blocksIn, readPages, withBlocks } from "./page.ts";

const claims = readClaims();
const measured = readMeasured();
const blocks = readPages().flatMap(blocksIn);
const AGAIN = "run `npm run docs:claims -- --only ID`, read what came out, and change the words";

describe("the claims of the concept pages", () => {
  it("are each in one page, and every block of a page is a claim", () => {
    expect(claims.length).toBeGreaterThan(15);
    expect(blocks.map(({ id }) => id).sort()).toEqual(claims.map(({ id }) => id).sort());
  });

  it("were measured by the command that the page shows", () => {
    for (const claim of claims)
      expect(measured[claim.id]?.hash, `${claim.id}: ${AGAIN}`).toBe(hashOf(claim));
    expect(Object.keys(measured).sort()).toEqual(claims.map(({ id }) => id).sort());
  });

  it("show what was measured, to the letter", () => {
    for (const { id, text } of blocks) {
      const claim = claims.find((one) => one.id === id)!;
      expect(text, `${id}: ${AGAIN}`).toBe(blockOf(claim, measured[id]!));
    }
  });

  it("are borne out by what was measured", () => {
    for (const claim of claims) expect(faultsOf(claim, measured[claim.id]!), claim.id).toEqual([]);
  });

  it("name only recordings that their command reads", () => {
    for (const claim of claims) {
      const words = argumentsOf(claim, "folder");
      if (claim.recording !== undefined) expect(words).toContain(join("folder", claim.recording));
      if (claim.settings !== undefined)
        expect(existsSync(words[words.indexOf("--config") + 1]!)).toBe(true);
    }
  });

  it("cover every strategy and every tactic", () => {
    const commands = claims.map(({ command }) => command).join("\n");
    const names = [...strategies.keys(), ...tactics.keys(), ...nativeStrategies.keys()];
    expect(names.length).toBeGreaterThan(10);
    expect(names.filter((name) => !new RegExp(`[ ,=@]${name}\\b`).test(commands))).toEqual([]);
  });
});

describe.each(claims.filter(({ rerun }) => rerun))("claim $id, run again", (claim: Claim) => {
  it("gives the figures of its block exactly", async () => {
    expect(claim.recording, "needs no recording").toBeUndefined();
    const figures = figuresOf(await measure(claim, "none"));
    expect(figures, AGAIN).toEqual(figuresIn(measured[claim.id]!));
  });
});

const figuresIn = ({ windows, effectiveWindows, pairs, baseline, arms }: Measured) => ({
  windows,
  effectiveWindows,
  pairs,
  baseline,
  arms,
});

describe("a claim that does not hold", () => {
  const claim = claims.find(({ id }) => id === "patience-saves-fees")!;
  const found = measured[claim.id]!;
  const lowerBy = (bps: number): Measured => ({
    ...found,
    arms: found.arms.map((arm) =>
      arm.difference === undefined
        ? arm
        : {
            ...arm,
            difference: {
              ...arm.difference,
              low: arm.difference.low! + bps,
              high: arm.difference.high! + bps,
            },
          },
    ),
  });

  it("is found where the interval is on the other side of 0, or holds it", () => {
    expect(faultsOf(claim, lowerBy(0))).toEqual([]);
    expect(faultsOf(claim, lowerBy(10)).join()).toContain("expected lower, found higher");
    const middle = -(found.arms[1]!.difference!.low! + found.arms[1]!.difference!.high!) / 2;
    expect(faultsOf(claim, lowerBy(middle)).join()).toContain("expected lower, found not shown");
  });

  it("is found under one queue model alone", () => {
    const arms = found.arms.map((arm) =>
      arm.arm === "by-cost" && arm.queue === "probabilistic" ? { ...arm, makerShare: 0.5 } : arm,
    );
    expect(faultsOf(claim, { ...found, arms })).toEqual([
      "by-cost, queue probabilistic: makerShare is 0.5, expected 0.95 to Infinity",
    ]);
  });

  it("is found where the windows are too few, or an arm is missing", () => {
    expect(faultsOf(claim, { ...found, effectiveWindows: 19 })).toHaveLength(1);
    expect(faultsOf(claim, { ...found, arms: found.arms.slice(0, 1) }).length).toBeGreaterThan(0);
  });

  it("is found where its command was changed after it was run", () => {
    expect(hashOf({ ...claim, command: `${claim.command} --seed 2` })).not.toBe(hashOf(claim));
    const settings = claims.find((one) => one.settings !== undefined)!;
    const { settings: _, ...without } = settings;
    expect(hashOf(without)).not.toBe(hashOf(settings));
  });
});

describe("a page", () => {
  it("keeps all that is not a block", () => {
    const text = "a\n<!-- claim: x -->\nold\n<!-- end of claim -->\nb $& $1\n";
    const page = { path: "a.md", text };
    expect(withBlocks(page, () => "new $&\n")).toBe(text.replace("old", () => "new $&"));
    expect(withBlocks(page, () => undefined)).toBe(text);
  });

  it("is there for each claim, and its markers are whole", () => {
    for (const page of readPages()) {
      const opened = page.text.split("<!-- claim: ").length - 1;
      expect(blocksIn(page).length, page.path).toBe(opened);
    }
    expect(readFileSync(join(ROOT, "package.json"), "utf8")).toContain("test/claims/full-run.ts");
  });
});
