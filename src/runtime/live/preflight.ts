/**
 * Preflight: what is looked at, and told in figures, before the first order of a live run is sent.
 *
 * Whether the engine would take the order on is the engine's own answer. Beside it stand the
 * account (margin, the distance to liquidation, what else is there), what the limits let through,
 * and the worst case. What must stay true: a check that cannot be made says so; it does not pass.
 */
import {
  formatHalfPrice,
  formatQuantity,
  type Instrument,
  priceEstimate,
} from "../../core/domain/instrument.ts";
import type { ParentOrder } from "../../core/domain/parent-order.ts";
import { type Lots, type Micros, lots } from "../../core/domain/units.ts";
import type { Engine } from "../../core/engine.ts";
import type { FeeRates } from "../../core/execution/instrument-state.ts";
import { strictest } from "../../core/execution/limits.ts";
import { parentLots } from "../../core/execution/terms.ts";
import { ASLEEP, type Observer } from "../../core/market/observer.ts";
import type { AccountSummary } from "../../venues/venue.ts";
import type { ArrivalConfig } from "../config.ts";
import { type Check, orderChecks, percent, submission, unitOf } from "../feasibility.ts";
import type { MarketFacts } from "../market-facts.ts";
import {
  accountAfter,
  isClosing,
  MAINTENANCE_MARGIN,
  type WorstCase,
  worstCaseOf,
} from "./worst-case.ts";

export interface PreflightCheck extends Check {
  /** Where it is not met, the run does not begin unless that is accepted knowingly. */
  readonly isRequired: boolean;
}

export interface Preflight {
  readonly order: ParentOrder;
  readonly checks: readonly PreflightCheck[];
  readonly worst: WorstCase;
  /** The worst case in a sentence. */
  readonly worstText: string;
}

export interface PreflightInput {
  readonly order: ParentOrder;
  readonly config: ArrivalConfig;
  readonly observer: Observer;
  readonly account: AccountSummary;
  readonly fees: FeeRates;
  readonly now: Micros;
  /** An engine that looks at the same market and works nothing: it is asked, and thrown away. */
  readonly probe: Engine;
}

/** Closer than this to being closed by force is no place to begin. */
const LEAST_DISTANCE = 0.1;
/** Under this share of its window a figure is not one. */
const LEAST_COVERAGE = 0.5;
/** What hangs on the day's volume or volatility, which a few seconds do not tell. */
const OF_THE_DAY = new Set(["participation", "volatility"]);
const BOOK_LEVELS = 5;
const UNSEEN = "not enough of the market has been seen; the gate looks at each order";

export function preflight(input: PreflightInput): Preflight {
  const { order, config, observer, account, fees, probe } = input;
  const market = probe.instruments[0]!;
  const { instrument } = market;
  const taken = submission(probe, order);
  Object.assign(market.wake, ASLEEP); // The observer is not to stop for an engine nobody runs.
  const quantity = lots(parentLots(order, market, observer.touch("sell")));
  const worst = worstCaseOf(instrument, order, quantity, observer.mid, config.limits, fees.taker);
  return {
    order,
    worst,
    worstText: worstText(instrument, order, worst),
    checks: [
      { ...taken, isRequired: true },
      ...accountChecks(instrument, input, worst),
      ...others(account, order, instrument, quantity),
      ...limitsChecks(input, quantity, instrument),
    ],
  };
}

/** Why the run must not begin; empty where it may. */
export const hindrances = ({ checks }: Preflight): readonly PreflightCheck[] =>
  checks.filter(({ isRequired, met }) => isRequired && met === false);

function accountChecks(
  instrument: Instrument,
  { order, account, observer }: PreflightInput,
  worst: WorstCase,
): readonly PreflightCheck[] {
  if (instrument.kind === "spot") return [spotBalance(instrument, order, account, worst)];
  const after = accountAfter(instrument, order, worst, observer.mid, account);
  const { margin, available, liquidationPrice, distance } = after;
  const coin = account.coin;
  const isRequired = order.reduceOnly !== true;
  return [
    {
      name: "margin",
      isRequired,
      met: margin <= available,
      text:
        `${amount(margin)} ${coin} at ${account.leverage}x, fees included, once all of it has ` +
        `filled; ${amount(available)} ${coin} is free`,
    },
    {
      name: "distance to liquidation",
      isRequired,
      met: distance === undefined ? true : distance >= LEAST_DISTANCE,
      text:
        liquidationPrice === undefined || distance === undefined
          ? "no price would close the position by force"
          : `about ${percent(distance)} (near ${amount(liquidationPrice)}), wanted ` +
            `${percent(LEAST_DISTANCE)}; estimated from the equity at a maintenance margin of ` +
            percent(MAINTENANCE_MARGIN),
    },
  ];
}

