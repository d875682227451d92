/**
 * Market fit: a generated market's numbers from a recording, and how like the recording it is then.
 *
 * What can be read off is read off; the rest is fitted by simulated moments (McFadden 1989): a few
 * markets are made again and again on the same draws, and each knob is turned by what its moment
 * lacks. The last round tries the middle of the best three, and the best of all stands. Then
 * markets of other seeds, which the fit has never seen, are set beside the recording and beside the
 * default market.
 *
 * What must stay true: no seed of the fit judges the fit.
 */
import { type Micros, type Ticks } from "../../core/domain/units.ts";
import { DEFAULT_PROFILE, GENERATED_INSTRUMENT } from "./generated-room.ts";
import { AT_REST, type Knob, type KnobName, KNOBS, type Turned } from "./knobs.ts";
import type { Look, MeasuredMarket, MomentName, Moments } from "./moments.ts";
import {
  atOneActivity,
  between,
  evenSeeds,
  type FittedMarket,
  lossOf,
  marketOf,
  type Run,
  runMarket,
  type Trial,
  turn,
  usableKnobs,
} from "./simulated-moments.ts";
import { type StartingMarket, startingMarket } from "./starting-market.ts";
import { type MomentRow, momentRows } from "./verdict.ts";

export interface FitRequest {
  readonly recorded: MeasuredMarket;
  readonly look: Look;
  readonly seed: number;
  /** Of the markets that are made. */
  readonly startAt: Micros;
  readonly fitSeeds?: number;
  readonly heldOutSeeds?: number;
  readonly rounds?: number;
}

export interface KnobReport {
  readonly name: KnobName;
  readonly moment: MomentName;
  readonly paths: readonly string[];
  readonly isFitted: boolean;
  /** As it was turned: a factor, ticks, or what was added. */
  readonly turned: number;
  /** Independent observations of its moment. */
  readonly effective: number;
  /** It went as far as it may: its moment is out of reach. */
  readonly isAtItsEnd: boolean;
}

export interface MarketFit {
  readonly market: FittedMarket;
  readonly start: StartingMarket;
  readonly knobs: readonly KnobReport[];
  readonly rows: readonly MomentRow[];
  readonly recorded: MeasuredMarket;
  readonly look: Look;
  /** Of each market that was made. */
  readonly madeSeconds: number;
  readonly fitSeeds: readonly number[];
  readonly heldOutSeeds: readonly number[];
  readonly rounds: number;
  /** The round that stands, from 0, and its loss and that of the start. */
  readonly best: { readonly round: number; readonly loss: number; readonly initialLoss: number };
}

export interface FitStep {
  /** From 0 to 1. */
  readonly done: number;
  readonly text: string;
}

/** What the fit starts from and is compared with: as `--data generated` makes it. */
const DEFAULT_MARKET: FittedMarket = {
  profile: DEFAULT_PROFILE,
  startPrice: DEFAULT_PROFILE.valueTicks as Ticks,
  eventsPerSecond: 250,
  instrument: GENERATED_INSTRUMENT,
};
/** The same at the pace that its numbers are written in. */
const BASE_MARKET: FittedMarket = {
  ...DEFAULT_MARKET,
  eventsPerSecond: DEFAULT_PROFILE.messagesPerSecond,
};

const FIT_SEEDS = 3;
/** Seeds that those of the fit are chosen from; fewer than lie before the first held out. */
const CANDIDATES = 60;
const HELD_OUT_SEEDS = 10;
const ROUNDS = 12;
const HELD_OUT_FROM = 1_000_003;
const SEEDS_APART = 7_919;
const LEAST_SECONDS = 60;
const LONGEST_SECONDS = 3_600;
/** A market that is made has about so many rows at most. */
const MOST_ROWS = 600_000;

