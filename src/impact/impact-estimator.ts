/**
 * Impact estimator: a model's estimates, kept honest by the orders that are worked.
 *
 * Each finished order is held against what was predicted for it. A level (what the model says ×
 * level) is fitted anew every so many orders on a rolling window, and a sequential test watches
 * for the day on which the market has changed: a likelihood-ratio CUSUM (Page 1954; Lorden 1971),
 * one for dearer and one for cheaper. An alarm drops what was seen before the change, widens the
 * interval and errs to the dear side until enough is known again.
 *
 * One order says little: its cost is mostly what the price did by itself. So the level is shrunk
 * towards 1 by the doubt that it began with. Orders are taken to be independent; those of one
 * window and both sides are not, and should be given as one. What must stay true: the same
 * observations give the same state, memory is that of the window, and a prediction never knows
 * the order that it is judged by.
 */
import { err, invariant, ok, type Result } from "../core/domain/errors.ts";
import type { Bps, Fraction } from "../core/domain/units.ts";
import {
  type ImpactMarket,
  type ImpactModel,
  type ParameterValues,
  priceRiskBps,
  type TradedSlice,
} from "./impact-model.ts";
import {
  type ImpactObservation,
  marketOf,
  observationFaults,
  slicesOf,
} from "./impact-observation.ts";

export interface EstimatorSettings {
  /** Orders that are remembered, ≥ 1. */
  readonly window: number;
  /** The level is fitted anew after so many orders, ≥ 1. */
  readonly recalibrateEvery: number;
  /** One sigma of the level before anything was seen, > 0. */
  readonly priorError: Fraction;
  /** A cost of so many times what was expected, or of one so-manieth, is a drift; > 1. */
  readonly driftFactor: number;
  /** While nothing drifts, alarms come this many orders apart on average, or further; > 1. */
  readonly ordersPerFalseAlarm: number;
  /** After an alarm caution ends with a later fit whose one sigma of the level is this; > 0. */
  readonly settledError: Fraction;
}

export const ESTIMATOR_DEFAULTS: EstimatorSettings = {
  window: 1_000,
  recalibrateEvery: 50,
  priorError: 0.5,
  driftFactor: 1.5,
  ordersPerFalseAlarm: 10_000,
  settledError: 0.2,
};

export interface DriftAlarm {
  readonly direction: "dearer" | "cheaper";
  /** The order with which it was noticed, counted from 1. */
  readonly order: number;
  /** How many orders ago it began, as far as the test can tell. */
  readonly since: number;
}

/** An order held against what was predicted for it before. */
export interface JudgedOrder {
  readonly predictedBps: Bps;
  readonly realisedBps: Bps;
  /** One sigma of what the price and all else do to one order. */
  readonly noiseBps: Bps;
  readonly alarm?: DriftAlarm;
}

export interface RealTimeEstimate {
  /** The mean of such orders. */
  readonly impactBps: Bps;
  /** 95 % of that mean. */
  readonly lowBps: Bps;
  readonly highBps: Bps;
  /** One sigma of a single order around it. */
  readonly noiseBps: Bps;
  /** Whether an alarm still makes it err to the dear side. */
  readonly isCautious: boolean;
}

export interface EstimatorState {
  /** Orders seen, and those of them that still count. */
  readonly orders: number;
  readonly remembered: number;
  /** What the model says is multiplied by this, ± one sigma. */
  readonly level: number;
  readonly levelError: number;
  /** How many times as large as by the price alone the variance of one order is; ≥ 1. */
  readonly dispersion: number;
  readonly alarm: DriftAlarm | undefined;
  /** Over what is remembered. */
  readonly meanPredictedBps: Bps;
  readonly meanRealisedBps: Bps;
}

const SIGMAS_95 = 1.959964;
/** Beyond this many sigma an order counts as this many: one crash is no drift. */
const MOST_SIGMAS = 4;
/** Of a fit in which crashes are cut off; without any the first is the last. */
const ROUNDS = 4;
/** One order may not speak louder than this in the test, however small its noise. */
const MOST_WEIGHT = 1;
/** A drift discredits what the model came with. */
const DISCREDITED = 2;

/** One side of the test: what speaks for a change since the best moment for it to have begun. */
class Cusum {
  evidence = 0;
  /** Orders since then. */
  length = 0;

  /** @param weight by how many sigma the change would move this order. */
  add(weight: number, sigmas: number): number {
    const next = this.evidence + weight * sigmas - (weight * weight) / 2;
    this.evidence = Math.max(0, next);
    this.length = next > 0 ? this.length + 1 : 0;
    return this.evidence;
  }

  clear(): void {
    this.evidence = 0;
    this.length = 0;
  }
}

