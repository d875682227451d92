/**
 * Verdict: how like the recording the fitted market is, moment by moment, and whether it is any
 * more like it than the default market.
 *
 * What must stay true: a moment that the fit has not improved is said not to be.
 */
import type { Knob, KnobName } from "./knobs.ts";
import {
  type MeasuredMarket,
  type Moment,
  MOMENT_NAMES,
  type MomentName,
  type Moments,
} from "./moments.ts";

/** One moment over several generated markets. */
export interface Spread {
  readonly mean: number;
  /** Of single markets; absent of fewer than two. */
  readonly deviation?: number;
  readonly markets: number;
}

export interface MomentRow {
  readonly name: MomentName;
  readonly recorded?: Moment;
  readonly initial?: Spread;
  readonly fitted?: Spread;
  /** How far the recording is from each, in standard errors of the difference. */
  readonly initialOff?: number;
  readonly fittedOff?: number;
  /** The knob that was turned to meet it. */
  readonly knob?: KnobName;
  readonly verdict: "met" | "nearer" | "no better than the default" | "cannot be told";
}

/** Nearer than this many standard errors is met. */
const MET = 2;
/** A moment of fewer independent observations tells nothing. */
const LEAST_EFFECTIVE = 4;

export function momentRows(
  recorded: MeasuredMarket,
  initial: readonly Moments[],
  fitted: readonly Moments[],
  knobs: readonly Knob[],
): readonly MomentRow[] {
  return MOMENT_NAMES.flatMap((name) => {
    const seen = recorded.moments[name];
    const [before, after] = [spreadOf(initial, name), spreadOf(fitted, name)];
    if (seen === undefined && before === undefined && after === undefined) return [];
    const knob = knobs.find(({ moment }) => moment === name)?.name;
    const own = seen?.standardError ?? Math.max(before?.deviation ?? 0, after?.deviation ?? 0);
    const [initialOff, fittedOff] = [offBy(seen, before, own), offBy(seen, after, own)];
    return [
      {
        name,
        ...(seen === undefined ? {} : { recorded: seen }),
        ...(before === undefined ? {} : { initial: before }),
        ...(after === undefined ? {} : { fitted: after }),
        ...(initialOff === undefined ? {} : { initialOff }),
        ...(fittedOff === undefined ? {} : { fittedOff }),
        ...(knob === undefined ? {} : { knob }),
        verdict: verdictOf(seen, before, after, fittedOff),
      },
    ];
  });
}

function spreadOf(runs: readonly Moments[], name: MomentName): Spread | undefined {
  const values = runs.flatMap((moments) => {
    const moment = moments[name];
    return moment === undefined ? [] : [moment.value];
  });
  if (values.length === 0) return undefined;
  const mean = values.reduce((sum, each) => sum + each, 0) / values.length;
  if (values.length < 2) return { mean, markets: 1 };
  const squares = values.reduce((sum, each) => sum + (each - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / (values.length - 1)), markets: values.length };
}

/**
 * The recording's own error and that of the markets' mean. Where the recording does not tell its
 * own, the larger deviation from seed to seed stands in.
 */
function offBy(
  seen: Moment | undefined,
  made: Spread | undefined,
  own: number,
): number | undefined {
  if (seen === undefined || made?.deviation === undefined) return undefined;
  const error = Math.sqrt(own ** 2 + made.deviation ** 2 / made.markets);
  return error === 0 ? undefined : (made.mean - seen.value) / error;
}

function verdictOf(
  seen: Moment | undefined,
  initial: Spread | undefined,
  fitted: Spread | undefined,
  off: number | undefined,
): MomentRow["verdict"] {
  if (seen === undefined || initial === undefined || fitted === undefined || off === undefined) {
    return "cannot be told";
  }
  if (seen.effective < LEAST_EFFECTIVE) return "cannot be told";
  const isNearer = Math.abs(fitted.mean - seen.value) < Math.abs(initial.mean - seen.value);
  if (Math.abs(off) <= MET) return "met";
  return isNearer ? "nearer" : "no better than the default";
}
