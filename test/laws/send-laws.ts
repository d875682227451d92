/**
 * Send laws: everything that must hold at the instant an order or an amendment is sent.
 */
import type { EngineCommand } from "../../src/core/domain/messages.ts";
import { asNumber, moneyOf, moneyText } from "./ledger.ts";
import type { Oracle, ParentBook } from "./oracle.ts";

/** Where something is measured from. */
export interface Pace {
  readonly at: number;
  /** Filled and open then, as a share of the parent. */
  readonly committed: number;
  /** Others' volume since the session began. */
  readonly volume: number;
}

type Sent = Extract<EngineCommand, { kind: "place-order" | "amend-order" }>;

interface Send {
  readonly isNew: boolean;
  readonly isImmediate: boolean;
  readonly price: number;
  /** Total quantity asked for, and how much of it was not asked for before. */
  readonly quantity: number;
  readonly more: number;
  readonly isWould: boolean;
  readonly isResidual: boolean;
}

const MICROS = 1e6;
const EPSILON = 1e-9;

export function checkSend(oracle: Oracle, output: Sent, now: number): void {
  const id =
    output.kind === "place-order" ? output.order.clientOrderId : output.amend.clientOrderId;
  const book = oracle.bookOf(id);
  const send = describe(oracle, book, output, now);
  checkState(oracle, book, send, now);
  checkQuantity(oracle, book, send);
  checkGrid(oracle, book, send);
  checkPrices(oracle, book, send);
  checkRates(oracle, book, send, now);
  checkParticipation(oracle, book, send, now);
  if (send.more > 0 && !send.isWould && !send.isResidual) {
    checkSchedule(oracle, book, now);
    checkAfterStall(oracle, book, now);
  }
  if (send.isNew && send.isImmediate) book.lastAggressiveAt = now;
}

function describe(oracle: Oracle, book: ParentBook, output: Sent, now: number): Send {
  const { side, constraints, deadline } = book.order;
  const { bid, ask } = oracle.fold;
  const would = constraints.wouldPrice;
  const isWould = would !== undefined && (side === "buy" ? ask <= would : bid >= would);
  const isResidual = now >= deadline;
  if (output.kind === "place-order") {
    const { order } = output;
    // The ledger learns of the order here, so that it counts from the moment it is sent.
    const sent = oracle.venue.announce(order);
    const { isImmediate } = sent;
    book.ledger.orders.push(sent);
    const { quantity } = order;
    return {
      isNew: true,
      isImmediate,
      price: sent.limit,
      quantity,
      more: quantity,
      isWould,
      isResidual,
    };
  }
  const { clientOrderId, limitPrice, quantity } = output.amend;
  const child = oracle.venue.orders.get(clientOrderId)!;
  const more = quantity - Math.max(child.quantity, ...child.amendsSent.map((it) => it.quantity));
  child.amendsSent.push(output.amend);
  return {
    isNew: false,
    isImmediate: false,
    price: limitPrice,
    quantity,
    more,
    isWould,
    isResidual,
  };
}

/** No decision on a book that cannot be trusted, in a pause, at the end, or too soon. */
function checkState(oracle: Oracle, book: ParentBook, send: Send, now: number): void {
  const { fold, limits } = oracle;
  const { order, phase } = book;
  const at = `${order.id} at ${now}`;
  oracle.require("7", fold.isHealthy(now, limits.staleAfter), `${at}: sent on a bad book`);
  oracle.require("7", !book.isPaused, `${at}: sent while an operator's pause holds`);
  oracle.require("8", !book.isEnding, `${at}: sent while ending (${phase})`);
  oracle.require("8", now >= order.startAt, `${at}: sent before the start`);
  oracle.require("2", !send.isNew || now >= book.notBefore, `${at}: sent while backing off`);
  const deviation =
    book.arrivalMid === undefined
      ? 0
      : ((order.side === "buy" ? 1 : -1) * (fold.bid + fold.ask - book.arrivalMid) * 1e4) /
        book.arrivalMid;
  oracle.require("7", deviation <= limits.benchmarkDeviationBps + EPSILON, `${at}: off benchmark`);
  if (!send.isResidual) return;
  book.residuals += 1;
  const { residual } = order.constraints;
  const isAllowed = send.isNew && send.isImmediate && residual !== "leave" && book.residuals === 1;
  oracle.require("5", isAllowed, `${at}: order ${book.residuals} behind the deadline, ${residual}`);
}

/** Laws 1 and 3: filled and everything that may still fill stay inside the parent. */
function checkQuantity(oracle: Oracle, book: ParentBook, send: Send): void {
  const { ledger, order } = book;
  const { quantity } = order;
  if (quantity.kind === "lots") {
    const worst = ledger.filled + ledger.open;
    const text = `${order.id}: ${ledger.filled} filled and ${ledger.open} open of ${quantity.lots}`;
    oracle.require("1", send.more <= 0 || worst <= quantity.lots, text);
    return;
  }
  const worst = ledger.spent + ledger.openMoney;
  const text = `${order.id}: ${asNumber(worst)} spent or open of ${quantity.quote}`;
  oracle.require("1", worst <= moneyText(quantity.quote), text);
}