export class ImpactEstimator {
  readonly #model: ImpactModel;
  readonly #values: ParameterValues;
  readonly #settings: EstimatorSettings;
  /** What the bare model said, what was realised, and one sigma by the price; rings. */
  readonly #said: Float64Array;
  readonly #realised: Float64Array;
  readonly #sigma: Float64Array;
  readonly #dearer = new Cusum();
  readonly #cheaper = new Cusum();
  readonly #threshold: number;
  #orders = 0;
  #remembered = 0;
  #sinceFit = 0;
  #level = 1;
  #levelError: number;
  #dispersion = 1;
  #alarm: DriftAlarm | undefined;
  /** What an alarm holds the estimate at, at least: the level from before a cheaper one. */
  #floor = 0;

  constructor(
    model: ImpactModel,
    values: ParameterValues,
    settings: EstimatorSettings = ESTIMATOR_DEFAULTS,
  ) {
    const [fault] = settingsFaults(settings);
    if (fault !== undefined) invariant(false, fault);
    this.#model = model;
    this.#values = values;
    this.#settings = settings;
    [this.#said, this.#realised, this.#sigma] = rings(settings.window);
    this.#levelError = settings.priorError;
    // Two tests, each of which has a mean time to a false alarm of e^threshold or more.
    this.#threshold = Math.log(2 * settings.ordersPerFalseAlarm);
  }

  /** Holds a finished order against its prediction, and learns from it. */
  observe(observation: ImpactObservation): Result<JudgedOrder, readonly string[]> {
    const faults = observationFaults(observation);
    if (faults.length > 0) return err(faults);
    const slices = slicesOf(observation);
    const market = marketOf(observation);
    const said = this.#saidOf(slices, market);
    const sigma = priceRiskBps(slices, market.dailyVolatility, "through");
    const predictedBps = this.#level * said;
    const noiseBps = sigma * Math.sqrt(this.#dispersion);
    const { realisedBps } = observation;
    this.#remember(said, realisedBps, sigma);
    const alarm = this.#test(predictedBps, realisedBps, noiseBps);
    if (alarm !== undefined) this.#raise(alarm);
    this.#sinceFit++;
    const isDue = this.#sinceFit >= this.#settings.recalibrateEvery;
    if (isDue || alarm !== undefined) this.#recalibrate();
    const judged = { predictedBps, realisedBps, noiseBps };
    return ok(alarm === undefined ? judged : { ...judged, alarm });
  }

  /** What an order would cost now. */
  estimate(slices: readonly TradedSlice[], market: ImpactMarket): RealTimeEstimate {
    const said = this.#saidOf(slices, market);
    const isCautious = this.#alarm !== undefined;
    const error = said * this.#levelError;
    // Under an alarm: one sigma to the dear side, and not below what it was before.
    const level = isCautious ? Math.max(this.#floor, this.#level + this.#levelError) : this.#level;
    const impactBps = level * said;
    const half = SIGMAS_95 * error * (isCautious ? DISCREDITED : 1);
    const risk = priceRiskBps(slices, market.dailyVolatility, "through");
    return {
      impactBps,
      lowBps: Math.max(0, impactBps - half),
      highBps: impactBps + half,
      noiseBps: risk * Math.sqrt(this.#dispersion),
      isCautious,
    };
  }

  get state(): EstimatorState {
    let said = 0;
    let realised = 0;
    this.#forEach((p, r) => {
      said += p;
      realised += r;
    });
    const count = Math.max(1, this.#remembered);
    return {
      orders: this.#orders,
      remembered: this.#remembered,
      level: this.#level,
      levelError: this.#levelError,
      dispersion: this.#dispersion,
      alarm: this.#alarm,
      meanPredictedBps: (this.#level * said) / count,
      meanRealisedBps: realised / count,
    };
  }

  #saidOf(slices: readonly TradedSlice[], market: ImpactMarket): Bps {
    const { permanentBps, temporaryBps } = this.#model.impact(this.#values, slices, market);
    return permanentBps + temporaryBps;
  }

  #remember(said: Bps, realised: Bps, sigma: Bps): void {
    const at = this.#orders % this.#settings.window;
    this.#said[at] = said;
    this.#realised[at] = realised;
    this.#sigma[at] = sigma;
    this.#orders++;
    this.#remembered = Math.min(this.#settings.window, this.#remembered + 1);
  }

  /** Both tests on one order; the louder alarm where there is one. */
  #test(predicted: Bps, realised: Bps, noise: Bps): DriftAlarm | undefined {
    if (!(noise > 0 && predicted > 0)) return undefined;
    const raw = (realised - predicted) / noise;
    const sigmas = Math.max(-MOST_SIGMAS, Math.min(MOST_SIGMAS, raw));
    const { driftFactor } = this.#settings;
    const up = Math.min(MOST_WEIGHT, ((driftFactor - 1) * predicted) / noise);
    const down = Math.min(MOST_WEIGHT, ((1 - 1 / driftFactor) * predicted) / noise);
    const dearer = this.#dearer.add(up, sigmas);
    const cheaper = this.#cheaper.add(down, -sigmas);
    if (Math.max(dearer, cheaper) < this.#threshold) return undefined;
    const isDearer = dearer >= cheaper;
    const since = (isDearer ? this.#dearer : this.#cheaper).length;
    return { direction: isDearer ? "dearer" : "cheaper", order: this.#orders, since };
  }

  /** What was seen before the change no longer counts. */
  #raise(alarm: DriftAlarm): void {
    this.#floor = alarm.direction === "cheaper" ? Math.max(this.#floor, this.#level) : 0;
    this.#alarm = alarm;
    this.#remembered = Math.min(this.#remembered, Math.max(1, alarm.since));
    this.#dearer.clear();
    this.#cheaper.clear();
  }

  /**
   * The level by least squares, weighted by the noise of each order, crashes cut off, and shrunk
   * towards 1. The whole window is summed anew, so that no rounding is carried on: a few times
   * window/recalibrateEvery an order.
   */
  #recalibrate(): void {
    this.#sinceFit = 0;
    const prior = this.#settings.priorError * (this.#alarm === undefined ? 1 : DISCREDITED);
    let information = 0;
    this.#forEach((said, _, sigma) => {
      information += (said / sigma) ** 2;
    });
    let free = 1;
    for (let round = 0; round < ROUNDS; round++) {
      this.#dispersion = Math.max(1, this.#meanSquare(free));
      if (information > 0) free += this.#pull(free) / information;
    }
    const precision = 1 / (prior * prior) + information / this.#dispersion;
    const share = information / this.#dispersion / precision;
    this.#level = Math.max(0, 1 + share * (free - 1));
    this.#levelError = 1 / Math.sqrt(precision);
    if (this.#alarm !== undefined && this.#isSettled(this.#alarm)) {
      this.#alarm = undefined;
      this.#floor = 0;
    }
  }

