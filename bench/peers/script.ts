/**
 * Script: the order script of `work.ts` on our simulated venue and our observer.
 *
 * The same parts as in a backtest (two books, two clocks, both latencies, queue, fees), driven by
 * a fixed rhythm instead of the engine with its gate and strategies: like for like with the
 * strategy loops of the peers. What must stay true: a look sees what had arrived by its own time,
 * and nothing later.
 */
import type { ClientOrderId, OrderReport } from "../../src/core/domain/child-order.ts";
import { lots, ticks } from "../../src/core/domain/units.ts";
import type { MarketBlock, MarketHeader } from "../../src/core/market/columns.ts";
import { Observer } from "../../src/core/market/observer.ts";
import { type BlockCursor, BlockFeed } from "../../src/runtime/block-feed.ts";
import { constantLatency } from "../../src/simulation/latency.ts";
import { ReplayVenue } from "../../src/simulation/replay-venue.ts";
import type { VenueAccount } from "../../src/simulation/venue-account.ts";
import type { Work } from "./work.ts";

/** One order's fill as the strategy sees it at a look: all executions since the look before. */
export interface SeenFill {
  readonly order: number;
  /** Microseconds since the Unix epoch, of the last of these executions. */
  readonly exchangeMicros: number;
  /** Of the last of these executions. */
  readonly priceTick: number;
  readonly lots: number;
}

/** One execution, for explaining differences. */
export type Execution = SeenFill;

export interface SentOrder {
  readonly order: number;
  readonly kind: "passive" | "aggressive";
  readonly side: "buy" | "sell";
  readonly priceTick: number;
}

/** What the strategy saw, summed up: two engines with equal sums have shown equal books. */
export interface Sums {
  readonly looks: number;
  readonly bidTicks: number;
  readonly askTicks: number;
  readonly bidLots: number;
  readonly askLots: number;
}

export interface ScriptOutcome {
  readonly rows: number;
  readonly sums: Sums;
  readonly orders: readonly SentOrder[];
  readonly fills: readonly SeenFill[];
  readonly executions: readonly Execution[];
}

/** An order as the strategy knows it. */
interface Known extends SentOrder {
  isOpen: boolean;
  newLots: number;
  lastPrice: number;
  lastMicros: number;
}

export function runScript(
  header: MarketHeader,
  blocks: Iterable<MarketBlock>,
  work: Work,
): ScriptOutcome {
  const run = new ScriptRun(header, blocks, work);
  const first = Number(work.firstLook - header.epochNanos);
  for (let look = 0; look < work.looks; look++) run.look(look, first + look * work.lookNanos);
  return run.finish();
}

class ScriptRun {
  readonly #work: Work;
  readonly #venue: ReplayVenue;
  readonly #account: VenueAccount;
  readonly #observer: Observer;
  readonly #venueSide: BlockCursor;
  readonly #engineSide: BlockCursor;
  readonly #known = new Map<ClientOrderId, Known>();
  readonly #orders: SentOrder[] = [];
  readonly #fills: SeenFill[] = [];
  readonly #executions: Execution[] = [];
  #passive: Known | undefined;
  #aggressive: Known | undefined;
  #looks = 0;
  #bidTicks = 0;
  #askTicks = 0;
  #bidLots = 0;
  #askLots = 0;

