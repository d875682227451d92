/**
 * The fuzzer in short: every target takes its true inputs and some hundred that are bent, and a
 * planted fault is found. What a user would lose: a message, a file or a line from outside that
 * stops the program, or worse, is taken for something that it does not say.
 *
 * The full run is `npm run fuzz`; see docs/reference/hostile-input.md.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Campaign, type CampaignResult } from "./campaign.ts";
import { Draws } from "./draws.ts";
import { bendJson } from "./json-mutation.ts";
import { minimised } from "./minimise.ts";
import { Mutator } from "./mutation.ts";
import { PLANTS } from "./plants.ts";
import { Broken, type Target } from "./target.ts";
import { TARGETS } from "./targets.ts";

/** It may write nowhere but in a folder of its own, which holds for a whole process. */
const IN_A_CHILD = "command-line";
const INPUTS = 80;
const FULL_RUN = fileURLToPath(new URL("full-run.ts", import.meta.url));

const run = (...args: string[]) =>
  spawnSync(process.execPath, ["--no-warnings", FULL_RUN, ...args], { encoding: "utf8" });

describe("hostile input", () => {
  it.each(TARGETS.filter(({ name }) => name !== IN_A_CHILD).map((target) => [target.name, target]))(
    "is a value or a clear refusal to %s",
    async (_name, target) => {
      const open = await target.open();
      // Only what is right, not how long it takes: that is for the full run.
      const judged = { ...target, budgetMs: Number.POSITIVE_INFINITY };
      const seeds = [...open.seeds].sort((a, b) => a.length - b.length).slice(0, 30);
      const inputs = seeds.length + INPUTS;
      const result = await new Campaign(judged, { ...open, seeds }, { inputs, seed: 7 }).run();
      open.close?.();
      expect(result.findings.map(({ error, input }) => `${error}\n${input}`)).toEqual([]);
      expect(result.inputs).toBe(inputs);
    },
  );

  it("finds a planted fault, writes it down short, and ends with 1", () => {
    const { stdout, status } = run("--planted", "unbounded-urgency", "--seed", "1");
    expect(stdout).toContain("1 of 1 planted faults found");
    expect(status).toBe(0);
  });

  it("is said no to in words where an argument of the fuzzer itself is wrong", () => {
    const wrong = run("--target", "nothing");
    expect(wrong.stderr).toMatch(/^no target "nothing": private-frames, /);
    expect(wrong.status).toBe(2);
  });
});

const BREAKS_AT_SEVEN: Target = {
  name: "sevens",
  about: "a parser that cannot count to seven",
  kind: "json",
  words: ["7"],
  share: 1,
  budgetMs: 1_000,
  open: async () => ({
    seeds: ['{"a":[1,2,3]}'],
    missing: [],
    run: (input) => {
      if (/"a":\[[^\]]*7/.test(input)) throw new Broken("seven");
    },
  }),
};

describe("a campaign", () => {
  it("gives the same inputs for the same seed, and the shortest one that fails", async () => {
    const runs = [1, 1, 2].map(async (seed) => {
      const open = await BREAKS_AT_SEVEN.open();
      return new Campaign(BREAKS_AT_SEVEN, open, { inputs: 4_000, seed }).run();
    });
    const [first, again, other] = await Promise.all(runs);
    expect(first!.findings.map(({ input }) => input)).toEqual(['"a":[7']);
    const told = ({ findings }: CampaignResult) =>
      findings.map(({ number, input }) => [number, input]);
    expect(told(again!)).toEqual(told(first!));
    expect(other!.findings[0]!.number).not.toBe(first!.findings[0]!.number);
  });

  it("says of a target that changes every object what it has changed", async () => {
    const polluting: Target = {
      ...BREAKS_AT_SEVEN,
      open: async () => ({
        seeds: ["{}"],
        missing: [],
        run: () => void Object.assign(Object.prototype, { polluted: 1 }),
      }),
    };
    const open = await polluting.open();
    const { findings } = await new Campaign(polluting, open, { inputs: 3, seed: 1 }).run();
    expect(findings[0]!.error).toContain('every object has a property "polluted" now');
    expect("polluted" in {}).toBe(false);
  });
});

describe("mutation", () => {
  it("bends JSON into JSON nearly always, and never throws", () => {
    fc.assert(
      fc.property(fc.json(), fc.integer({ min: 0, max: 1e6 }), (json, seed) => {
        const bent = bendJson(json, new Draws(seed, "test"), ["a", "b"]);
        expect(typeof bent).toBe("string");
      }),
      { numRuns: 300 },
    );
    const draws = new Draws(3, "json");
    const bent = Array.from({ length: 500 }, () =>
      bendJson('{"a":{"b":["1.50",2]}}', draws, ["c"]),
    );
    const isJson = (text: string): boolean => {
      try {
        JSON.parse(text);
        return true;
      } catch {
        return false;
      }
    };
    expect(bent.filter(isJson).length).toBeGreaterThan(450);
    expect(new Set(bent).size).toBeGreaterThan(150);
  });

  it.each(["text", "lines", "bytes", "arguments", "json"] as const)(
    "takes any %s, and keeps bytes bytes",
    (kind) => {
      fc.assert(
        fc.property(fc.string({ unit: "binary" }), fc.nat(), (text, seed) => {
          const input = kind === "bytes" ? Buffer.from(text).toString("latin1") : text;
          const bent = new Mutator(kind, ["w"], new Draws(seed, kind)).bend(input, input);
          const isBytes = [...bent].every((character) => character.charCodeAt(0) < 256);
          return kind !== "bytes" || isBytes;
        }),
        { numRuns: 200 },
      );
    },
  );

  it("makes a failing input as short as it can", async () => {
    const input = `${"x".repeat(500)}boom${"y".repeat(700)}`;
    const shortest = await minimised(input, async (text) => text.includes("boom"));
    expect(shortest).toBe("boom");
  });
});

describe("planted faults", () => {
  it("are of every kind of target", () => {
    const planted = new Set(PLANTS.map(({ target }) => target));
    const plain = TARGETS.map(({ name }) => name).filter((name) => !planted.has(name));
    // Their readers are those of another target: LOBSTER and its like, the same settings file.
    expect(plain).toEqual(["tables", "journal-records", "instrument-file"]);
  });
});
