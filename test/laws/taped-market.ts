/**
 * Taped market: a simulated market with an ear at its door.
 *
 * It keeps every row that the engine is given and when each order was sent. What must stay true: the
 * loop and the engine get exactly what they would get without it.
 */
import type { ClientOrderId } from "../../src/core/domain/child-order.ts";
import {
  ColumnsBuilder,
  type MarketBlock,
  type MarketHeader,
} from "../../src/core/market/columns.ts";
import type { BlockCursor } from "../../src/runtime/block-feed.ts";
import type { SimulatedAccount } from "../../src/runtime/simulated-lane.ts";
import type { SimulatedMarket } from "../../src/runtime/simulated-market.ts";
import type { SeenMarket } from "../../src/testing/market.ts";

/** Nanoseconds of the stream: long after everything. */
const LONG_AFTER = 1e15;

export class TapedMarket implements SimulatedMarket, SeenMarket {
  readonly header: MarketHeader;
  readonly lowestTick: number;
  readonly accounts: readonly [SimulatedAccount];
  readonly rows: BlockCursor;
  readonly isFixed: boolean;
  /** Local time at which each order was sent, nanoseconds of the stream. */
  readonly sentAt = new Map<ClientOrderId, number>();
  readonly #market: SimulatedMarket;
  readonly #tape: Tape;

  constructor(market: SimulatedMarket, header: MarketHeader, lowestTick: number) {
    this.#market = market;
    this.header = header;
    this.lowestTick = lowestTick;
    this.isFixed = market.isFixed;
    this.#tape = new Tape(market);
    this.rows = this.#tape;
    const { sentAt } = this;
    const account = market.accounts[0]!;
    this.accounts = [
      {
        minEntryLatency: account.minEntryLatency,
        minResponseLatency: account.minResponseLatency,
        get isIdle() {
          return account.isIdle;
        },
        get nextReportAt() {
          return account.nextReportAt;
        },
        takeReport: () => account.takeReport(),
        place(order, at) {
          sentAt.set(order.clientOrderId, at);
          account.place(order, at);
        },
        amend: (amend, at) => account.amend(amend, at),
        cancel: (id, at) => account.cancel(id, at),
      },
    ];
  }

  get block(): MarketBlock {
    return this.#tape.taped;
  }
  get isOver(): boolean {
    return this.#market.isOver;
  }
  get rowsKnownTo(): number {
    return this.#market.rowsKnownTo;
  }
  nextRowAt(now: number): number {
    return this.#market.nextRowAt(now);
  }
  advance(until: number): boolean {
    // A venue that has been at the end of time takes no more questions.
    return this.#market.advance(Math.min(until, LONG_AFTER - 1));
  }
  catchUp(engineTime: number): void {
    this.#market.catchUp(engineTime);
  }

  close(): void {
    // Whoever made it asks the venue one thing more, and closes it then: see `finalPosition`.
  }

  /**
   * The position as the venue has it, once all is over: an order that may only reduce, on the side
   * that would not, is refused with the position in the text.
   */
  finalPosition(expected: number): number {
    const account = this.#market.accounts[0]!;
    account.place(
      {
        clientOrderId: "probe" as ClientOrderId,
        side: expected >= 0 ? "buy" : "sell",
        quantity: this.header.instrument.minLots,
        timeInForce: { kind: "immediate-or-cancel" },
        reduceOnly: true,
      },
      LONG_AFTER,
    );
    for (let turn = 0; account.nextReportAt === Number.POSITIVE_INFINITY; turn++) {
      if (turn > 1e6) throw new Error("the venue does not answer any more");
      this.#market.advance(2 * LONG_AFTER);
    }
    const { report } = account.takeReport();
    this.#market.close();
    const text = report.kind === "rejected" ? report.text : report.kind;
    const told = /against a position of (-?\d+)/.exec(text)?.[1];
    if (told === undefined) throw new Error(`the venue told no position: ${text}`);
    return Number(told);
  }
}

class Tape implements BlockCursor {
  readonly #rows = new ColumnsBuilder(1 << 12);
  readonly #market: SimulatedMarket;
  #last: MarketBlock | undefined;
  #view: MarketBlock | undefined;

  constructor(market: SimulatedMarket) {
    this.#market = market;
  }

  get taped(): MarketBlock {
    return (this.#view ??= this.#rows.view());
  }

  get block(): MarketBlock | undefined {
    const { block } = this.#market.rows;
    if (block === undefined || block === this.#last) return block;
    this.#last = block;
    this.#view = undefined;
    const { exchangeTime, localTime, kind, price, quantity, length } = block;
    for (let row = 0; row < length; row++) {
      const what = kind[row]!;
      this.#rows.push(exchangeTime[row]!, localTime[row]!, what, price[row]!, quantity[row]!);
    }
    return block;
  }

  get row(): number {
    return this.#market.rows.row;
  }

  advanceTo(row: number): void {
    this.#market.rows.advanceTo(row);
  }
}
