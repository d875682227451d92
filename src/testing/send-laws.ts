/**
 * Send laws: everything that must hold at the instant an order or an amendment is sent.
 */
import type { EngineCommand } from "../core/domain/messages.ts";
import { asNumber, moneyOf, moneyText } from "./ledger.ts";
import type { Oracle, ParentBook } from "./oracle.ts";
import { checkAfterStall, checkSchedule } from "./pace.ts";

type Sent = Extract<EngineCommand, { kind: "place-order" | "amend-order" }>;

interface Send {
  readonly isNew: boolean;
  readonly isImmediate: boolean;
  readonly price: number;
  /** Total quantity asked for, and how much of it was not asked for before. */
  readonly quantity: number;
  readonly more: number;
  /** What the market sees of it: as much as the venue may still fill. */
  readonly shown: number;
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
  oracle.tally.sends += 1;
  for (const act of book.acts.splice(0)) oracle.tally[act] += 1;
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
      shown: quantity,
      isWould,
      isResidual,
    };
  }
  const { clientOrderId, limitPrice, quantity } = output.amend;
  const child = oracle.venue.orders.get(clientOrderId)!;
  oracle.require("7", !child.isImmediate, `${clientOrderId} takes, and was moved`);
  const more = quantity - Math.max(child.quantity, ...child.amendsSent.map((it) => it.quantity));
  child.amendsSent.push(output.amend);
  return {
    isNew: false,
    isImmediate: false,
    price: limitPrice,
    quantity,
    more,
    shown: quantity - child.filled,
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
  const deviation = deviationBps(oracle, book);
  oracle.require("7", deviation <= limits.benchmarkDeviationBps + EPSILON, `${at}: off benchmark`);
  if (!send.isResidual) return;
  book.residuals += 1;
  const { residual } = order.constraints;
  const isAllowed = send.isNew && send.isImmediate && residual !== "leave" && book.residuals === 1;
  oracle.require("5", isAllowed, `${at}: order ${book.residuals} behind the deadline, ${residual}`);
}

/** How far the mid is from the arrival price, in the costly direction. */
function deviationBps({ fold }: Oracle, { arrivalMid, order }: ParentBook): number {
  if (arrivalMid === undefined) return 0;
  const direction = order.side === "buy" ? 1 : -1;
  return (direction * (fold.bid + fold.ask - arrivalMid) * 1e4) / arrivalMid;
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
  if (!send.isImmediate) return checkResting(oracle, book, send);
  const { bid, ask } = fold;
  oracle.require("7", constraints.mayCrossSpread || send.isResidual, `${id}: may not cross`);
  const mayTake = book.tactic.cross !== "never" || send.isResidual || send.isWould;
  oracle.require("7", mayTake, `${id}: ${book.tactic.name} never crosses`);
  const spreadLimit = Math.min(maxSpreadToCross, limits.spreadToCrossBps);
  const spread = (2e4 * (ask - bid)) / (bid + ask);
  oracle.require("7", spread <= spreadLimit + EPSILON, `${id}: crossed ${spread} bps`);
  const reach = Math.min(spreadLimit, limits.orderImpactBps) / 1e4;
  const collar = ((bid + ask) / 2) * (1 + direction * reach);
  const isNear = direction * (send.price - collar) <= EPSILON * collar;
  oracle.require("7", isNear, `${id}: ${send.price} is beyond the collar ${collar}`);
  const shown = fold.shownWithin(side, send.price);
  if (book.tactic.marketOrders !== true)
    oracle.require("7", shown >= send.quantity, `${id}: ${send.quantity} asked of ${shown} shown`);
}

/** What rests: never across, never ahead of its peg, never more shown than displayed. */
function checkResting(oracle: Oracle, book: ParentBook, send: Send): void {
  const { bid, ask } = oracle.fold;
  const { order, tactic } = book;
  const direction = order.side === "buy" ? 1 : -1;
  const other = order.side === "buy" ? ask : bid;
  const at = `${order.id}: ${send.price} posted at ${bid}/${ask}`;
  oracle.require("7", direction * (send.price - other) < 0, `${at} crosses`);
  const own = order.side === "buy" ? bid : ask;
  const peg = tactic.peg === "mid" ? (bid + ask) / 2 : own;
  const best = peg - direction * tactic.behindTicks;
  const isBehind = direction * (send.price - best) <= 0 || send.price === 1;
  oracle.require("7", isBehind, `${at} is ahead of its peg ${best} (${tactic.name})`);
  if (send.isNew || send.more > 0) {
    const reach = Math.min(tactic.reachBps, oracle.limits.benchmarkDeviationBps);
    const deviation = deviationBps(oracle, book);
    oracle.require("7", deviation <= reach + EPSILON, `${at} is ${deviation} bps from arrival`);
  }
  const { minNotional, minLots } = oracle.market.header.instrument;
  const worth = Number(minNotional.mantissa) / 10 ** minNotional.scale;
  const perLot = asNumber(moneyOf(oracle.market.header.instrument, send.price, 1));
  const least = Math.max(minLots, order.minOrder, Math.ceil(worth / perLot));
  // An order takes along what would be left behind too small to be sent.
  const most = Math.max(tactic.display, least) + least;
  // A plan that begins anew may show less; what already rests is not cut down for it.
  oracle.require(
    "7",
    send.more <= 0 || send.shown <= most,
    `${at}: shows ${send.shown}, at most ${most}`,
  );
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
