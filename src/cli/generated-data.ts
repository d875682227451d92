/**
 * Generated data: what `--data generated` says of the market that is to be made.
 *
 * `generated`, or `generated:knob=value,knob=value`. What must stay true: a knob that is not given
 * leaves the market as it was, to the byte.
 */
import type { GeneratedMarketConfig } from "../simulation/generated-market.ts";
import { CommandError } from "./output.ts";

/** What a user may turn. The rest of a market is its seed, its start and its length. */
export type GeneratedKnobs = Pick<GeneratedMarketConfig, "eventsPerSecond" | "pressure">;

const RANGES: Readonly<Record<keyof GeneratedKnobs, { least: number; most: number }>> = {
  eventsPerSecond: { least: 1, most: 10_000 },
  pressure: { least: -1, most: 1 },
};

const KNOBS = Object.entries(RANGES)
  .map(([name, { least, most }]) => `${name} (${least} to ${most})`)
  .join(", ");

const isKnob = (name: string): name is keyof GeneratedKnobs => Object.hasOwn(RANGES, name);

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
  const knobs: Partial<Record<keyof GeneratedKnobs, number>> = {};
  for (const pair of generated.slice("generated:".length).split(",")) {
    const [name = "", text, ...more] = pair.split("=");
    if (!isKnob(name) || text === undefined || more.length > 0) {
      throw usage(generated, `${JSON.stringify(pair)} is not one of ${KNOBS}, as in pressure=0.3`);
    }
    if (knobs[name] !== undefined) throw usage(generated, `${name} is given twice`);
    knobs[name] = valueOf(generated, name, text);
  }
  return knobs;
}

function valueOf(generated: string, name: keyof GeneratedKnobs, text: string): number {
  const { least, most } = RANGES[name];
  const value = Number(text);
  if (/^-?\d+(\.\d+)?$/.test(text) && value >= least && value <= most) return value;
  throw usage(generated, `${name} must be a number from ${least} to ${most}, not ${text}`);
}

const usage = (data: string, text: string): CommandError =>
  new CommandError("USAGE", `--data ${data}: ${text}`);