export function* fitMarket(request: FitRequest): Generator<FitStep, MarketFit> {
  const { recorded, look, seed, startAt } = request;
  const rounds = request.rounds ?? ROUNDS;
  const heldOutSeeds = seedsFrom(seed + HELD_OUT_FROM, request.heldOutSeeds ?? HELD_OUT_SEEDS);
  const made = { startAt, seconds: secondsOf(recorded) };
  const fitSeeds = evenSeeds(
    seedsFrom(seed, CANDIDATES),
    request.fitSeeds ?? FIT_SEEDS,
    BASE_MARKET,
    made,
  );
  const total = fitSeeds.length * (rounds + 1) + 2 * heldOutSeeds.length;
  let done = 0;
  function* runs(market: FittedMarket, seeds: readonly number[], text: string) {
    const all: Run[] = [];
    for (const one of seeds) {
      yield { done: done++ / total, text };
      all.push(runMarket(market, one, made, look));
    }
    return all;
  }
  const base = yield* runs(BASE_MARKET, fitSeeds, "the default market");
  const start = startingMarket(recorded, averageOf(base), DEFAULT_PROFILE);
  const knobs = usableKnobs(recorded).map((knob) => within(knob, start));
  const tried: (Trial & { readonly loss: number })[] = [];
  let by = AT_REST;
  for (let round = 0; round < rounds; round++) {
    const market = marketOf(start, by, recorded.instrument);
    const text = `round ${round + 1} of ${rounds}`;
    const moments = atOneActivity(yield* runs(market, fitSeeds, text));
    tried.push({ by, moments, loss: lossOf(recorded, moments, knobs) });
    // Later rounds turn less: what is left is noise and what the knobs do to one another.
    const damping = round < rounds / 2 ? 1 : 0.5;
    by = turn(recorded, knobs, tried[round]!, tried[round - 1], damping);
    if (round === rounds - 2) by = between(tried);
  }
  const best = tried.reduce((least, one) => (one.loss < least.loss ? one : least));
  const unnamed = marketOf(start, best.by, recorded.instrument);
  const fitted = yield* runs(unnamed, heldOutSeeds, "markets that were held out");
  const initial = yield* runs(DEFAULT_MARKET, heldOutSeeds, "default markets beside them");
  return {
    market: named(unnamed, fitted),
    start,
    knobs: KNOBS.map((knob) => reportOf(knob, knobs, best.by, recorded)),
    rows: momentRows(recorded, momentsOf(initial), momentsOf(fitted), knobs),
    recorded,
    look,
    madeSeconds: made.seconds,
    fitSeeds,
    heldOutSeeds,
    rounds,
    best: { round: tried.indexOf(best), loss: best.loss, initialLoss: tried[0]!.loss },
  };
}

const seedsFrom = (first: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, k) => (first + k * SEEDS_APART) >>> 0);

const momentsOf = (runs: readonly Run[]): readonly Moments[] =>
  runs.map(({ measured }) => measured.moments);

/** As long as the recording, within what is made in seconds. */
function secondsOf({ seconds, moments }: MeasuredMarket): number {
  const rows =
    3 * (moments.limitsPerSecond?.value ?? 0) + 3 * (moments.ordersPerSecond?.value ?? 0) + 1;
  const most = Math.max(LEAST_SECONDS, Math.min(LONGEST_SECONDS, MOST_ROWS / rows));
  return Math.round(Math.min(most, Math.max(LEAST_SECONDS, seconds)));
}

/** The default market in an average world: its moments, and the first one's tape for the rest. */
function averageOf(runs: readonly Run[]): MeasuredMarket {
  return { ...runs[0]!.measured, moments: atOneActivity(runs) };
}

/** Messages per second as they came out, so that `eventsPerSecond` means what it says. */
function named(market: FittedMarket, runs: readonly Run[]): FittedMarket {
  const perSecond =
    runs.reduce((sum, { measured, activity }) => {
      const { messages, length } = measured.flow;
      return sum + messages / length / activity;
    }, 0) / runs.length;
  const pace = market.eventsPerSecond / market.profile.messagesPerSecond;
  const messagesPerSecond = perSecond / pace;
  return {
    ...market,
    profile: { ...market.profile, messagesPerSecond },
    eventsPerSecond: messagesPerSecond * pace,
  };
}

/** What is added cannot make less than nothing. */
function within(knob: Knob, { profile }: StartingMarket): Knob {
  const [same = 0, other = 0] = profile.hawkes.branching[0] ?? [];
  if (knob.name === "sameSide") return { ...knob, least: -same };
  return knob.name === "otherSide" ? { ...knob, least: -other } : knob;
}

function reportOf(
  { name, moment, paths, turns }: Knob,
  usable: readonly Knob[],
  by: Turned,
  recorded: MeasuredMarket,
): KnobReport {
  const at = by[name];
  const fitted = usable.find((knob) => knob.name === name);
  const isFitted = fitted !== undefined;
  return {
    name,
    moment,
    paths,
    isFitted,
    turned: turns === "factor" ? Math.exp(at) : at,
    effective: recorded.moments[moment]?.effective ?? 0,
    isAtItsEnd: isFitted && name !== "halfSpread" && (at <= fitted.least || at >= fitted.most),
  };
}
