/**
 * Bybit stream: the public order book and trade messages of one instrument.
 *
 * The book: a snapshot, then deltas whose `u` rises by one; any snapshot replaces the book (`u` = 1
 * after a restart of the venue's service); a delta that does not follow is a gap, and the book is
 * unknown until the next snapshot. Frames and archives both carry these messages.
 */
import type { Instrument } from "../core/domain/instrument.ts";
import { Kind, OFF_BOOK, OFF_VOLUME } from "../core/market/columns.ts";
import {
  badLine,
  type CaptureContext,
  isId,
  isZero,
  LevelParser,
  levelRows,
  Levels,
  type Track,
} from "./capture.ts";
import type { BybitBookScanner } from "./frame-scanner.ts";
import { NOT_A_NUMBER, OFF_GRID } from "./grid-parser.ts";
import type { StreamCounts } from "./read-report.ts";

/** A message; every field is hostile until checked. */
export interface RawMessage {
  readonly topic?: unknown;
  readonly type?: unknown;
  readonly ts?: unknown;
  readonly cts?: unknown;
  readonly data?: unknown;
}

interface RawBook {
  readonly b?: unknown;
  readonly a?: unknown;
  readonly u?: unknown;
}

interface RawTrade {
  readonly T?: unknown;
  readonly S?: unknown;
  readonly v?: unknown;
  readonly p?: unknown;
  readonly i?: unknown;
  readonly BT?: unknown;
  readonly RPI?: unknown;
}

/** Trade ids that are remembered: duplicates come close together. */
const REMEMBERED_TRADES = 10_000;
/** Other depths that are noted: there are no more true ones. */
const MOST_DEPTHS = 10;

const BOOK_TOPIC = /^orderbook\.(?:rpi\.)?(\d{1,5})\.([^.]{1,60})$/;
const TRADE_TOPIC = /^publicTrade\.([^.]{1,60})$/;

/** What a topic carries: of a book the depth too. Undefined where it is neither book nor trades. */
export function topicOf(
  topic: string,
): { readonly symbol: string; readonly depth: string | undefined } | undefined {
  const [, depth, bookSymbol] = BOOK_TOPIC.exec(topic) ?? [];
  const symbol = bookSymbol ?? TRADE_TOPIC.exec(topic)?.[1];
  return symbol === undefined ? undefined : { symbol, depth };
}

export interface SavedStream {
  readonly instrument: Instrument;
  readonly counts: StreamCounts;
  readonly connection: string;
  readonly isTakenOver: boolean;
  readonly depth: string | undefined;
  readonly otherDepths: ReadonlySet<string>;
  readonly tradeIds: ReadonlySet<string>;
  readonly applied: number;
  readonly synchronised: boolean;
  readonly everSynchronised: boolean;
  readonly lastExchange: number;
}

export class BybitStream {
  readonly track: Track;
  /** Of the message in hand. */
  readonly bids = new Levels();
  readonly asks = new Levels();
  /** The connection that the book comes over. */
  connection = "";
  /**
   * Another connection takes over without a break: its first snapshot, where that is no newer than
   * what is known, is a duplicate and no new beginning; where it is newer, messages are missing.
   */
  isTakenOver = false;
  /** Levels per side of the book that is read: the first that came. Others are left out. */
  #depth: string | undefined;
  readonly #otherDepths = new Set<string>();
  readonly #context: CaptureContext;
  readonly #parser: LevelParser;
  readonly #tradeIds = new Set<string>();
  #applied = 0;
  #synchronised = false;
  #everSynchronised = false;
  #lastExchange = 0;

  constructor(track: Track, context: CaptureContext) {
    this.track = track;
    this.#context = context;
    this.#parser = new LevelParser(track.instrument, track.counts, context.position);
  }