function spotBalance(
  instrument: Instrument,
  { side }: ParentOrder,
  { available, positionLots, coin }: AccountSummary,
  worst: WorstCase,
): PreflightCheck {
  const name = "balance";
  if (side === "sell") {
    const held = formatQuantity(instrument, lots(Math.max(0, positionLots)));
    const text = `holds ${held} ${instrument.base}`;
    return { name, isRequired: true, met: positionLots >= worst.quantity, text };
  }
  const needed = worst.notional + worst.fees;
  const text = `${amount(needed)} ${coin} at worst; ${available} ${coin} is free`;
  return { name, isRequired: true, met: needed <= Number(available), text };
}

function others(
  account: AccountSummary,
  order: ParentOrder,
  instrument: Instrument,
  quantity: Lots,
): readonly PreflightCheck[] {
  const { positionLots, positionMode, foreignOrders } = account;
  const checks: PreflightCheck[] = [];
  if (foreignOrders > 0) {
    const text = `${foreignOrders} orders rest here that are not of this run: they stay`;
    checks.push({ name: "other orders", isRequired: false, met: null, text });
  }
  if (instrument.kind === "spot") return checks;
  const closes = isClosing(account, order);
  const size = Math.abs(positionLots);
  const held = `${formatQuantity(instrument, lots(size))} ${unitOf(instrument)}`;
  if (positionLots !== 0) {
    const which = positionLots > 0 ? "long" : "short";
    const how =
      quantity < size ? "closes a part of it" : quantity > size ? "closes it first" : "closes it";
    const text = `${which} ${held}: the order ${closes ? how : "adds to it"}`;
    checks.push({ name: "position held", isRequired: false, met: null, text });
  }
  if (order.reduceOnly === true && !closes) {
    const text = "there is no position that it could reduce";
    checks.push({ name: "reduce only", isRequired: true, met: false, text });
  }
  const mayOnlyClose = positionMode === "hedge" || order.reduceOnly === true;
  if (closes && mayOnlyClose && quantity > size) {
    const text =
      `it can close what is held and no more: ${held}, and the order is for ` +
      formatQuantity(instrument, quantity);
    // What is only to reduce may want to take all there is, however much.
    const isRequired = order.reduceOnly !== true;
    checks.push({ name: "enough to close", isRequired, met: false, text });
  }
  return checks;
}

function limitsChecks(
  input: PreflightInput,
  quantity: Lots,
  instrument: Instrument,
): readonly PreflightCheck[] {
  const { order, config, observer, now, probe } = input;
  const { value: volume, coverage } = observer.volumeMinute(now);
  const hour = observer.volatilityHour;
  const isKnown = { participation: coverage, volatility: hour.coverage };
  const perMinute = coverage > 0 ? volume / coverage : 0;
  const hand = {
    order,
    quantity,
    heldLots: input.account.positionLots,
    span: (order.deadline - order.startAt) as Micros,
    facts: factsOf(instrument, observer, hour.value),
    limits: config.limits,
    effective: strictest(order, config.execution, config.limits, instrument),
    volumePerMicro: Math.max(perMinute, Number.MIN_VALUE) / 60e6,
  };
  return orderChecks(hand, probe).map(({ name, met, text }): PreflightCheck => {
    const seen = isKnown[name as keyof typeof isKnown];
    const isTold = !OF_THE_DAY.has(name) || seen >= LEAST_COVERAGE;
    return { name, isRequired: false, met: isTold ? met : null, text: isTold ? text : UNSEEN };
  });
}

const figure = (value: number, text: string) =>
  ({ value, relativeError: 0, origin: "measured", text }) as const;

/** What the observer can tell; the checks that want more are not made. */
function factsOf(instrument: Instrument, observer: Observer, perHour: number): MarketFacts {
  const { bid, ask, mid, book } = observer;
  return {
    instrument,
    mid,
    bid,
    ask,
    price: priceEstimate(instrument, mid),
    spreadBps: figure((2e4 * (ask - bid)) / (bid + ask), "the book now"),
    dailyVolatility: figure(perHour * Math.sqrt(24), "as seen so far"),
    dailyVolume: figure(0, "not known"),
    depth: {
      bid: lots(book.depth("buy", BOOK_LEVELS)),
      ask: lots(book.depth("sell", BOOK_LEVELS)),
      levels: BOOK_LEVELS,
    },
  };
}

function worstText(instrument: Instrument, { side }: ParentOrder, worst: WorstCase): string {
  const { quantity, price, isLimit, notional, fees, cost, costBps } = worst;
  const size = `${formatQuantity(instrument, quantity)} ${unitOf(instrument)}`;
  const why = isLimit ? "its limit" : "the collar around the arrival price";
  const beyond = side === "buy" ? "at up to" : "down to";
  return (
    `at worst it ${side === "buy" ? "buys" : "sells"} ${size} ${beyond} ` +
    `${formatHalfPrice(instrument, price)} (${why}): ${amount(notional)} ${instrument.quote} and ` +
    `${amount(fees)} in taker fees; ${amount(cost)} ${instrument.quote} (${costBps.toFixed(1)} ` +
    "bps) over the mid now"
  );
}

const amount = (value: number): string =>
  Math.abs(value) >= 1000
    ? Math.round(value).toLocaleString("en-US")
    : value.toLocaleString("en-US", { maximumSignificantDigits: 5 });