  constructor(header: MarketHeader, blocks: Iterable<MarketBlock>, work: Work) {
    this.#work = work;
    this.#venue = new ReplayVenue([
      {
        instrument: header.instrument,
        fees: { maker: "0.0002", taker: "0.0005", coin: "settle" },
        latency: constantLatency(work.entryNanos, work.responseNanos),
        queue: "risk-averse",
        seed: 1,
        epochNanos: header.epochNanos,
      },
    ]);
    this.#account = this.#venue.accounts[0]!;
    this.#observer = new Observer(header);
    const feed = new BlockFeed(blocks);
    this.#venueSide = feed.cursor();
    this.#engineSide = feed.cursor();
  }

  /** Everything up to local time `now`, then what the script does there. */
  look(number: number, now: number): void {
    this.#arriveAt(now);
    const { bid, ask, book } = this.#observer;
    this.#noteFills(this.#passive);
    this.#noteFills(this.#aggressive);
    if (bid === 0 || ask === 0) return;
    this.#looks += 1;
    this.#bidTicks += bid;
    this.#askTicks += ask;
    this.#bidLots += book.bids.get(bid);
    this.#askLots += book.asks.get(ask);
    this.#act(number, now, bid, ask);
  }

  finish(): ScriptOutcome {
    this.#arriveAt(Number.MAX_SAFE_INTEGER);
    this.#noteFills(this.#passive);
    this.#noteFills(this.#aggressive);
    return {
      rows: this.#observer.position,
      sums: {
        looks: this.#looks,
        bidTicks: this.#bidTicks,
        askTicks: this.#askTicks,
        bidLots: this.#bidLots,
        askLots: this.#askLots,
      },
      orders: this.#orders,
      fills: this.#fills,
      executions: this.#executions,
    };
  }

  #act(number: number, now: number, bid: number, ask: number): void {
    const work = this.#work;
    const side = Math.floor(number / work.sideEvery) % 2 === 0 ? "buy" : "sell";
    if (number % work.passiveEvery === 0) {
      this.#passive = this.#send("passive", side, side === "buy" ? bid : ask, now);
    } else if (number % work.passiveEvery === work.passiveFor && this.#passive?.isOpen === true) {
      this.#account.cancel(idOf(this.#passive.order), now);
    }
    if (number % work.aggressiveEvery === work.aggressiveAt) {
      const price = side === "buy" ? ask + work.slackTicks : bid - work.slackTicks;
      this.#aggressive = this.#send("aggressive", side, price, now);
    }
  }

  #send(kind: SentOrder["kind"], side: SentOrder["side"], priceTick: number, now: number): Known {
    const sent: SentOrder = { order: this.#orders.length + 1, kind, side, priceTick };
    this.#orders.push(sent);
    const known = { ...sent, isOpen: true, newLots: 0, lastPrice: 0, lastMicros: 0 };
    const clientOrderId = idOf(sent.order);
    this.#known.set(clientOrderId, known);
    const isPassive = kind === "passive";
    this.#account.place(
      {
        clientOrderId,
        side,
        quantity: lots(isPassive ? this.#work.passiveLots : this.#work.aggressiveLots),
        limitPrice: ticks(priceTick),
        timeInForce: isPassive
          ? { kind: "good-till-canceled", postOnly: true }
          : { kind: "immediate-or-cancel" },
      },
      now,
    );
    return known;
  }

  /**
   * No order of ours can be under way that is not sent yet and arrives before `now` + entry: so
   * far the venue may go. What it reports by `now` is known here. As in the simulated loop, it
   * need not go on while nothing could be reported.
   */
  #arriveAt(now: number): void {
    if (!this.#account.isIdle) this.#advanceVenue(now + this.#work.entryNanos);
    for (;;) {
      const { block, row } = this.#engineSide;
      if (block === undefined) break;
      const next = this.#observer.observe(block, row, block.length, now);
      this.#engineSide.advanceTo(next);
      if (next < block.length) break;
    }
    while (this.#account.nextReportAt <= now) {
      const { clientOrderId, report } = this.#account.takeReport();
      this.#takeIn(this.#known.get(clientOrderId)!, report);
    }
  }

  #advanceVenue(until: number): void {
    const venue = this.#venue;
    for (;;) {
      const { block, row } = this.#venueSide;
      if (block === undefined) {
        venue.finish(until);
        return;
      }
      const next = venue.advance(block, row, block.length, until);
      this.#venueSide.advanceTo(next);
      if (next < block.length && block.exchangeTime[next]! > until) return;
    }
  }

  #takeIn(known: Known, report: OrderReport): void {
    if (report.kind === "filled") {
      const { price, quantity, exchangeTime } = report.fill;
      known.newLots += quantity;
      known.lastPrice = price;
      known.lastMicros = exchangeTime;
      const { order } = known;
      const exchangeMicros = exchangeTime;
      this.#executions.push({ order, exchangeMicros, priceTick: price, lots: quantity });
    } else if (report.kind !== "accepted") {
      known.isOpen = false;
    }
  }

  #noteFills(known: Known | undefined): void {
    if (known === undefined || known.newLots === 0) return;
    const { order, lastMicros, lastPrice, newLots } = known;
    known.newLots = 0;
    this.#fills.push({ order, exchangeMicros: lastMicros, priceTick: lastPrice, lots: newLots });
  }
}

const idOf = (order: number): ClientOrderId => String(order) as ClientOrderId;