function checkGrid(oracle: Oracle, book: ParentBook, send: Send): void {
  const { instrument } = oracle.market.header;
  const { price, quantity } = send;
  const at = `${book.order.id}: ${quantity} at ${price}`;
  oracle.require("4", Number.isSafeInteger(price) && price > 0, `${at} is off the tick`);
  oracle.require("4", Number.isSafeInteger(quantity) && quantity > 0, `${at} is off the lot`);
  oracle.require("4", quantity >= instrument.minLots, `${at} is under the least quantity`);
  oracle.require("4", quantity <= instrument.maxLimitLots, `${at} is over the largest quantity`);
  const { minNotional } = instrument;
  const least = minNotional.mantissa * 10n ** BigInt(24 - minNotional.scale);
  const worth = moneyOf(instrument, price, quantity);
  oracle.require("4", worth >= least, `${at} is worth ${asNumber(worth)}, under the minimum`);
  const most = oracle.limits.orderNotional * (1 + EPSILON);
  oracle.require("7", asNumber(worth) <= most, `${at} is worth ${asNumber(worth)}, over ${most}`);
}

function checkPrices(oracle: Oracle, book: ParentBook, send: Send): void {
  const { fold, limits } = oracle;
  const { side, constraints, maxSpreadToCross, id } = book.order;
  const { limitPrice } = constraints;
  const direction = side === "buy" ? 1 : -1;
  const isInside = limitPrice === undefined || direction * (send.price - limitPrice) <= 0;
  oracle.require("7", isInside, `${id}: ${send.price} is beyond the limit ${limitPrice}`);
  const own = side === "buy" ? fold.bid : fold.ask;
  if (!send.isImmediate) {
    oracle.require("7", direction * (send.price - own) <= 0, `${id}: passive beyond its own touch`);
    return;
  }
  const { bid, ask } = fold;
  oracle.require("7", constraints.mayCrossSpread || send.isResidual, `${id}: may not cross`);
  const spreadLimit = Math.min(maxSpreadToCross, limits.spreadToCrossBps);
  const spread = (2e4 * (ask - bid)) / (bid + ask);
  oracle.require("7", spread <= spreadLimit + EPSILON, `${id}: crossed ${spread} bps`);
  const reach = Math.min(spreadLimit, limits.orderImpactBps) / 1e4;
  const collar = ((bid + ask) / 2) * (1 + direction * reach);
  const isNear = direction * (send.price - collar) <= EPSILON * collar;
  oracle.require("7", isNear, `${id}: ${send.price} is beyond the collar ${collar}`);
  const shown = fold.shownWithin(side, send.price);
  oracle.require("7", shown >= send.quantity, `${id}: ${send.quantity} asked of ${shown} shown`);
}

function checkRates(oracle: Oracle, book: ParentBook, send: Send, now: number): void {
  const { limits, aggressiveTimes, amendTimes } = oracle;
  const { id } = book.order;
  const inMinute = (times: readonly number[]) =>
    times.filter((at) => at > now - 60 * MICROS).length;
  if (!send.isNew) {
    amendTimes.push(now);
    oracle.require("7", inMinute(amendTimes) <= limits.amendsPerMinute, `${id}: too many amends`);
  } else if (send.isImmediate) {
    const since = now - book.lastAggressiveAt;
    oracle.require("7", since >= limits.aggressiveSpacing, `${id}: ${since} µs after the last`);
    aggressiveTimes.push(now);
    const count = inMinute(aggressiveTimes);
    oracle.require(
      "7",
      count <= limits.ordersPerMinute,
      `${id}: ${count} crossing orders a minute`,
    );
  }
  const position = [...oracle.books.values()].reduce(
    (sum, it) => sum + (it.order.side === "buy" ? 1 : -1) * (it.ledger.filled + it.ledger.open),
    0,
  );
  const direction = book.order.side === "buy" ? 1 : -1;
  if (send.more <= 0 || position * direction <= 0) return;
  const worth = asNumber(moneyOf(oracle.market.header.instrument, send.price, Math.abs(position)));
  const most = limits.positionNotional * (1 + EPSILON);
  oracle.require("7", worth <= most, `${id}: a position of ${worth}, over ${most}`);
}

