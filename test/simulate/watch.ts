/**
 * Watch: what must hold at every instant of a run, whatever its faults.
 *
 * It sees what the exchange has in its books, what the engine was told and asked for, and what left
 * the process. What must stay true: nothing of it comes from what the adapter believes; and what it
 * finds is kept, because whoever called it may catch what is thrown.
 */
import { compareDecimal } from "../../src/core/domain/decimal.ts";
import { notional } from "../../src/core/domain/instrument.ts";
import type { EngineEvent, EngineOutput } from "../../src/core/domain/messages.ts";
import { atTick } from "../../src/core/domain/units.ts";
import type { Engine } from "../../src/core/engine.ts";
import type { ParentState } from "../../src/core/execution/parent-state.ts";
import type { VirtualTime } from "../../src/data/network/virtual-time.ts";
import type { ArrivalConfig } from "../../src/runtime/config.ts";
import type { JournalRecord } from "../../src/runtime/journal/journal.ts";
import { FOREIGN } from "./exchange.ts";
import { type SimulatedMarket, touchText } from "./market.ts";
import { PARENT, PREFIX } from "./program.ts";
import { termsText, type Truth } from "./truth.ts";

type Place = Extract<EngineOutput, { readonly kind: "place-order" }>;

const MICROS = 1e6;
/** What the clock of the exchange is known by, and the way here. */
const BOOK_SLACK_NANOS = 0.5e9;
const SLACK_NANOS = 2e9;
/** From being stamped to being seen here. */
const SLOWEST_MICROS = 100_000;
/** What Bybit takes in a second, of one kind of request and account. */
const COMMANDS_A_SECOND = 10;
const QUESTIONS_A_SECOND = 50;

const COMMANDS = new Set(["/v5/order/create", "/v5/order/amend", "/v5/order/cancel"]);

interface Amended {
  /** Undefined: of something else, or refused. */
  readonly quantity: number | undefined;
  /** Filled and open when it was heard. */
  readonly worst: number;
}

type Amendment = Extract<EngineEvent, { kind: "parent-amended" }>;

const lotsAsked = ({ amendment }: Amendment): number | undefined =>
  amendment.quantity?.kind === "lots" ? amendment.quantity.lots : undefined;

export class Watch {
  /** The first thing that did not hold. */
  broken: string | undefined;
  orders = 0;
  /** New orders that left the process, by client order id. */
  readonly sent = new Map<string, number>();
  readonly #time: VirtualTime;
  readonly #truth: Truth;
  readonly #market: SimulatedMarket;
  readonly #config: ArrivalConfig;
  readonly #asked: number;
  /** Operators' amendments, in their order; how many of them were heard, and are durable. */
  #amended: Amended[] = [];
  #amendedHeard = 0;
  #amendedDurably = 0;
  #lastEventAt = 0;
  #lastAggressiveAt = Number.NEGATIVE_INFINITY;
  readonly #aggressiveAt: number[] = [];
  readonly #amendedAt: number[] = [];
  /** When requests of each kind left this process, in the last second. */
  readonly #leftAt = new Map<string, number[]>();
  /** The last event's time of the process before. */
  #heldAt = Number.NEGATIVE_INFINITY;
  /** Its clock less the true one, microseconds: the most that it was in this process. */
  #ahead = Number.NEGATIVE_INFINITY;

  constructor(
    time: VirtualTime,
    truth: Truth,
    market: SimulatedMarket,
    config: ArrivalConfig,
    asked: number,
  ) {
    this.#time = time;
    this.#truth = truth;
    this.#market = market;
    this.#config = config;
    this.#asked = asked;
    truth.onChange = () => this.#books();
  }

  demand(holds: boolean, text: string): void {
    if (!holds) this.broken ??= text;
  }

  /** As many lots may be filled or open now. */
  get most(): number {
    let most = this.#asked;
    for (const { quantity, worst } of this.#amended) {
      if (quantity !== undefined) most = Math.max(quantity, Math.min(most, worst));
    }
    return most;
  }

