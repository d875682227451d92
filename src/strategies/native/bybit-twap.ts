/**
 * Bybit's TWAP: a market order of equal size every interval, from the start.
 *
 * | parameter       | default | documented                                                     |
 * |-----------------|---------|----------------------------------------------------------------|
 * | intervalSeconds | 30      | 5, 10, 15, 30, 60 or 120; the duration is a multiple of it      |
 * | randomizeSize   | 0       | 0.2 is the documented `isRandom`: each order varies by ± 20 %   |
 *
 * What must stay true: no slice is further than `randomizeSize` from an even one (a lot apart), and
 * the last one brings the sum to the whole. A slice is tried twice; what is left of it then is
 * carried into the next, where the real one drops it.
 */
import type { BoundStrategy, Plan, StrategyView, Target } from "../../core/contracts/strategy.ts";
import { TOUCH } from "../../core/contracts/tactic.ts";
import { toNumber } from "../../core/domain/decimal.ts";
import { invariant } from "../../core/domain/errors.ts";
import { formatQuantity, notionalEstimate } from "../../core/domain/instrument.ts";
import { streamOf, uniformAt } from "../../core/domain/random.ts";
import { lots, type Lots, micros, MINUTE, NO_LOTS, SECOND } from "../../core/domain/units.ts";
import { numberOf, parameterFaults, type ParameterRules } from "../parameters.ts";
import { type NativeOrder, type NativeTerms, seconds } from "./native-order.ts";

type Json = Readonly<Record<string, unknown>>;

const RULES: ParameterRules = {
  intervalSeconds: { least: 5, most: 120, whole: true },
  randomizeSize: { least: 0, most: 0.2 },
};
const DEFAULTS = { intervalSeconds: 30, randomizeSize: 0 };
const INTERVALS = [5, 10, 15, 30, 60, 120];

const SHORTEST = micros(5 * MINUTE);
const LONGEST = micros(24 * 60 * MINUTE);
/** An order in a schedule is at least this many times the smallest worth … */
const NOTIONAL_MARGIN = 1.1;
/** … and at most this share of the largest market order. */
const LARGEST_SHARE = 0.5;

const intervalOf = (parameters: Json): number =>
  numberOf(parameters, DEFAULTS, "intervalSeconds") * SECOND;

const faultsOf = (parameters: Json) => {
  const faults = parameterFaults(parameters, RULES);
  if (faults.length > 0 || INTERVALS.includes(intervalOf(parameters) / SECOND)) return faults;
  return [{ path: "intervalSeconds", text: `must be one of ${INTERVALS.join(", ")}` }];
};

export const bybitTwap: NativeOrder = {
  strategy: {
    name: "bybit-twap",
    summary:
      "Bybit's own TWAP, emulated: equal market orders at even times; a baseline, not for trading.",
    defaults: DEFAULTS,
    check: faultsOf,
    bind(parameters, plan): BoundStrategy {
      invariant(faultsOf(parameters).length === 0, "bybit-twap: unchecked parameters");
      const due = layOut(parameters, plan);
      const tactic = {
        ...TOUCH,
        name: "bybit-twap",
        cross: "at-once",
        marketOrders: true,
      } as const;
      return { tactic, target: (view) => targetAt(due, intervalOf(parameters), plan, view) };
    },
  },
  refuse: refusal,
  // Half an interval: a slice that did not fill is tried once more before the next one is due.
  spacing: (parameters) => micros(intervalOf(parameters) / 2),
  window: () => seconds(60),
};

/** Cumulative targets, one a slice. */
function layOut(parameters: Json, plan: Plan): readonly Lots[] {
  const count = Math.max(1, Math.round((plan.until - plan.from) / intervalOf(parameters)));
  const jitter = numberOf(parameters, DEFAULTS, "randomizeSize");
  const even = plan.quantity / count;
  const [least, most] = [even * (1 - jitter), even * (1 + jitter)];
  const stream = streamOf(`bybit-twap-size:${plan.parentId}`);
  const due: Lots[] = [];
  let rest: number = plan.quantity;
  for (let k = 0; k < count; k++) {
    const after = count - 1 - k;
    const drawn = least + (most - least) * uniformAt(plan.seed, stream, k);
    // What is left must be within reach of the slices that are left.
    const size = Math.min(Math.max(drawn, rest - most * after), rest - least * after);
    rest = after === 0 ? 0 : Math.max(0, rest - size);
    due.push(lots(plan.quantity - Math.ceil(rest)));
  }
  return due;
}

function targetAt(
  due: readonly Lots[],
  interval: number,
  plan: Plan,
  { now }: StrategyView,
): Target {
  if (now < plan.from) {
    const reason = "the order has not begun";
    return { quantity: NO_LOTS, sliceFrom: now, sliceUntil: plan.from, reason };
  }
  const slice = Math.min(due.length - 1, Math.floor((now - plan.from) / interval));
  const isLast = slice === due.length - 1;
  return {
    quantity: due[slice]!,
    sliceFrom: micros(plan.from + slice * interval),
    sliceUntil: isLast ? plan.until : micros(plan.from + (slice + 1) * interval),
    reason: `order ${slice + 1} of ${due.length}`,
  };
}

function refusal(parameters: Json, terms: NativeTerms): string | undefined {
  const { instrument, quantity, price, over } = terms;
  if (over < SHORTEST || over > LONGEST) {
    return "takes 5 minutes to 24 hours";
  }
  const interval = intervalOf(parameters);
  if (over % interval !== 0) return `wants a duration in multiples of its ${interval / SECOND} s`;
  const each = lots(Math.floor(quantity / (over / interval)));
  const text = `would send orders of ${formatQuantity(instrument, each)}`;
  const worth = each === 0 ? 0 : notionalEstimate(instrument, price, each);
  if (each < instrument.minLots || worth < NOTIONAL_MARGIN * toNumber(instrument.minNotional)) {
    return `${text}, under its minimum: a larger order, or a longer interval`;
  }
  if (each <= LARGEST_SHARE * instrument.maxMarketLots) return undefined;
  return `${text}, over half of the largest market order: a smaller order, or more time`;
}
