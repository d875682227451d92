/**
 * Recovery: which models are planted with which parameters, and how often their intervals hold
 * them.
 *
 * Of a model whose parameters cannot all be told apart from costs, some are held, as `calibrate`
 * would hold them by itself or as a person must: the propagator's scale of time trades off against
 * its push and its exponent over any orders that last much longer.
 */
import type { ImpactModel, ParameterValues } from "../../src/impact/impact-model.ts";
import { valuesOf } from "../../src/impact/impact-model.ts";
import { impactModels } from "../../src/impact/registry.ts";
import { fitImpact } from "../../src/runtime/calibration/fit.ts";
import { plant } from "./planted.ts";

export interface Planted {
  readonly model: ImpactModel;
  readonly values: ParameterValues;
  /** By a person; what orders cannot tell apart is held anyway. */
  readonly hold: readonly string[];
  readonly seconds?: readonly [least: number, most: number];
}

const planted = (name: string, own: Partial<Omit<Planted, "model">> = {}): Planted => {
  const model = impactModels.get(name)!;
  return { model, hold: [], ...own, values: { ...valuesOf(model.parameters), ...own.values } };
};

export const PLANTED: readonly Planted[] = [
  planted("kyle"),
  planted("square-root"),
  planted("almgren-chriss"),
  planted("almgren-2005"),
  planted("power-law", { values: { exponent: 0.75 } }),
  planted("obizhaeva-wang", {
    values: { transient: 1_000, halfLifeSeconds: 60, permanent: 30 },
    seconds: [5, 1_800],
  }),
  planted("propagator", {
    values: { push: 1_000, permanent: 30 },
    hold: ["scaleSeconds"],
    seconds: [5, 1_800],
  }),
];

export const DAYS = 60;
export const ORDERS_PER_DAY = 20;

export interface Recovery {
  /** Of each parameter that was fitted: in how many runs its interval held the planted value. */
  readonly held: ReadonlyMap<string, number>;
  readonly runs: number;
  /** Runs without a fit, and why. */
  readonly failed: readonly string[];
}

export function recover(
  { model, values, hold, seconds }: Planted,
  runs: number,
  firstSeed: number,
): Recovery {
  const held = new Map<string, number>();
  const failed: string[] = [];
  const given = Object.fromEntries(hold.map((name) => [name, values[name]!]));
  for (let seed = firstSeed; seed < firstSeed + runs; seed++) {
    const when = seconds === undefined ? {} : { seconds };
    const orders = plant({
      model,
      values,
      days: DAYS,
      ordersPerDay: ORDERS_PER_DAY,
      seed,
      ...when,
    });
    const fit = fitImpact(model, orders, given);
    if ("code" in fit) {
      failed.push(fit.text);
      continue;
    }
    for (const { name, low, high } of fit.fitted) {
      const isInside = low <= values[name]! && values[name]! <= high;
      held.set(name, (held.get(name) ?? 0) + (isInside ? 1 : 0));
    }
  }
  return { held, runs, failed };
}
