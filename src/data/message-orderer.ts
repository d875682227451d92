/**
 * Message orderer: one instrument's messages into the one order that serves engine and venue, as
 * they come.
 *
 * It holds back what a later message may still overtake, and hands out the rest. As long as no
 * message is later than the horizon, by either clock, the rows are those that ordering the whole
 * recording at once would give (ordering.ts says why the two orders may be cut). A later one keeps
 * its place in the file but gets the least times at which both orders still rise, and is counted.
 * What must stay true: no message is dropped, and what has been handed out never changes.
 */
import { LAST, type MarketBlock } from "../core/market/columns.ts";
import type { MarketSink } from "./capture.ts";
import { allocateColumns, copyRows, type OwnedBlock } from "./event-file/rows.ts";
import { orderMessages, orderSettled } from "./ordering.ts";
import type { StreamCounts } from "./read-report.ts";

export interface OrdererOptions {
  readonly counts: StreamCounts;
  /** How late a message may come and still find its place, nanoseconds. */
  readonly horizonNanos: number;
  /** Whole messages, in order; valid only during the call. */
  readonly onBlock: (block: MarketBlock) => void;
  /**
   * Rows that are held at most, by a message or so: where both orders never agree for so long, all
   * that is held is handed out as if the stream ended there, and what comes is late if it is older.
   */
  readonly mostHeld?: number;
  /** Rows that come before it is looked again what may be handed out. */
  readonly stepRows?: number;
}

/** How late the messages of a file may come: far more than any recorder or venue was seen to be. */
export const FILE_HORIZON_NANOS = 60e9;
const MOST_HELD = 4 << 20;
const STEP_ROWS = 1 << 13;
/** Rows that are handed out at once, unless one message has more. */
const BLOCK_ROWS = 1 << 16;
/** Room to begin with: it grows. */
const FIRST_ROWS = 1 << 10;

/** What an orderer remembers but for the rows that it holds. */
const beginning = (stepRows: number) => ({
  /** Held rows at which it is looked again what may be handed out. */
  nextLook: stepRows,
  bookExchange: Number.NEGATIVE_INFINITY,
  bookLocal: Number.NEGATIVE_INFINITY,
  tradeExchange: Number.NEGATIVE_INFINITY,
  /** The least and the greatest that came. */
  firstExchange: Number.POSITIVE_INFINITY,
  lastExchange: Number.NEGATIVE_INFINITY,
  lastLocal: Number.NEGATIVE_INFINITY,
  leastLatency: Number.POSITIVE_INFINITY,
  /** The greatest that was handed out. */
  outExchange: Number.NEGATIVE_INFINITY,
  outLocal: Number.NEGATIVE_INFINITY,
  messages: 0,
  rowsTaken: 0,
  rows: 0,
});

/** All of it, as plain values: to go on in another process. */
export interface OrdererState {
  readonly at: ReturnType<typeof beginning>;
  readonly exchange: Float64Array;
  readonly local: Float64Array;
  readonly starts: Int32Array;
  readonly kind: Uint8Array;
  readonly price: Int32Array;
  readonly quantity: Float64Array;
}

export class MessageOrderer implements MarketSink {
  readonly #counts: StreamCounts;
  readonly #horizon: number;
  readonly #mostHeld: number;
  readonly #stepRows: number;
  readonly #onBlock: (block: MarketBlock) => void;
  /** Rows that are held, in the order in which they came; of the times, nothing is kept here. */
  #held: OwnedBlock = { ...allocateColumns(FIRST_ROWS), length: 0 };
  #messages = 0;
  #exchange = new Float64Array(FIRST_ROWS);
  #local = new Float64Array(FIRST_ROWS);
  /** First row of each message. */
  #starts = new Int32Array(FIRST_ROWS);
  #out: OwnedBlock = { ...allocateColumns(FIRST_ROWS), length: 0 };
  /** Of the message in hand. */
  #exchangeTime = 0;
  #localTime = 0;
  #at: ReturnType<typeof beginning>;

  constructor(options: OrdererOptions) {
    this.#counts = options.counts;
    this.#horizon = options.horizonNanos;
    this.#mostHeld = options.mostHeld ?? MOST_HELD;
    this.#stepRows = options.stepRows ?? STEP_ROWS;
    this.#at = beginning(this.#stepRows);
    this.#onBlock = options.onBlock;
  }