  /** Orders that raised the alarm do not settle it: as many as a fit takes must have followed. */
  #isSettled({ order }: DriftAlarm): boolean {
    const { window, settledError, recalibrateEvery } = this.#settings;
    if (this.#orders - order < recalibrateEvery) return false;
    return this.#levelError <= settledError || this.#remembered === window;
  }

  /** Which way, and how hard, the residuals pull at a level; one beyond the crashes no harder. */
  #pull(level: number): number {
    const most = MOST_SIGMAS * Math.sqrt(this.#dispersion);
    let pull = 0;
    this.#forEach((said, realised, sigma) => {
      const residual = (realised - level * said) / sigma;
      pull += (said / sigma) * Math.max(-most, Math.min(most, residual));
    });
    return pull;
  }

  /** Mean of squared residuals in units of the price's own noise, crashes cut off. */
  #meanSquare(level: number): number {
    let squares = 0;
    let count = 0;
    this.#forEach((said, realised, sigma) => {
      const residual = (realised - level * said) / sigma;
      squares += Math.min(4 * MOST_SIGMAS * MOST_SIGMAS, residual * residual);
      count++;
    });
    // A few orders cannot tell: one is added that is as noisy as the price says.
    return (squares + 1) / (count + 1);
  }

  #forEach(visit: (said: Bps, realised: Bps, sigma: Bps) => void): void {
    const { window } = this.#settings;
    for (let back = this.#remembered; back >= 1; back--) {
      const at = (this.#orders - back) % window;
      visit(this.#said[at]!, this.#realised[at]!, this.#sigma[at]!);
    }
  }
}

const rings = (window: number): [Float64Array, Float64Array, Float64Array] => [
  new Float64Array(window),
  new Float64Array(window),
  new Float64Array(window),
];

/** Everything that is wrong with settings, in words; empty where they may be used. */
export function settingsFaults(settings: EstimatorSettings): readonly string[] {
  const faults: string[] = [];
  for (const name of ["window", "recalibrateEvery"] as const) {
    const value = settings[name];
    if (!(Number.isSafeInteger(value) && value >= 1 && value <= 1e7)) {
      faults.push(`${name} must be a whole number from 1 to 10,000,000`);
    }
  }
  for (const name of ["priorError", "settledError"] as const) {
    if (!(settings[name] > 0 && settings[name] < Infinity)) faults.push(`${name} must be over 0`);
  }
  for (const name of ["driftFactor", "ordersPerFalseAlarm"] as const) {
    if (!(settings[name] > 1 && settings[name] < Infinity)) faults.push(`${name} must be over 1`);
  }
  return faults;
}
