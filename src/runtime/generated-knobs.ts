/**
 * Generated knobs: what a user may turn of a market that is to be generated, read from text.
 *
 * `knob=value,knob=value`. What a knob names as a file (a scenario, a profile that `data fit`
 * wrote) is read whole. What must stay true: a knob that is not given leaves the market as it was,
 * to the byte.
 */
import { err, ok, type Result } from "../core/domain/errors.ts";
import { readMarketFile } from "./market-fit/market-file.ts";
import { FLOW_KINDS, type GeneratedSpec, SYMBOL } from "./market-source.ts";
import { readScenario } from "./scenario-file.ts";

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

export interface KnobFault {
  /** `USAGE`: the text itself is wrong; otherwise what is wrong with a file that it names. */
  readonly code: string;
  readonly text: string;
}

/** Refuses an unknown knob, one that is given twice or is out of its range, and bad files. */
export function parseKnobs(text: string): Result<GeneratedKnobs, KnobFault> {
  const knobs: Writable = {};
  const given = new Map<string, string>();
  for (const pair of text.split(",")) {
    const [name = "", value, ...more] = pair.split("=");
    const knob = Object.hasOwn(KNOBS, name) ? KNOBS[name] : undefined;
    if (knob === undefined || value === undefined || more.length > 0) {
      return usage(`${JSON.stringify(pair)} is not one of ${NAMES}, as in pressure=0.3`);
    }
    if (given.has(name)) return usage(`${name} is given twice`);
    given.set(name, value);
    const fault = knob.read(value, knobs);
    if (fault !== undefined) return usage(`${name} ${fault}`);
  }
  const profile = given.get("profile");
  // What a fitted market brings; knobs beside it come on top.
  const fitted = profile === undefined ? ok({}) : readMarketFile(profile);
  if (!fitted.ok) return fitted;
  const whole: GeneratedKnobs = { ...fitted.value, ...knobs };
  const path = given.get("scenario");
  if (path === undefined) return ok(whole);
  // Read when all else is known: what a scenario may say depends on the world.
  const scenario = readScenario(path, whole);
  return scenario.ok ? ok({ ...whole, scenario: scenario.value }) : scenario;
}

const usage = (text: string): Result<never, KnobFault> => err({ code: "USAGE", text });