  /**
   * The book's own messages must never change places, whatever their stamps say: its times are held
   * at the highest so far. Trades may move.
   */
  begin(stream: "book" | "trade", exchangeTime: number, localTime: number): void {
    const at = this.#at;
    const falls = this.#counts.timeFalls;
    if (localTime < at.lastLocal) falls.local += 1;
    at.lastLocal = Math.max(at.lastLocal, localTime);
    if (stream === "book") {
      if (exchangeTime < at.bookExchange) falls.exchangeBook += 1;
      at.bookExchange = Math.max(at.bookExchange, exchangeTime);
      at.bookLocal = Math.max(at.bookLocal, localTime);
      this.#exchangeTime = at.bookExchange;
      this.#localTime = at.bookLocal;
    } else {
      if (exchangeTime < at.tradeExchange) falls.exchangeTrades += 1;
      at.tradeExchange = Math.max(at.tradeExchange, exchangeTime);
      this.#exchangeTime = exchangeTime;
      this.#localTime = localTime;
    }
    if (this.#messages === this.#starts.length) this.#growMessages();
    this.#starts[this.#messages] = this.#held.length;
  }

  row(kind: number, price: number, quantity: number): void {
    const held = this.#held;
    if (held.length === held.kind.length) this.#held = grown(this.#held);
    const row = this.#held.length++;
    this.#held.kind[row] = kind;
    this.#held.price[row] = price;
    this.#held.quantity[row] = quantity;
  }

  /** A message without rows leaves no trace. */
  end(): void {
    const at = this.#at;
    const held = this.#held;
    const rows = held.length - this.#starts[this.#messages]!;
    if (rows === 0) return;
    held.kind[held.length - 1]! |= LAST;
    let exchange = this.#exchangeTime;
    let local = this.#localTime;
    if (exchange < at.outExchange || local < at.outLocal) {
      this.#counts.lateMessages += 1;
      exchange = Math.max(exchange, at.outExchange);
      local = Math.max(local, at.outLocal);
    }
    this.#exchange[this.#messages] = exchange;
    this.#local[this.#messages] = local;
    this.#messages += 1;
    at.messages += 1;
    at.rowsTaken += rows;
    if (exchange < at.firstExchange) at.firstExchange = exchange;
    if (exchange > at.lastExchange) at.lastExchange = exchange;
    if (local - exchange < at.leastLatency) at.leastLatency = local - exchange;
    if (held.length >= at.nextLook) this.#look();
  }

  quote(): void {
    // Quotes repeat what the book says: they are for the verifier.
  }

  /**
   * Hands out what is older than the horizon at `now`, by either clock, however little that is: for
   * a live stream, which may fall silent.
   */
  settle(now: number): void {
    const settled = now - this.#horizon;
    this.#handOut({ exchange: settled, local: settled });
    this.#at.nextLook = Math.max(this.#stepRows, this.#held.length);
  }

  /** Hands out all that is held; may go on afterwards. */
  flush(): void {
    this.#handOut(undefined);
    this.#at.nextLook = this.#stepRows;
  }

  /** Rows handed out, those that stand twice counted twice. */
  get rows(): number {
    return this.#at.rows;
  }

  /** Rows that came. */
  get rowsTaken(): number {
    return this.#at.rowsTaken;
  }

  /** Messages that came. */
  get messages(): number {
    return this.#at.messages;
  }

  /** Rows that are held back. */
  get held(): number {
    return this.#held.length;
  }

  /** Least exchange time; once something was handed out, none that is less will come. */
  get firstExchangeTime(): number {
    return this.#at.firstExchange;
  }

  get lastExchangeTime(): number {
    return this.#at.lastExchange;
  }

  /** Least local time less exchange time so far, nanoseconds; negative = our clock ran behind. */
  get leastLatency(): number {
    return this.#at.leastLatency;
  }

  /** Between two messages. What was handed out is the caller's to keep. */
  save(): OrdererState {
    const { kind, price, quantity, length } = this.#held;
    return {
      at: { ...this.#at },
      exchange: this.#exchange.slice(0, this.#messages),
      local: this.#local.slice(0, this.#messages),
      starts: this.#starts.slice(0, this.#messages),
      kind: kind.slice(0, length),
      price: price.slice(0, length),
      quantity: quantity.slice(0, length),
    };
  }

  /** Of a new orderer with the same options. */
  restore(state: OrdererState): void {
    while (this.#starts.length < state.starts.length) this.#growMessages();
    while (this.#held.kind.length < state.kind.length) this.#held = grown(this.#held);
    this.#exchange.set(state.exchange);
    this.#local.set(state.local);
    this.#starts.set(state.starts);
    this.#held.kind.set(state.kind);
    this.#held.price.set(state.price);
    this.#held.quantity.set(state.quantity);
    this.#messages = state.starts.length;
    this.#held.length = state.kind.length;
    this.#at = { ...state.at };
  }

  /** Looks again only when as much has come anew, so that each message is sorted few times. */
  #look(): void {
    const at = this.#at;
    const horizon = this.#horizon;
    this.#handOut({ exchange: at.lastExchange - horizon, local: at.lastLocal - horizon });
    if (this.#held.length >= this.#mostHeld) this.flush();
    at.nextLook = Math.max(this.#stepRows, Math.min(2 * this.#held.length, this.#mostHeld));
  }

  /** What is settled, or everything. */
  #handOut(settled: { readonly exchange: number; readonly local: number } | undefined): void {
    const messages = this.#messages;
    if (messages === 0) return;
    const counts = new Int32Array(messages);
    for (let message = 0; message < messages; message++) {
      const end = message + 1 < messages ? this.#starts[message + 1]! : this.#held.length;
      counts[message] = end - this.#starts[message]!;
    }
    const exchange = this.#exchange.subarray(0, messages);
    const local = this.#local.subarray(0, messages);
    const order =
      settled === undefined
        ? orderMessages(exchange, local, counts)
        : orderSettled(exchange, local, counts, settled);
    for (let index = 0; index < order.messages.length; index++) {
      const message = order.messages[index]!;
      this.#put(message, counts[message]!, order.flags[index]!);
    }
    this.#emit();
    if (order.rest.length < messages) this.#keep(order.rest, counts);
  }

  #put(message: number, count: number, flag: number): void {
    const held = this.#held;
    const at = this.#at;
    const exchange = this.#exchange[message]!;
    const local = this.#local[message]!;
    at.outExchange = Math.max(at.outExchange, exchange);
    at.outLocal = Math.max(at.outLocal, local);
    at.rows += count;
    if (this.#out.length + count > BLOCK_ROWS) this.#emit();
    while (this.#out.length + count > this.#out.kind.length) this.#out = grown(this.#out);
    const out = this.#out;
    let to = out.length;
    let row = this.#starts[message]!;
    for (const end = row + count; row < end; row++, to++) {
      out.exchangeTime[to] = exchange;
      out.localTime[to] = local;
      out.kind[to] = held.kind[row]! | flag;
      out.price[to] = held.price[row]!;
      out.quantity[to] = held.quantity[row]!;
    }
    out.length = to;
  }

  #emit(): void {
    if (this.#out.length > 0) this.#onBlock(this.#out);
    this.#out.length = 0;
  }

  /** Moves what is held back to the front; `rest` rises. */
  #keep(rest: Int32Array, counts: Int32Array): void {
    const held = this.#held;
    let row = 0;
    for (let index = 0; index < rest.length; index++) {
      const message = rest[index]!;
      const start = this.#starts[message]!;
      const end = start + counts[message]!;
      held.kind.copyWithin(row, start, end);
      held.price.copyWithin(row, start, end);
      held.quantity.copyWithin(row, start, end);
      this.#exchange[index] = this.#exchange[message]!;
      this.#local[index] = this.#local[message]!;
      this.#starts[index] = row;
      row += end - start;
    }
    held.length = row;
    this.#messages = rest.length;
  }

  #growMessages(): void {
    const length = this.#starts.length * 2;
    this.#exchange = copied(this.#exchange, new Float64Array(length));
    this.#local = copied(this.#local, new Float64Array(length));
    this.#starts = copied(this.#starts, new Int32Array(length));
  }
}

function copied<T extends Float64Array | Int32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

function grown(from: OwnedBlock): OwnedBlock {
  const to = { ...allocateColumns(from.kind.length * 2), length: from.length };
  copyRows(from, 0, from.length, to, 0);
  return to;
}
