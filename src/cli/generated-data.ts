/**
 * Generated data: what `--data generated` says of the market that is to be made.
 *
 * `generated`, or `generated:knob=value,knob=value`. What a knob names as a file (a scenario, a
 * profile that `data fit` wrote) goes into the journal whole. What must stay true: a knob that is
 * not given leaves the market as it was, to the byte.
 */
import { readMarketFile } from "../runtime/market-fit/market-file.ts";
import { FLOW_KINDS, type GeneratedSpec, SYMBOL } from "../runtime/market-source.ts";
import { readScenario } from "../runtime/scenario-file.ts";
import { CommandError } from "./output.ts";

/** What a user may turn. The rest of a market is its seed, its start and its length. */
export type GeneratedKnobs = Omit<GeneratedSpec, "kind" | "seed" | "startAt" | "duration">;

/** Adds what a value says to the knobs read so far; answers what is wrong with it instead. */
type Reader = (text: string, knobs: Writable) => string | undefined;
type Writable = { -readonly [Name in keyof GeneratedKnobs]: GeneratedKnobs[Name] };

const RANGES = {
  eventsPerSecond: { least: 1, most: 10_000 },
  pressure: { least: -1, most: 1 },
  correlation: { least: 0, most: 1 },
} as const;

const numberReader =
  (name: keyof typeof RANGES): Reader =>
  (text, knobs) => {
    const { least, most } = RANGES[name];
    const value = Number(text);
    if (!/^-?\d+(\.\d+)?$/.test(text) || value < least || value > most) {
      return `must be a number from ${least} to ${most}, not ${text}`;
    }
    knobs[name] = value;
    return undefined;
  };

const rangeOf = ({ least, most }: { least: number; most: number }): string => `${least} to ${most}`;

/** Each knob: what it takes, in words, and how it is read. */
const KNOBS: Readonly<Record<string, { readonly takes: string; readonly read: Reader }>> = {
  eventsPerSecond: {
    takes: rangeOf(RANGES.eventsPerSecond),
    read: numberReader("eventsPerSecond"),
  },
  pressure: { takes: rangeOf(RANGES.pressure), read: numberReader("pressure") },
  correlation: { takes: rangeOf(RANGES.correlation), read: numberReader("correlation") },
  symbol: { takes: "such as ETHUSDT", read: readSymbol },
  flow: { takes: FLOW_KINDS.join(" or "), read: readFlow },
  scenario: { takes: "a YAML or JSON file", read: readPath },
  profile: { takes: "a file of arrival data fit", read: readPath },
};

const NAMES = Object.entries(KNOBS)
  .map(([name, { takes }]) => `${name} (${takes})`)
  .join(", ");

function readSymbol(text: string, knobs: Writable): string | undefined {
  if (!SYMBOL.test(text)) return `must be 2 to 20 capital letters and digits, not ${text}`;
  knobs.symbol = text;
  return undefined;
}

/** The file is read at the end. */
function readPath(text: string): string | undefined {
  return text === "" ? "must name a file" : undefined;
}

function readFlow(text: string, knobs: Writable): string | undefined {
  const flow = FLOW_KINDS.find((kind) => kind === text);
  if (flow === undefined) return `must be one of ${FLOW_KINDS.join(", ")}, not ${text}`;
  knobs.flow = flow;
  return undefined;
}

/**
 * The knobs of a generated market; undefined where `--data` names recordings.
 * @throws CommandError of an unknown knob, or one out of its range.
 */
export function generatedKnobs(data: readonly string[]): GeneratedKnobs | undefined {
  const generated = data.find((one) => /^generated(:|$)/.test(one));
  if (generated === undefined) return undefined;
  if (data.length > 1) {
    throw usage(generated, "a generated market stands alone, without recordings or another one");
  }
  if (generated === "generated") return {};
  const knobs: Writable = {};
  const given = new Map<string, string>();
  for (const pair of generated.slice("generated:".length).split(",")) {
    const [name = "", text, ...more] = pair.split("=");
    const knob = Object.hasOwn(KNOBS, name) ? KNOBS[name] : undefined;
    if (knob === undefined || text === undefined || more.length > 0) {
      throw usage(generated, `${JSON.stringify(pair)} is not one of ${NAMES}, as in pressure=0.3`);
    }
    if (given.has(name)) throw usage(generated, `${name} is given twice`);
    given.set(name, text);
    const fault = knob.read(text, knobs);
    if (fault !== undefined) throw usage(generated, `${name} ${fault}`);
  }
  const profile = given.get("profile");
  const whole = profile === undefined ? knobs : { ...profileOf(profile), ...knobs };
  const path = given.get("scenario");
  return path === undefined ? whole : { ...whole, scenario: scenarioOf(path, whole) };
}

/** What a fitted market brings; knobs beside it come on top. */
function profileOf(path: string): GeneratedKnobs {
  const read = readMarketFile(path);
  if (read.ok) return read.value;
  throw new CommandError(read.error.code, read.error.text);
}

/** Read when all else is known: what a scenario may say depends on the world. */
function scenarioOf(path: string, knobs: GeneratedKnobs): NonNullable<GeneratedKnobs["scenario"]> {
  const read = readScenario(path, knobs);
  if (read.ok) return read.value;
  throw new CommandError(read.error.code, read.error.text);
}

const usage = (data: string, text: string): CommandError =>
  new CommandError("USAGE", `--data ${data}: ${text}`);
