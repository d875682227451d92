/**
 * Planted observations: orders whose cost follows a model with known parameters, under the noise
 * that real orders have.
 *
 * Each trades between half a hundredth and a quarter of the volume, for minutes or hours, on a day
 * whose volatility, volume and spread are its own. The cost is the model's plus what the price
 * did by itself: a drift that all orders of a day share, each with its own side, and a part of its
 * own with heavy tails (Student's t with four degrees of freedom), together as large as the price
 * risk. All of it is a function of the seed.
 */
import { streamOf, uniformAt } from "../../src/core/domain/random.ts";
import { micros } from "../../src/core/domain/units.ts";
import type { CalibrationObservation } from "../../src/runtime/calibration/calibration-observation.ts";
import {
  type ImpactModel,
  type ParameterValues,
  priceRiskBps,
  type TradedSlice,
} from "../../src/impact/impact-model.ts";

export interface Planting {
  readonly model: ImpactModel;
  readonly values: ParameterValues;
  readonly days: number;
  readonly ordersPerDay: number;
  readonly seed: number;
  /** How long orders last. */
  readonly seconds?: readonly [least: number, most: number];
  /** Of the price risk: 1 as in life. */
  readonly noise?: number;
}

const TWO_MINUTES_TO_TWELVE_HOURS = [120, 43_200] as const;

const DAY_MICROS = 86_400e6;
const SLICES = 8;
const FLOOR_BPS = 0.3;

export function plant(planting: Planting): readonly CalibrationObservation[] {
  const { model, values, days, ordersPerDay, seed, noise = 1 } = planting;
  const [least, most] = planting.seconds ?? TWO_MINUTES_TO_TWELVE_HOURS;
  const draw = dice(seed);
  const observations: CalibrationObservation[] = [];
  for (let day = 0; day < days; day++) {
    const market = {
      dailyVolatility: 0.03 * Math.exp(0.4 * draw.normal()),
      dailyVolume: 2e5 * Math.exp(0.4 * draw.normal()),
      spreadBps: 2 * Math.exp(0.5 * draw.normal()),
    };
    const drift = draw.normal();
    for (let k = 0; k < ordersPerDay; k++) {
      const rate = 0.25 * Math.exp(Math.log(0.02) * draw.uniform());
      const span = (least / 86_400) * (most / least) ** draw.uniform();
      const quantity = rate * market.dailyVolume * span;
      const schedule = scheduleOf(quantity, span, draw);
      const parts = model.impact(values, schedule, market);
      const isBuy = draw.uniform() < 0.5;
      const own = draw.heavy();
      const luck = noise * priceRiskBps(schedule, market.dailyVolatility, "through");
      const shared = isBuy ? drift : -drift;
      observations.push({
        kind: "own-run",
        market: "planted",
        at: micros(day * DAY_MICROS + k * 1e6),
        cluster: `day ${day}`,
        side: isBuy ? "buy" : "sell",
        quantity,
        days: span,
        schedule,
        ...market,
        realisedBps:
          parts.permanentBps +
          parts.temporaryBps +
          luck * (Math.sqrt(0.8) * own + Math.sqrt(0.2) * shared) +
          FLOOR_BPS * draw.normal(),
      });
    }
  }
  return observations;
}

/** Front-loaded, even or back-loaded: what heals between slices shows only where these differ. */
function scheduleOf(quantity: number, days: number, draw: Dice): readonly TradedSlice[] {
  const tilt = 2 * draw.uniform() - 1;
  const weights = Array.from({ length: SLICES }, (_, k) => 1 + tilt * ((2 * k) / (SLICES - 1) - 1));
  return weights.map((weight) => ({ quantity: (quantity * weight) / SLICES, days: days / SLICES }));
}

interface Dice {
  uniform(): number;
  normal(): number;
  /** Student's t with four degrees of freedom, scaled to a variance of one. */
  heavy(): number;
}

function dice(seed: number): Dice {
  const stream = streamOf("planted");
  let k = 0;
  const uniform = (): number => (uniformAt(seed, stream, k++) + 0.5 / 2 ** 32) % 1;
  const normal = (): number =>
    Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  return {
    uniform,
    normal,
    heavy: () => {
      const squares = normal() ** 2 + normal() ** 2 + normal() ** 2 + normal() ** 2;
      return normal() / Math.sqrt(squares / 4) / Math.SQRT2;
    },
  };
}