  /** What a process had heard and not made durable was never heard. */
  died(): void {
    this.#amended.length = this.#amendedDurably;
    this.#amendedHeard = this.#amendedDurably;
    this.#lastAggressiveAt = Number.NEGATIVE_INFINITY;
    this.#leftAt.clear();
    this.#heldAt = this.#lastEventAt;
    this.#ahead = Number.NEGATIVE_INFINITY;
  }

  /** A request leaves: never more of a kind than the venue allows. */
  asks(kind: string): void {
    const { now } = this.#time;
    const times = this.#leftAt.get(kind) ?? [];
    this.#leftAt.set(kind, times);
    while (times.length > 0 && times[0]! <= now - 1e9) times.shift();
    times.push(now);
    const most = COMMANDS.has(kind) ? COMMANDS_A_SECOND : QUESTIONS_A_SECOND;
    this.demand(times.length <= most, `${times.length} of ${kind} within a second, of ${most}`);
  }

  /** A new order has left the process. */
  left(clientOrderId: string): void {
    const count = 1 + (this.sent.get(clientOrderId) ?? 0);
    this.sent.set(clientOrderId, count);
    this.demand(count === 1, `order ${clientOrderId} was sent ${count} times`);
  }

  committed({ kind, body }: JournalRecord): void {
    if (kind !== "event") return;
    const event = JSON.parse(body) as EngineEvent;
    const { time } = event;
    if (event.kind === "parent-amended") this.#amendDurably(event);
    this.demand(time >= this.#lastEventAt, `time falls: ${time} after ${this.#lastEventAt}`);
    this.#lastEventAt = time;
  }

  /** A process may die of what it has made durable, before anybody hears of it. */
  #amendDurably(event: Amendment): void {
    const quantity = lotsAsked(event);
    this.#amended[this.#amendedDurably] ??= { quantity, worst: Number.POSITIVE_INFINITY };
    this.#amendedDurably += 1;
  }

  stepped(event: EngineEvent, outputs: readonly EngineOutput[], engine: Engine | undefined): void {
    this.#checkPace(event.time);
    const parent = engine?.parents.get(PARENT);
    if (event.kind === "parent-amended") {
      const isRefused = outputs.some((output) => output.kind === "parent-refused");
      const quantity = isRefused ? undefined : lotsAsked(event);
      this.#amended[this.#amendedHeard] = { quantity, worst: this.#worstOf(parent) };
      this.#amendedHeard += 1;
    }
    if (event.kind === "order-reported" && event.report.kind === "amended") {
      const { limitPrice: price, quantity } = event.report;
      const told = termsText({ price, quantity });
      const had = this.#truth.terms.get(event.clientOrderId)?.has(told) === true;
      this.demand(had, `${event.clientOrderId} was told to be amended to ${told}, and never was`);
    }
    for (const output of outputs) {
      if (output.kind === "place-order") this.#placed(output, event.time, engine);
      if (output.kind === "raise-alert" && output.code === "POSITION_DIFFERS") {
        // All that moves the account here is told: ours, and what others trade.
        this.demand(false, `halted for nothing: ${output.text}`);
      }
      if (output.kind !== "amend-order") continue;
      this.#amendedAt.push(event.time);
      this.#rate("amendments", this.#amendedAt, event.time, this.#config.limits.amendsPerMinute);
    }
  }

