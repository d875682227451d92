/**
 * Parameters: every number of a fitted market, and where it came from.
 *
 * What must stay true: a number that the recording could not tell is said to be the default's, in
 * whatever units it stands now.
 */
import type { MarketFit } from "./fit-market.ts";
import { DEFAULT_PROFILE, type MarketProfile } from "./generated-room.ts";
import { MOMENTS } from "./moments.ts";

export interface ParameterReport {
  /** Dotted, in the profile. */
  readonly path: string;
  readonly value: unknown;
  readonly from: "measured" | "measured, then fitted" | "fitted" | "default";
  /** By what it was told; of a default, in what units it stands. */
  readonly by: string;
  /** Independent observations behind it; 0 of a default. */
  readonly effective: number;
  /** Its knob went as far as it may. */
  readonly isAtItsEnd: boolean;
}

export function parametersOf({ market, knobs, start }: MarketFit): readonly ParameterReport[] {
  const initial = new Map(groupsOf(DEFAULT_PROFILE));
  const groups: [string, unknown][] = [
    ["startPrice", market.startPrice],
    ["eventsPerSecond", market.eventsPerSecond],
    ...groupsOf(market.profile),
  ];
  return groups.map(([path, value]) => {
    const turning = knobs.filter((knob) => knob.isFitted && knob.paths.some(isIn(path)));
    const measured = start.measured.get(path === "eventsPerSecond" ? "pace" : path);
    const isAtItsEnd = turning.some((knob) => knob.isAtItsEnd);
    if (turning.length > 0) {
      const titles = turning.map(({ moment }) => MOMENTS[moment].title);
      const by = [...(measured === undefined ? [] : [measured.by]), ...titles].join("; ");
      const effective = Math.min(...turning.map((knob) => knob.effective));
      const from = measured === undefined ? "fitted" : "measured, then fitted";
      return { path, value, from, by, effective, isAtItsEnd };
    }
    if (measured !== undefined) {
      const { by, effective } = measured;
      return { path, value, from: "measured", by, effective, isAtItsEnd };
    }
    const isSame = JSON.stringify(initial.get(path)) === JSON.stringify(value);
    const by =
      path === "messagesPerSecond" ? "as the market came out" : isSame ? "as it is" : SCALED;
    return { path, value, from: "default", by, effective: 0, isAtItsEnd };
  });
}

const SCALED = "in the recording's ticks and lots";

/** `hawkes.base[0..1]` is in `hawkes.base`, `crowd.nearDistance.least` in `crowd.nearDistance`. */
const isIn =
  (group: string) =>
  (path: string): boolean => {
    const plain = path.replace(/\[.*$/, "");
    return plain === group || plain.startsWith(`${group}.`);
  };

/** What belongs together: a plain figure, or a member of a part. */
function groupsOf(profile: MarketProfile): readonly [string, unknown][] {
  return Object.entries(profile).flatMap(([name, part]: [string, unknown]): [string, unknown][] =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.entries(part).map(([key, value]) => [`${name}.${key}`, value])
      : [[name, part]],
  );
}