/** Own fills that the engine knows of by when it was told; everything else counts as working. */
function checkParticipation(oracle: Oracle, book: ParentBook, send: Send, now: number): void {
  const { constraints, id } = book.order;
  if (send.more <= 0) return;
  if (send.isResidual && constraints.residual === "cross-over-participation") return;
  const share = Math.min(oracle.limits.participation, constraints.maxParticipation ?? 1);
  if (share >= 1) return;
  const seconds = oracle.limits.participationWindow / MICROS;
  const second = Math.floor(now / MICROS);
  let own = 0;
  for (const { toldAt, quantity } of oracle.venue.executions) {
    if (toldAt === undefined || Math.floor(toldAt / MICROS) > second - seconds) own += quantity;
  }
  for (const { ledger } of oracle.books.values()) own += ledger.open;
  const allowed = (share / (1 - share)) * oracle.fold.volumeOver(now, seconds);
  const text = `${id}: own ${own} with this one, ${allowed} allowed`;
  oracle.require("7", own <= allowed + EPSILON, text);
}

/** The smallest steps that a schedule may be forced to, as a share of the parent. */
function leastStep(oracle: Oracle, book: ParentBook): { step: number; lots: number } {
  const { instrument } = oracle.market.header;
  const { quantity, minOrder } = book.order;
  const price = oracle.fold.bid;
  const perLot = asNumber(moneyOf(instrument, price, 1));
  const size = quantity.kind === "lots" ? quantity.lots : Number(quantity.quote) / perLot;
  const { minNotional } = instrument;
  const byNotional = Number(minNotional.mantissa) / 10 ** minNotional.scale / perLot;
  const least = Math.max(instrument.minLots, minOrder, 1);
  return { step: (2 * least + Math.max(byNotional, instrument.minLots) + 1) / size, lots: size };
}

const twapSlices = (spanMicros: number, interval: number, rest: number, least: number): number =>
  Math.max(1, Math.min(Math.round(spanMicros / interval), Math.floor(rest / Math.max(1, least))));

/** Share of a TWAP's rest that may be due, jitter and `ahead` slices counted against it. */
function twapShare(elapsed: number, slices: number, jitter: number, ahead: number): number {
  const x = Math.min(1, elapsed + (jitter / 2 + ahead) / slices);
  return (x * (1 + jitter)) / (x * (1 + jitter) + (1 - x) * (1 - jitter));
}

/**
 * Whether the oracle knows the pace: of TWAP and POV alone. What others may have due by now depends on
 * their curve; that their plans rise as they should is tested beside them, in strategies.test.ts.
 */
const isPaced = ({ order }: ParentBook): boolean =>
  order.strategy.name === "twap" || order.strategy.name === "pov";

/** Law 5: what is committed never runs ahead of the schedule, however late or small it is. */
function checkSchedule(oracle: Oracle, book: ParentBook, now: number): void {
  const { plan, order, ledger } = book;
  oracle.require("8", plan !== undefined, `${order.id}: sent before it arrived`);
  if (!isPaced(book)) return;
  const committed = ledger.committedShare(order);
  const due = dueShare(oracle, book, plan, now, { ahead: 2.5, volumes: 1, slack: 0 });
  const text = `${order.id}: ${committed} committed, at most ${due} due since ${plan.at}`;
  oracle.require("5", committed <= due + EPSILON, text);
}

/** Law 6: the minute after a stall sends what an even plan of the rest would, and no more. */
function checkAfterStall(oracle: Oracle, book: ParentBook, now: number): void {
  const { stall, order, ledger } = book;
  if (stall === undefined || now > stall.at + 60 * MICROS || !isPaced(book)) return;
  const committed = ledger.committedShare(order);
  const due = dueShare(oracle, book, stall, now, { ahead: 4, volumes: 4, slack: 4 });
  const text = `${order.id}: ${committed} committed, ${stall.committed} when the stall ended, at most ${due}`;
  oracle.require("6", committed <= due + EPSILON, text);
}

function dueShare(
  oracle: Oracle,
  book: ParentBook,
  from: Pace,
  now: number,
  give: { readonly ahead: number; readonly volumes: number; readonly slack: number },
): number {
  const { order } = book;
  const { parameters, name } = order.strategy;
  const interval = Number(parameters["intervalSeconds"]) * MICROS;
  const { step, lots } = leastStep(oracle, book);
  // Prices drift while a plan in money counts lots.
  const drift = order.quantity.kind === "notional" ? 1.15 : 1;
  const rest = Math.max(0, 1 - from.committed);
  const span = order.deadline - from.at;
  const least = Math.max(order.minOrder, oracle.market.header.instrument.minLots);
  const slices = twapSlices(span, interval, (rest * lots) / drift, least);
  if (name === "twap") {
    const jitter = Number(parameters["randomizeSize"]);
    const share = twapShare((now - from.at) / span, slices, jitter, give.ahead);
    return from.committed + drift * rest * share + step;
  }
  const cap = Math.min(oracle.limits.participation, order.constraints.maxParticipation ?? 1);
  const rate = Math.min(Number(parameters["rate"]), cap);
  const traded = ((rate / (1 - rate)) * (oracle.fold.volume - from.volume)) / lots;
  const even = rest * Math.min(1, interval / span);
  return from.committed + drift * (give.volumes * traded + give.slack * even) + step;
}
