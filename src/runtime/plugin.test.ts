/**
 * Plugins are hostile until they are looked at: what is wrong is told before anything is traded.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Plan } from "../core/contracts/strategy.ts";
import { lots, micros } from "../core/domain/units.ts";
import { loadPlugins, noteOf, PluginFailure, pluginsDiffer } from "./plugin.ts";

let folder = "";
let names = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "arrival-plugin-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(text: string, name = `plugin-${names++}.mjs`): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const WHOLE = {
  name: '"mine"',
  summary: '"All at once."',
  defaults: "{}",
  check: "(p) => Object.keys(p).map((path) => ({ path, text: 'unknown' }))",
  bind: `(_, plan) => ({ target: () => ({ quantity: plan.quantity, sliceFrom: plan.from,
    sliceUntil: plan.until, reason: "all" }) })`,
};
const textOf = (change: Partial<typeof WHOLE> = {}, how = "export default"): string => {
  const members = Object.entries({ ...WHOLE, ...change }).map(([key, code]) => `${key}: ${code}`);
  return `${how} { ${members.join(",\n")} };\n`;
};

const PLAN: Plan = {
  parentId: "p1",
  side: "buy",
  from: micros(0),
  until: micros(60e6),
  quantity: lots(10),
  volumeAtFrom: lots(0),
  minOrder: lots(1),
  maxParticipation: 0.1,
  urgency: 0.5,
  seed: 1,
};

const load = (...paths: string[]) => loadPlugins(paths, ["twap"]);

describe("a plugin", () => {
  it("is the default export, or the one named strategy", async () => {
    for (const how of ["export default", "export const strategy ="]) {
      const loaded = await load(file(textOf({}, how)));
      expect(loaded).toMatchObject({ ok: true, value: [{ strategy: { name: "mine" } }] });
    }
  });

  it("is what it was when it was loaded, whatever its module does later", async () => {
    const code = `const it = {}; ${textOf({}, "Object.assign(it,")}`.replace(/;\n$/, ");\n");
    const path = file(
      `${code}export default it; export const change = () => { it.name = "twap"; };`,
    );
    const loaded = await load(path);
    if (!loaded.ok) throw new Error(loaded.error.text);
    const { strategy } = loaded.value[0]!;
    const { sha256 } = loaded.value[0]!;
    const module = (await import(`file://${path}?sha256=${sha256}`)) as { change(): void };
    module.change();
    expect(strategy.name).toBe("mine");
    expect(Object.isFrozen(strategy)).toBe(true);
  });

  it.each<[string, string, RegExp]>([
    ["exports nothing", "export const a = 1;", /exports no strategy/],
    ["has no name", textOf({ name: "undefined" }), /name: /],
    ["has a name that no flag could carry", textOf({ name: '"My strategy"' }), /lower-case/],
    ["has defaults that are not plain JSON", textOf({ defaults: "{ a: () => 1 }" }), /plain JSON/],
    ["cannot be bound", textOf({ bind: "{}" }), /bind: must be a function/],
    ["refuses its own defaults", textOf({ defaults: "{ a: 1 }" }), /own defaults are faults: a:/],
    ["lets anything pass", textOf({ check: "() => []" }), /does not know/],
    ["checks and says nothing", textOf({ check: "() => undefined" }), /list of \{path, text\}/],
    ["throws", textOf({ bind: '() => { throw new Error("no") }' }), /tried out: no/],
    ["is asynchronous", textOf({ bind: "async () => ({})" }), /tried out/],
    [
      "asks for half a lot",
      textOf({ bind: "() => ({ target: () => ({ quantity: 0.5, reason: 'r' }) })" }),
      /quantity: .*sliceFrom: /,
    ],
  ])("that %s is refused", async (_, text, why) => {
    const loaded = await load(file(text));
    expect(loaded).toMatchObject({ ok: false, error: { code: "PLUGIN_SHAPE" } });
    expect(loaded.ok ? "" : loaded.error.text).toMatch(why);
  });

  it("is given its parameters anew each time, whatever it did to them before", async () => {
    const bind = `(p, plan) => {
      p.bound = (p.bound ?? 0) + 1;
      return { target: () => ({ quantity: plan.quantity, sliceFrom: plan.from,
        sliceUntil: plan.until, reason: String(p.bound) }) };
    }`;
    const loaded = await load(file(textOf({ bind })));
    if (!loaded.ok) throw new Error(loaded.error.text);
    const { strategy } = loaded.value[0]!;
    const parameters = Object.freeze({});
    const view = { now: micros(0), done: lots(0), marketVolume: lots(0) };
    const reasons = [1, 2].map(() => strategy.bind(parameters, PLAN).target(view).reason);
    expect(reasons).toEqual(["1", "1"]);
    expect(parameters).toEqual({});
  });

  it("that is no module, or not there, is refused", async () => {
    for (const path of [file("export default {"), join(folder, "nowhere.ts"), folder]) {
      const loaded = await load(path);
      expect(loaded).toMatchObject({ ok: false, error: { code: "PLUGIN_UNREADABLE" } });
    }
  });

  it("may not take a name that is taken", async () => {
    const own = file(textOf());
    for (const paths of [[file(textOf({ name: '"twap"' }))], [own, own]]) {
      expect(await load(...paths)).toMatchObject({ ok: false, error: { code: "PLUGIN_NAME" } });
    }
  });
});

describe("what a journal says of plugins", () => {
  it("tells the same file from another, from none, and from one too many", async () => {
    const [first, second] = [await load(file(textOf())), await load(file(`${textOf()}\n`))];
    if (!first.ok || !second.ok) throw new Error("not loaded");
    const notes = first.value.map(noteOf);
    expect(pluginsDiffer(notes, first.value)).toBeUndefined();
    expect(pluginsDiffer(undefined, [])).toBeUndefined();
    expect(pluginsDiffer(notes, [])).toMatch(/give that file with --plugin/);
    expect(pluginsDiffer(notes, second.value)).toMatch(/as it was then/);
    expect(pluginsDiffer(undefined, first.value)).toMatch(/leave it out/);
    expect(pluginsDiffer([{ file: 1 }], [])).toMatch(/cannot be read/);
  });
});

describe("a plugin that fails while it works", () => {
  /** Well until it is loaded: what it does to the order itself is the code given. */
  const later = (code: string): string =>
    `(_, plan) => { const well = { quantity: plan.quantity, sliceFrom: plan.from,
      sliceUntil: plan.until, reason: "all" };
      if (plan.parentId === "trial") return { target: () => well };
      ${code} }`;

  it.each([
    ["throws in bind", `throw new Error("boom");`, "bind: Error: boom"],
    ["throws in target", `return { target() { throw new Error("boom"); } };`, "Error: boom"],
    ["is asked for a number", `return { target: () => ({ ...well, quantity: NaN }) };`, "quantity"],
    ["breaks lots", `return { target: () => ({ ...well, quantity: 0.5 }) };`, "quantity"],
    ["knows no time", `return { target: () => ({ ...well, sliceUntil: NaN }) };`, "sliceUntil"],
    ["answers nothing", `return { target: () => undefined };`, "target"],
    [
      "brings half a tactic",
      `return { target: () => well, tactic: { cross: "at-once" } };`,
      "tactic.display",
    ],
  ])("and %s is named, as its own fault", async (_, code, what) => {
    const loaded = await load(file(textOf({ bind: later(code) })));
    if (!loaded.ok) throw new Error(loaded.error.text);
    const { strategy } = loaded.value[0]!;
    const ask = () =>
      strategy.bind({}, PLAN).target({ now: micros(0), done: lots(0), marketVolume: lots(0) });
    expect(ask).toThrow(PluginFailure);
    expect(ask).toThrow('"mine"');
    expect(ask).toThrow(what);
  });
});
