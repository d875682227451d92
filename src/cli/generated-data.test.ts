/** What `--data generated:…` may say. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { instrumentJson } from "../runtime/instrument-file.ts";
import { FLAT_WORLD } from "../runtime/market-fit/profile-schema.ts";
import { GENERATED_INSTRUMENT } from "../simulation/generated/market.ts";
import { DEFAULT_PROFILE } from "../simulation/generated/profile.ts";
import { generatedKnobs } from "./generated-data.ts";
import { CommandError } from "./output.ts";

const folder = mkdtempSync(join(tmpdir(), "arrival-knobs-"));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;

function written(text: string): string {
  const path = join(folder, `scenario-${files++}.yaml`);
  writeFileSync(path, text);
  return path;
}

describe("--data", () => {
  it("names recordings, or a generated market as it is, or one with knobs", () => {
    expect(generatedKnobs(["a.gz", "b.gz"])).toBeUndefined();
    expect(generatedKnobs(["generated.gz"])).toBeUndefined();
    expect(generatedKnobs(["generated"])).toEqual({});
    expect(generatedKnobs(["generated:pressure=-0.3,eventsPerSecond=50"])).toEqual({
      pressure: -0.3,
      eventsPerSecond: 50,
    });
    expect(
      generatedKnobs(["generated:symbol=ETHUSDT,flow=queue-reactive,correlation=0.4"]),
    ).toEqual({ symbol: "ETHUSDT", flow: "queue-reactive", correlation: 0.4 });
  });

  it("holds the scenario itself, so that nobody needs the file again", () => {
    const path = written("events: [{ kind: news, atSeconds: 3, text: quiet }]");
    expect(generatedKnobs([`generated:scenario=${path},pressure=1`])).toEqual({
      pressure: 1,
      scenario: { events: [{ kind: "news", atSeconds: 3, text: "quiet" }] },
    });
  });

  it.each([
    ["events: [", /scenario-\d+\.yaml:1: Flow sequence/],
    ["&a [*a, *a]", /scenario-\d+\.yaml: /],
    ["events: [{ kind: shok }]", /events\.0\.kind: must be one of shock, news/],
    ["- 1", /must be a mapping with a list named events/],
    ["events: [{ kind: regime, atSeconds: 1, regime: storm }]", /regime: must be one of calm/],
    ["#".repeat((1 << 20) + 1), /1048577 bytes: not a file of settings/],
  ])("refuses a scenario file, number %#", (text, fault) => {
    const path = written(text);
    expect(() => generatedKnobs([`generated:scenario=${path}`])).toThrow(fault);
    expect(() => generatedKnobs([`generated:scenario=${path}`])).toThrow(CommandError);
  });

  it.each([
    [["generated:"], "is not one of eventsPerSecond (1 to 10000), pressure (-1 to 1)"],
    [["generated:presure=0.3"], '"presure=0.3" is not one of'],
    [["generated:pressure"], '"pressure" is not one of'],
    [["generated:pressure=1=2"], "is not one of"],
    [["generated:toString=1"], "is not one of"],
    [["generated:pressure=1.01"], "pressure must be a number from -1 to 1, not 1.01"],
    [["generated:pressure=much"], "must be a number"],
    [["generated:pressure="], "must be a number"],
    [["generated:eventsPerSecond=0"], "eventsPerSecond must be a number from 1 to 10000, not 0"],
    [["generated:eventsPerSecond=1e9"], "must be a number"],
    [["generated:pressure=0.1,pressure=0.2"], "pressure is given twice"],
    [["generated:symbol=eth"], "symbol must be 2 to 20 capital letters and digits, not eth"],
    [["generated:symbol=../../x"], "symbol must be"],
    [["generated:flow=random"], "flow must be one of zero-intelligence, hawkes, queue-reactive"],
    [["generated:correlation=1.5"], "correlation must be a number from 0 to 1, not 1.5"],
    [["generated:scenario="], "scenario must name a file"],
    [["generated:scenario=/no/such.yaml"], "/no/such.yaml: cannot be read"],
    [["generated", "a.gz"], "stands alone"],
    [["generated", "generated"], "stands alone"],
  ])("refuses %j", (data, text) => {
    expect(() => generatedKnobs(data)).toThrow(CommandError);
    expect(() => generatedKnobs(data)).toThrow(text);
  });
});

const market = {
  instrument: instrumentJson(GENERATED_INSTRUMENT),
  startPrice: 30_000,
  eventsPerSecond: 120,
  world: FLAT_WORLD,
  profile: DEFAULT_PROFILE,
};
const path = join(folder, "market.json");
writeFileSync(path, JSON.stringify({ format: "arrival-market-profile", version: 1, market }));

describe("--data generated:profile=FILE", () => {
  it("brings the whole market, and knobs beside it come on top", () => {
    expect(generatedKnobs([`generated:profile=${path}`])).toEqual(market);
    const turned = generatedKnobs([`generated:profile=${path},eventsPerSecond=50,pressure=0.2`]);
    expect(turned).toEqual({ ...market, eventsPerSecond: 50, pressure: 0.2 });
  });

  it("is refused where there is no such file, or nothing that could be one", () => {
    expect(() => generatedKnobs([`generated:profile=${join(folder, "none.json")}`])).toThrow(
      "none.json",
    );
    expect(() => generatedKnobs(["generated:profile="])).toThrow("must name a file");
    expect(() => generatedKnobs([`generated:profile=${path},profile=${path}`])).toThrow("twice");
  });
});