  /** After anything has changed in the exchange's books. */
  #books(): void {
    const { filled, open } = this.#truth.exposure(PREFIX);
    const { most } = this;
    const text = `${filled} lots filled and ${open} open of ${most}`;
    this.demand(filled <= most, `more filled than asked for: ${text}`);
    this.demand(filled + open <= most, `more at the exchange than asked for: ${text}`);
  }

  #worstOf(parent: ParentState | undefined): number {
    const { filled, open } = this.#truth.exposure(PREFIX);
    let worst = parent?.filled ?? 0;
    for (const { quantity, pendingAmend, cumulative } of parent?.live ?? []) {
      worst += Math.max(quantity, pendingAmend?.quantity ?? 0) - cumulative;
    }
    return Math.max(worst, filled + open);
  }

  #placed({ order }: Place, now: number, engine: Engine | undefined): void {
    if (engine !== undefined) this.#checkBook(engine);
    if (engine !== undefined) this.#checkParticipation(engine, order, now);
    const { instrument } = this.#market;
    const { limits } = this.#config;
    const { clientOrderId: id, quantity, limitPrice, timeInForce } = order;
    this.orders += 1;
    const isLots = Number.isSafeInteger(quantity) && quantity >= instrument.minLots;
    this.demand(isLots, `${id}: ${quantity} lots are off the grid`);
    if (limitPrice !== undefined) {
      const isTicks = Number.isSafeInteger(limitPrice) && limitPrice > 0;
      this.demand(isTicks, `${id}: ${limitPrice} ticks are off the grid`);
      const worth = notional(instrument, atTick(limitPrice), quantity);
      const isWorth = compareDecimal(worth, instrument.minNotional) >= 0;
      this.demand(isWorth, `${id}: ${quantity} lots at ${limitPrice} are under the least worth`);
    }
    if (timeInForce.kind === "good-till-canceled") return;
    const since = now - this.#lastAggressiveAt;
    const isSpaced = since >= limits.aggressiveSpacing;
    this.demand(isSpaced, `${id}: ${since} µs after the last crossing order`);
    this.#lastAggressiveAt = now;
    this.#aggressiveAt.push(now);
    this.#rate("crossing orders", this.#aggressiveAt, now, limits.ordersPerMinute);
  }

  /** No clock of a process falls behind, however the wall is set. */
  #checkPace(at: number): void {
    // Where the wall was set back meanwhile, a new process waits for it at the last one's time.
    if (at <= this.#heldAt) return;
    const ahead = at - this.#time.now / 1_000;
    this.#ahead = Math.max(this.#ahead, ahead);
    const behind = this.#ahead - ahead;
    this.demand(behind < SLOWEST_MICROS, `its clock fell behind by ${behind} µs`);
  }

  /** No decision from a book that never was: what was missed must have been noticed. */
  #checkBook({ instruments }: Engine): void {
    const { bids, asks } = instruments[0]!.observer.book;
    const seen = touchText(bids.best, bids.get(bids.best), asks.best, asks.get(asks.best));
    const { now } = this.#time;
    const last = this.#market.touches.findLast(({ at, text }) => at <= now && text === seen);
    if (last === undefined) return this.demand(false, `decided on a book that never was: ${seen}`);
    const age = now - last.at;
    // It may come so late, and then be the last for so long.
    const oldest = 2 * this.#config.limits.staleAfter * 1_000 + BOOK_SLACK_NANOS;
    const text = `decided on a book of ${age / 1e9} s ago, ${oldest / 1e9} s at most: ${seen}`;
    this.demand(age <= oldest, text);
  }

  /** Own volume and what is open, this order with it, against what others truly traded. */
  #checkParticipation({ parents }: Engine, order: Place["order"], now: number): void {
    const { deadline, constraints } = parents.get(PARENT)!.order;
    const isFree = constraints.residual === "cross-over-participation" && now >= deadline;
    const { participation: share, participationWindow } = this.#config.limits;
    if (isFree || share >= 1) return;
    const window = participationWindow * 1_000;
    const upTo = this.#time.now;
    // A window counts whole seconds: of ours the least, of others the most that may be in it.
    const own = this.#truth.filledSince(PREFIX, window - SLACK_NANOS, upTo);
    const { open } = this.#truth.exposure(PREFIX);
    const others = this.#market.trades.reduce(
      (sum, { at, quantity }) =>
        at <= upTo && at > upTo - window - SLACK_NANOS ? sum + quantity : sum,
      0,
    );
    const byHand = this.#truth.filledSince(FOREIGN, window + SLACK_NANOS, upTo);
    const all = own + open + order.quantity;
    const allowed = (share / (1 - share)) * (others + byHand);
    const text = `${order.clientOrderId}: ${all} lots of ours against ${others} of others`;
    this.demand(all <= allowed + 1e-6, `${text}, ${allowed} allowed`);
  }

  #rate(what: string, times: number[], now: number, most: number): void {
    while (times.length > 0 && times[0]! <= now - 60 * MICROS) times.shift();
    this.demand(times.length <= most, `${times.length} ${what} within a minute, of ${most}`);
  }
}
