/**
 * Order request: what a person has filled in, as a run takes it, with the desk's settings for what
 * they left out.
 */
import { parseDecimal } from "../../core/domain/decimal.ts";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import { type Instrument, parsePrice } from "../../core/domain/instrument.ts";
import type { ParentConstraints, StrategyChoice } from "../../core/domain/parent-order.ts";
import type { Micros, Ticks } from "../../core/domain/units.ts";
import { adviceTerms, NOBODY } from "../advice/advice-config.ts";
import type { ArrivalConfig } from "../config.ts";
import { parseDuration } from "../duration.ts";
import { adviceNow } from "../influence/influence-fit.ts";
import type { LiveRequest } from "../live/live-terms.ts";
import type { Plugin } from "../plugin.ts";
import type { DeskFault } from "./desk-terms.ts";
import type { OrderForm } from "./order-form.ts";

/** Of the desk. */
export interface RequestSettings {
  readonly config: ArrivalConfig;
  readonly seed: number;
  readonly plugins?: readonly Plugin[] | undefined;
}

export function requestOf(
  form: OrderForm,
  instrument: Instrument,
  settings: RequestSettings,
): Result<LiveRequest, DeskFault> {
  const { quantity, notional, side, reduceOnly, acceptInfeasible = false } = form;
  const amount = quantity ?? notional;
  if (amount === undefined || (quantity !== undefined && notional !== undefined)) {
    return refuse("give either a quantity or an amount of money (notional)");
  }
  if (!isAboveZero(amount)) return refuse(`${amount} is nothing to trade`);
  const over = spanOf("over", form.over);
  if (!over.ok) return over;
  const start = spanOf("startIn", form.startIn ?? "0s");
  if (!start.ok) return start;
  const constraints = constraintsOf(form, instrument);
  if (!constraints.ok) return constraints;
  const config = configOf(form, settings.config);
  if (!config.ok) return config;
  const { seed, plugins } = settings;
  return ok({
    side,
    quantity: amount,
    isNotional: notional !== undefined,
    over: over.value,
    start: start.value,
    constraints: constraints.value,
    acceptInfeasible,
    config: config.value,
    seed,
    ...(plugins === undefined ? {} : { plugins }),
    ...(reduceOnly === true ? { reduceOnly: true } : {}),
  });
}

function isAboveZero(text: string): boolean {
  const parsed = parseDecimal(text);
  return parsed.ok && parsed.value.mantissa > 0n;
}

const refuse = (text: string): Result<never, DeskFault> => err({ code: "DESK_ORDER", text });

/** No order is worked for longer. */
const LONGEST_MICROS = 366 * 86_400e6;

function spanOf(name: string, text: string): Result<Micros, DeskFault> {
  const parsed = parseDuration(text);
  if (!parsed.ok) return refuse(`${name}: ${text} is no span such as 90s, 30m, 4h`);
  if (name === "over" && !(parsed.value > 0)) return refuse("over: it needs some time");
  if (parsed.value > LONGEST_MICROS) return refuse(`${name}: ${text} is more than a year`);
  return parsed;
}

function constraintsOf(
  form: OrderForm,
  instrument: Instrument,
): Result<ParentConstraints, DeskFault> {
  const limit = priceOf("limit", form.limit, instrument);
  if (!limit.ok) return limit;
  const would = priceOf("iWould", form.iWould, instrument);
  if (!would.ok) return would;
  const { maxParticipation, residual = "leave" } = form;
  return ok({
    mayCrossSpread: true,
    residual,
    ...(limit.value === undefined ? {} : { limitPrice: limit.value }),
    ...(would.value === undefined ? {} : { wouldPrice: would.value }),
    ...(maxParticipation === undefined ? {} : { maxParticipation }),
  });
}

function priceOf(
  name: string,
  text: string | undefined,
  instrument: Instrument,
): Result<Ticks | undefined, DeskFault> {
  if (text === undefined) return ok(undefined);
  const parsed = parsePrice(instrument, text);
  if (parsed.ok) return parsed;
  const { error } = parsed;
  return refuse(
    error.code === "GRID_OFF_TICK"
      ? `${name}: ${text} is no multiple of the tick ${error.tickSize}`
      : `${name}: ${text} is no price of this instrument`,
  );
}

function configOf(form: OrderForm, config: ArrivalConfig): Result<ArrivalConfig, DeskFault> {
  const { urgency, isAdvised } = form;
  if (isAdvised === true && adviceTerms(config) === undefined) {
    return refuse("isAdvised: this desk was started without an advisor");
  }
  const { advice, execution } = config;
  return ok({
    ...config,
    strategy: choiceOf(form, config.strategy),
    execution: urgency === undefined ? execution : { ...execution, urgency },
    advice: isAdvised === false ? { ...advice, advisor: NOBODY } : adviceNow(advice),
  });
}

/** Another strategy or tactic than the desk's begins with its own parameters. */
function choiceOf(form: OrderForm, usual: StrategyChoice): StrategyChoice {
  const name = form.strategy ?? usual.name;
  const isUsual = name === usual.name;
  const parameters = form.parameters ?? (isUsual ? usual.parameters : {});
  const tactic =
    form.tactic === undefined
      ? isUsual
        ? usual.tactic
        : undefined
      : { name: form.tactic, parameters: form.tacticParameters ?? {} };
  return { name, parameters, ...(tactic === undefined ? {} : { tactic }) };
}
