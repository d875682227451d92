/**
 * Simulated moments: what a market of given numbers is like, and which way its knobs are to be
 * turned.
 *
 * The same seeds are used again and again (common random numbers), so two rounds differ by the
 * knobs alone. How busy the world of a seed happens to be is known exactly and is taken out, which
 * a recording's world does not allow. What must stay true: the same knobs give the same moments.
 */
import type { Instrument } from "../../core/domain/instrument.ts";
import { type Micros, micros, SECOND, type Ticks } from "../../core/domain/units.ts";
import {
  GeneratedMarket,
  type GeneratedMarketConfig,
  generateMarket,
} from "../../simulation/generated/market.ts";
import type { MarketProfile } from "../../simulation/generated/profile.ts";
import { type Knob, KNOBS, turned, type Turned } from "./knobs.ts";
import {
  type Look,
  type MeasuredMarket,
  measureMarket,
  type Moment,
  MOMENT_NAMES,
  type MomentName,
  type Moments,
} from "./moments.ts";
import { FLAT_WORLD } from "./profile-schema.ts";
import type { StartingMarket } from "./starting-market.ts";

/** A market that can be made: all but seed, start and length. */
export interface FittedMarket {
  readonly profile: MarketProfile;
  readonly startPrice: Ticks;
  readonly eventsPerSecond: number;
  readonly instrument: Instrument;
}

export interface Run {
  readonly measured: MeasuredMarket;
  /** How busy the world happened to be, as a multiple of its average. */
  readonly activity: number;
}

export interface RunLength {
  readonly startAt: Micros;
  readonly seconds: number;
}

export function runMarket(market: FittedMarket, seed: number, made: RunLength, look: Look): Run {
  const config: GeneratedMarketConfig = {
    seed,
    startAt: made.startAt,
    duration: micros(made.seconds * SECOND),
    world: FLAT_WORLD,
    ...market,
  };
  const generated = new GeneratedMarket(config);
  const source = { header: generated.header, blocks: generateMarket(config, () => generated) };
  const pass = measureMarket(source, market.startPrice, look);
  let step = pass.next();
  while (step.done !== true) step = pass.next();
  const pace = market.eventsPerSecond / market.profile.messagesPerSecond;
  return { measured: step.value, activity: generated.marketTime / (made.seconds * pace) };
}

/** Rates go with the activity, moves with its root. */
const BY_ACTIVITY: Partial<Record<MomentName, number>> = {
  ordersPerSecond: 1,
  volumePerSecond: 1,
  limitsPerSecond: 1,
  cancelsPerSecond: 1,
  volatility1: 0.5,
  volatility10: 0.5,
  volatility60: 0.5,
};

/** Means over runs, each as it would have been in an average world. */
export function atOneActivity(runs: readonly Run[]): Moments {
  const moments: Partial<Record<MomentName, Moment>> = {};
  for (const name of MOMENT_NAMES) {
    const values = runs.flatMap(({ measured, activity }) => {
      const moment = measured.moments[name];
      return moment === undefined ? [] : [moment.value / activity ** (BY_ACTIVITY[name] ?? 0)];
    });
    if (values.length < runs.length) continue;
    const value = values.reduce((sum, each) => sum + each, 0) / values.length;
    moments[name] = { value, effective: values.length };
  }
  return moments;
}

export function marketOf(
  start: StartingMarket,
  by: Turned,
  instrument: Instrument,
): FittedMarket {
  const profile = turned(start, by);
  return {
    profile,
    startPrice: start.startPrice as Ticks,
    eventsPerSecond: profile.messagesPerSecond * start.units.pace,
    instrument,
  };
}

/** A knob is left alone where its moment is less sure than this. */
const LEAST_EFFECTIVE = 8;
const LEAST_FOR_BRANCHING = 500;

/** Those whose moment the recording can tell. */
export function usableKnobs(recorded: MeasuredMarket): readonly Knob[] {
  return KNOBS.filter(({ moment, turns }) => {
    const seen = recorded.moments[moment];
    if (seen === undefined) return false;
    if (turns !== "sum" && seen.value <= 0) return false;
    const { effective, standardError } = seen;
    if (moment === "response") return standardError !== undefined && standardError < seen.value / 2;
    return effective >= (turns === "sum" ? LEAST_FOR_BRANCHING : LEAST_EFFECTIVE);
  });
}

/** No moment counts as surer than this share of itself. */
const LEAST_ERROR = 0.03;
const BRANCHING_ERROR = 0.05;

/** Sum of squares of what each moment lacks, in its standard errors. */
export function lossOf(
  recorded: MeasuredMarket,
  moments: Moments,
  knobs: readonly Knob[],
): number {
  let loss = 0;
  for (const { moment, turns } of knobs) {
    const [there, here] = [recorded.moments[moment]!, moments[moment]];
    if (here === undefined) return Infinity;
    if (turns === "sum") loss += ((here.value - there.value) / BRANCHING_ERROR) ** 2;
    else {
      const error = Math.max(LEAST_ERROR, (there.standardError ?? 0) / there.value);
      loss += (Math.log(Math.max(1e-9, here.value) / there.value) / error) ** 2;
    }
  }
  return loss;
}

/** The most that a knob is turned in one round. */
const MOST_FACTOR = Math.log(4);

/** The knobs as they are to be tried next. */
export function turn(
  by: Turned,
  recorded: MeasuredMarket,
  moments: Moments,
  knobs: readonly Knob[],
  damping = 1,
): Turned {
  const next = { ...by };
  for (const knob of knobs) {
    const [there, here] = [recorded.moments[knob.moment]!.value, moments[knob.moment]?.value];
    if (here === undefined) continue;
    const lacking =
      knob.turns === "factor"
        ? Math.log(there / Math.max(1e-9, here))
        : knob.turns === "ticks"
          ? ((there - here) * recorded.mid) / 1e4
          : there - here;
    const step = damping * knob.gain * lacking;
    const most = knob.turns === "factor" ? MOST_FACTOR : Infinity;
    const wanted = by[knob.name] + Math.max(-most, Math.min(most, step));
    next[knob.name] = Math.max(knob.least, Math.min(knob.most, wanted));
  }
  return next;
}

