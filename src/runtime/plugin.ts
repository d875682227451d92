/**
 * Plugin: a strategy from a file of the user's own, checked before it may trade.
 *
 * A module is anything until it is looked at: here its shape is checked, its name, and one answer
 * on a small plan. Its code runs with the rights of whoever starts the program. What must stay
 * true: a journal names each plugin of its run by SHA-256, so that a replay runs the same one or
 * says which is missing.
 */
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { basename, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import type { Plan, Strategy } from "../core/contracts/strategy.ts";
import { err, ok, type Result } from "../core/domain/errors.ts";
import { lots, micros, MINUTE } from "../core/domain/units.ts";

export interface Plugin {
  readonly strategy: Strategy;
  /** The file's name, without its folder. */
  readonly file: string;
  /** Of the file's bytes, hex. What it imports is not covered: a plugin is one file. */
  readonly sha256: string;
}

/** What a journal's header says of a plugin. */
export interface PluginNote {
  readonly strategy: string;
  readonly file: string;
  readonly sha256: string;
}

export interface PluginFault {
  readonly code: "PLUGIN_UNREADABLE" | "PLUGIN_SHAPE" | "PLUGIN_NAME";
  readonly text: string;
}

const MAX_BYTES = 1 << 20;
const NAME = /^[a-z][a-z0-9-]{0,30}$/;

/** Loads each file in turn. `taken`: names that a plugin may not have. */
export async function loadPlugins(
  paths: readonly string[],
  taken: readonly string[],
): Promise<Result<readonly Plugin[], PluginFault>> {
  const plugins: Plugin[] = [];
  for (const path of paths) {
    const loaded = await loadPlugin(path);
    if (!loaded.ok) return loaded;
    const { name } = loaded.value.strategy;
    if ([...taken, ...plugins.map((it) => it.strategy.name)].includes(name)) {
      const text = `${path}: a strategy named "${name}" is there already: give yours another name`;
      return err({ code: "PLUGIN_NAME", text });
    }
    plugins.push(loaded.value);
  }
  return ok(plugins);
}

const unreadable = (text: string) => err({ code: "PLUGIN_UNREADABLE", text } as const);

async function loadPlugin(path: string): Promise<Result<Plugin, PluginFault>> {
  let sha256: string;
  let module: Record<string, unknown>;
  try {
    const found = statSync(path);
    if (!found.isFile() || found.size > MAX_BYTES) {
      return unreadable(`${path} is not a file of at most ${MAX_BYTES} bytes`);
    }
    sha256 = createHash("sha256").update(readFileSync(path)).digest("hex");
  } catch (error) {
    return unreadable(`${path} cannot be read: ${messageOf(error)}`);
  }
  try {
    const url = pathToFileURL(resolve(path));
    // A file that has changed is another module, also within one process.
    url.searchParams.set("sha256", sha256);
    module = (await import(url.href)) as Record<string, unknown>;
  } catch (error) {
    return unreadable(`${path} cannot be loaded as an ES module: ${messageOf(error)}`);
  }
  const checked = checkShape(module["default"] ?? module["strategy"]);
  if (!checked.ok) return err({ code: "PLUGIN_SHAPE", text: `${path}: ${checked.error}` });
  return ok({ strategy: checked.value, file: basename(path), sha256 });
}

const FUNCTION = z.custom<(...values: never[]) => unknown>((value) => typeof value === "function", {
  error: "must be a function",
});

const JSON_OBJECT = z.record(z.string(), z.json());

const SHAPE = z.object({
  name: z.string().regex(NAME, { error: `must be lower-case, such as "ramp" (${NAME.source})` }),
  summary: z.string().min(1, { error: "must say what it does and when it is wrong" }),
  defaults: z.custom<Strategy["defaults"]>((value) => JSON_OBJECT.safeParse(value).success, {
    error: "must be an object of plain JSON",
  }),
  check: FUNCTION,
  bind: FUNCTION,
});

const TACTIC = z.looseObject({
  name: z.string().min(1),
  peg: z.enum(["touch", "mid"]),
  behindTicks: z.int(),
  follow: z.enum(["away", "both", "never"]),
  repegInterval: z.int().min(0),
  reachBps: z.union([z.number().min(0), z.literal(Number.POSITIVE_INFINITY)]),
  display: z.int().min(1),
  cross: z.enum(["never", "by-cost", "at-once"]),
  marketOrders: z.literal(true).optional(),
  withdrawalsMax: z.int().min(1).optional(),
});
const BOUND = z.looseObject({ target: FUNCTION, tactic: TACTIC.optional() });

const FAULTS = z.array(z.object({ path: z.string(), text: z.string() }));
const TARGET = z.object({
  quantity: z.int().min(0),
  sliceFrom: z.int(),
  sliceUntil: z.int(),
  reason: z.string().min(1),
});

/** The strategy that a module exports, or why it is none. */
function checkShape(exported: unknown): Result<Strategy, string> {
  if (typeof exported !== "object" || exported === null) {
    return err('exports no strategy: it must be the default export, or one named "strategy"');
  }
  const shaped = SHAPE.safeParse(exported);
  if (!shaped.success) return err(`the strategy it exports is none: ${faultsOf(shaped.error)}`);
  const given = exported as Strategy;
  // Taken once: what the module does to its own object later changes nothing.
  const strategy: Strategy = Object.freeze({
    name: shaped.data.name,
    summary: shaped.data.summary,
    defaults: Object.freeze(structuredClone(shaped.data.defaults)),
    check: given.check.bind(given),
    bind: given.bind.bind(given),
    ...(given.isTactic === true ? { isTactic: true as const } : {}),
  });
  const fault = tryOut(strategy);
  if (fault !== undefined) return err(`strategy "${strategy.name}": ${fault}`);
  return ok(Object.freeze(guarded(strategy)));
}

/** A plugin that failed while an order was worked: its fault, and not the program's. */
export class PluginFailure extends Error {
  override readonly name = "PluginFailure";
  readonly code = "PLUGIN_FAILED";
}

/** The same strategy, except that what it throws or answers wrongly is told by its name. */
function guarded(strategy: Strategy): Strategy {
  const fail = (where: string, why: string): never => {
    throw new PluginFailure(
      `the strategy "${strategy.name}" of a plugin failed in ${where}: ${why}. Nothing was sent ` +
        "after that; a journal ends there, and its replay fails at the same place",
    );
  };
  const tried = <Value>(where: string, run: () => Value): Value => {
    try {
      return run();
    } catch (error) {
      return fail(where, error instanceof Error ? (error.stack ?? error.message) : String(error));
    }
  };
  return {
    ...strategy,
    bind(parameters, plan) {
      // Its own: orders that are worked together have one object of them.
      const own = structuredClone(parameters);
      const bound = tried("bind", () => strategy.bind(own, plan));
      const shaped = BOUND.safeParse(bound);
      if (!shaped.success) fail("bind", faultsOf(shaped.error));
      return {
        ...(bound.tactic === undefined ? {} : { tactic: bound.tactic }),
        target(view) {
          const target = tried("target", () => bound.target(view));
          const answer = TARGET.safeParse(target);
          if (!answer.success) fail(`target at ${view.now} µs`, faultsOf(answer.error));
          return target;
        },
      };
    },
  };
}

const TRIAL: Plan = {
  parentId: "trial",
  side: "buy",
  from: micros(MINUTE),
  until: micros(2 * MINUTE),
  quantity: lots(1_000),
  volumeAtFrom: lots(0),
  minOrder: lots(1),
  maxParticipation: 0.1,
  urgency: 0.5,
  seed: 1,
};

/** Asks it once what it will be asked all the time. The conformance suite asks the rest. */
function tryOut(strategy: Strategy): string | undefined {
  try {
    const faults = FAULTS.safeParse(strategy.check(strategy.defaults));
    if (!faults.success) return `check must return a list of {path, text}`;
    const [fault] = faults.data;
    if (fault !== undefined) return `its own defaults are faults: ${fault.path}: ${fault.text}`;
    const unknown = FAULTS.safeParse(strategy.check({ "no such parameter": 1 }));
    if (!unknown.success || unknown.data.length === 0) {
      return "check must refuse parameters that it does not know";
    }
    const view = { now: TRIAL.from, done: lots(0), marketVolume: lots(0) };
    const answer = TARGET.safeParse(strategy.bind({}, { ...TRIAL }).target(view));
    if (!answer.success) return `target, asked on a plan of a minute: ${faultsOf(answer.error)}`;
    return undefined;
  } catch (error) {
    return `it threw when it was tried out: ${messageOf(error)}`;
  }
}

export const noteOf = ({ strategy, file, sha256 }: Plugin): PluginNote => ({
  strategy: strategy.name,
  file,
  sha256,
});

const NOTES = z.array(
  z.strictObject({ strategy: z.string(), file: z.string(), sha256: z.string() }),
);

/** Why these are not the plugins that a journal names; undefined when they are. */
export function pluginsDiffer(noted: unknown, plugins: readonly Plugin[]): string | undefined {
  const notes = NOTES.safeParse(noted ?? []);
  if (!notes.success) return "the journal's list of plugins cannot be read";
  for (const { strategy, file, sha256 } of notes.data) {
    const given = plugins.find((it) => it.strategy.name === strategy);
    const which = `the plugin ${file}, SHA-256 ${sha256}`;
    const wanted = `the run had the strategy "${strategy}" from ${which}`;
    if (given === undefined) return `${wanted}: give that file with --plugin`;
    if (given.sha256 !== sha256) {
      return `${wanted}; the ${given.file} given has ${given.sha256}: give the file as it was then`;
    }
  }
  const names = new Set(notes.data.map((it) => it.strategy));
  const extra = plugins.find((it) => !names.has(it.strategy.name));
  if (extra === undefined) return undefined;
  return `the run had no plugin ${extra.file} (strategy "${extra.strategy.name}"): leave it out`;
}

const faultsOf = (error: z.ZodError): string =>
  error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ");

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