  /** `localTime`: NaN where the format has none; the venue's sending time stands in for it. */
  book(depth: string, message: RawMessage, localTime: number, text: string): undefined {
    const { counts } = this.track;
    this.#depth ??= depth;
    if (depth !== this.#depth) return this.#leaveOut(depth);
    counts.bookMessages += 1;
    const { time } = this.#context;
    const sentTime = time.fromMillis(message.ts);
    const exchangeTime = message.cts === undefined ? sentTime : time.fromMillis(message.cts);
    const received = Number.isNaN(localTime) ? sentTime : localTime;
    const data: RawBook | null = typeof message.data === "object" ? message.data : null;
    const snapshot = message.type === "snapshot";
    const known = snapshot || message.type === "delta";
    if (data === null || !known || !isId(data.u) || Number.isNaN(exchangeTime + received)) {
      return badLine(this.#context, text, "is no order book message");
    }
    if (!this.#isNext(data.u, snapshot, exchangeTime, received)) return undefined;
    if (!this.#parser.levels(data.b, this.bids) || !this.#parser.levels(data.a, this.asks)) {
      // It is not applied, so the next delta will find that it does not follow.
      return badLine(this.#context, text, "has levels that are no numbers");
    }
    this.#apply(data.u, snapshot, exchangeTime, received);
    return undefined;
  }

  /** The same of a message that the scanner has read into `bids` and `asks`; false: not taken. */
  scanned(depth: string, message: BybitBookScanner): boolean {
    const { time } = this.#context;
    const { updateId, isSnapshot } = message;
    const sentTime = time.fromMillis(message.sent);
    const exchangeTime = message.matched < 0 ? sentTime : time.fromMillis(message.matched);
    if (depth !== this.#depth || Number.isNaN(exchangeTime + sentTime)) return false;
    this.track.counts.bookMessages += 1;
    if (this.#isNext(updateId, isSnapshot, exchangeTime, sentTime)) {
      this.#apply(updateId, isSnapshot, exchangeTime, sentTime);
    }
    return true;
  }

  #isNext(updateId: number, snapshot: boolean, exchangeTime: number, localTime: number): boolean {
    return snapshot
      ? !this.#isOld(updateId, exchangeTime, localTime)
      : this.#follows(updateId, exchangeTime, localTime);
  }

  save(): SavedStream {
    return {
      instrument: this.track.instrument,
      counts: this.track.counts,
      connection: this.connection,
      isTakenOver: this.isTakenOver,
      depth: this.#depth,
      otherDepths: this.#otherDepths,
      tradeIds: this.#tradeIds,
      applied: this.#applied,
      synchronised: this.#synchronised,
      everSynchronised: this.#everSynchronised,
      lastExchange: this.#lastExchange,
    };
  }

  restore(saved: SavedStream): void {
    this.connection = saved.connection;
    this.isTakenOver = saved.isTakenOver;
    this.#depth = saved.depth;
    for (const depth of saved.otherDepths) this.#otherDepths.add(depth);
    for (const id of saved.tradeIds) this.#tradeIds.add(id);
    this.#applied = saved.applied;
    this.#synchronised = saved.synchronised;
    this.#everSynchronised = saved.everSynchronised;
    this.#lastExchange = saved.lastExchange;
  }

  /** Whether the book is known. */
  get isSynchronised(): boolean {
    return this.#synchronised;
  }

  /** The connection was made anew: what was missed is not known. */
  reconnected(localTime: number): void {
    this.#break(this.#lastExchange, localTime, 0);
  }

  #break(exchangeTime: number, localTime: number, found: number): void {
    if (!this.#synchronised) return;
    const { counts, sink } = this.track;
    const expected = this.#applied + 1;
    counts.gaps.add(() => ({ ...this.#context.position, expected, found }));
    sink.begin("book", exchangeTime, localTime);
    sink.row(Kind.GAP, 0, 0);
    sink.end(found);
    this.#synchronised = false;
  }

  trades(message: RawMessage, localTime: number, text: string): undefined {
    if (!Array.isArray(message.data)) return badLine(this.#context, text, "is no trade message");
    for (const trade of message.data as unknown[]) {
      if (typeof trade !== "object" || trade === null || !this.#trade(trade, localTime)) {
        return badLine(this.#context, text, "is no trade message");
      }
    }
    return undefined;
  }

  /** `u` = 1: the venue's service has started anew, so that is never old. */
  #isOld(updateId: number, exchangeTime: number, localTime: number): boolean {
    const isFirst = this.isTakenOver;
    this.isTakenOver = false;
    if (!isFirst || !this.#synchronised || updateId === 1) return false;
    if (updateId > this.#applied || exchangeTime > this.#lastExchange) {
      // The connection before had fallen behind, or silent: what it did not bring is missing. Or
      // the service has started anew meanwhile, and counts from 1 again.
      this.#break(exchangeTime, localTime, updateId);
      return false;
    }
    this.track.counts.duplicates.bookMessages += 1;
    return true;
  }

  #follows(updateId: number, exchangeTime: number, localTime: number): boolean {
    const { counts } = this.track;
    const isKnown = updateId <= this.#applied && exchangeTime <= this.#lastExchange;
    if (this.#synchronised && isKnown) {
      counts.duplicates.bookMessages += 1;
      return false;
    }
    if (updateId !== this.#applied + 1) this.#break(exchangeTime, localTime, updateId);
    if (!this.#synchronised) counts.unsynchronised.bookMessages += 1;
    return this.#synchronised;
  }

  #apply(updateId: number, snapshot: boolean, exchangeTime: number, localTime: number): void {
    const { counts, sink } = this.track;
    sink.begin("book", exchangeTime, localTime);
    if (snapshot) {
      counts.snapshots.used += 1;
      sink.row(Kind.CLEAR, 0, 0);
    }
    levelRows(sink, Kind.BID, this.bids);
    levelRows(sink, Kind.ASK, this.asks);
    sink.end(updateId);
    this.#lastExchange = exchangeTime;
    this.#applied = updateId;
    this.#synchronised = true;
    this.#everSynchronised = true;
  }

  #trade(trade: RawTrade, localTime: number): boolean {
    const { counts, sink } = this.track;
    const exchangeTime = this.#context.time.fromMillis(trade.T);
    if (Number.isNaN(exchangeTime) || (trade.S !== "Buy" && trade.S !== "Sell")) return false;
    if (typeof trade.p !== "string" || typeof trade.v !== "string") return false;
    counts.trades += 1;
    if (typeof trade.i === "string" && !this.#isNew(trade.i)) {
      counts.duplicates.trades += 1;
      return true;
    }
    if (isZero(trade.p)) {
      counts.priceZeroTrades += 1;
      return true;
    }
    const price = this.#parser.price(trade.p);
    const quantity = this.#parser.quantity(trade.v);
    if (price === NOT_A_NUMBER || quantity === NOT_A_NUMBER) return false;
    if (price === OFF_GRID || quantity <= 0) return true;
    if (!this.#everSynchronised) {
      counts.unsynchronised.trades += 1;
      return true;
    }
    // Public books omit retail price improvement orders; block trades are no interval volume.
    const flags = trade.BT === true ? OFF_BOOK | OFF_VOLUME : trade.RPI === true ? OFF_BOOK : 0;
    sink.begin("trade", exchangeTime, localTime);
    sink.row((trade.S === "Buy" ? Kind.TRADE_BUY : Kind.TRADE_SELL) | flags, price, quantity);
    sink.end(0);
    return true;
  }

  #leaveOut(depth: string): undefined {
    if (this.#otherDepths.has(depth) || this.#otherDepths.size >= MOST_DEPTHS) return;
    this.#otherDepths.add(depth);
    const { instrument, counts } = this.track;
    counts.notes.push(
      `${instrument.symbol} is recorded with several depths; the book of ${this.#depth} levels ` +
        `is read, the one of ${depth} is left out.`,
    );
  }

  #isNew(id: string): boolean {
    const ids = this.#tradeIds;
    if (ids.has(id)) return false;
    ids.add(id.slice(0, 64));
    if (ids.size > REMEMBERED_TRADES) ids.delete(ids.values().next().value!);
    return true;
  }
}
