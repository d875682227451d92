/**
 * Bitstamp orders: a log of single orders and trades, `<receive time> <event> <json>`, with a
 * snapshot of the best levels every few seconds.
 *
 * The orders are folded into levels; a snapshot adds levels that were not known yet, and is the
 * oracle for the rest. What must stay true: levels come from orders, and a snapshot mends only what
 * it contradicts after the tolerance has passed.
 */
import { Kind } from "../core/market/columns.ts";
import {
  badLine,
  type CaptureContext,
  type CaptureDecoder,
  counted,
  isId,
  LevelParser,
  Levels,
  newCounts,
  parseObject,
  plainDecimal,
  type Track,
} from "./capture.ts";
import { type DataFault, faultAt } from "./fault.ts";
import { knownInstrument } from "./known-instruments.ts";
import { type Executed, OrderLevels, type OrderSide } from "./order-levels.ts";
import { isWithin, type KnownTo, StatedSnapshot, worstOf } from "./stated-snapshot.ts";

const LINE = /^(\d{13}) (order_created|order_changed|order_deleted|order_book|trade) (\{.*)$/;
export const isBitstampLine = (line: string): boolean => LINE.test(line);

interface RawEvent {
  readonly id?: unknown;
  readonly price?: unknown;
  readonly amount?: unknown;
  readonly order_type?: unknown;
  readonly bids?: unknown;
  readonly asks?: unknown;
}

/** A level before it changed. */
interface Change {
  readonly time: number;
  readonly message: number;
  readonly side: OrderSide;
  readonly price: number;
  readonly before: number;
}

/** A snapshot that differs so far. */
interface Pending {
  readonly snapshot: StatedSnapshot;
  readonly line: number;
}

const PRODUCT = "BTCUSD";
/** How far a snapshot may be from its place among the orders. */
export const TOLERANCE_NANOS = 2e9;
/** How long executions of single orders wait for their trade. */
const TRADE_WAIT_NANOS = 10e9;
/** The log may hold no more orders of one moment than this. */
const MOST_KEPT = 10_000;

export class BitstampOrders implements CaptureDecoder {
  readonly tracks: Track[] = [];
  readonly #context: CaptureContext;
  readonly #levels: OrderLevels;
  #parser!: LevelParser;
  #track!: Track;
  readonly #knownTo: Record<OrderSide, number | undefined> = { buy: undefined, sell: undefined };
  #synchronised = false;
  #now = 0;
  #message = 0;
  /** Of the last moments: for snapshots that come late. */
  #changes: Change[] = [];
  #pending: Pending[] = [];
  #executed: (Executed & { readonly time: number })[] = [];
  readonly #tradeIds = new Set<number>();
  #byOrders = 0;
  #byPrice = 0;

  constructor(context: CaptureContext) {
    this.#context = context;
    this.#levels = new OrderLevels((side, price, size, before) => {
      this.#changed(side, price, size, before);
    });
  }

  line(text: string): DataFault | undefined {
    const found = LINE.exec(text);
    if (found === null) return badLine(this.#context, text, "is no event of an order log");
    const time = this.#context.time.fromMillis(Number(found[1]));
    const event: RawEvent | undefined = parseObject(found[3]!);
    if (Number.isNaN(time) || event === undefined) {
      return badLine(this.#context, text, "has no time, or is not JSON");
    }
    if (this.tracks.length === 0) {
      const fault = this.#open();
      if (fault !== undefined) return fault;
    }
    const name = found[2]!;
    this.#context.file.stream(name);
    this.#now = time;
    this.#message += 1;
    this.#expire();
    if (name === "trade") return this.#onTrade(event, text);
    if (name === "order_book") return this.#onSnapshot(event, text);
    return this.#onOrder(name, event, text);
  }

  finish(): DataFault | undefined {
    const track = this.tracks[0];
    const { file } = this.#context.position;
    if (track === undefined || !this.#synchronised) {
      const text = "there is no order_book snapshot, so no book is ever known";
      return { code: "DATA_EMPTY", text: `${file}: ${text}`, file };
    }
    track.counts.tradeIdsMissing = missingIn(this.#tradeIds);
    // Nothing is left that could still bear them out.
    for (const pending of this.#pending) this.#mismatch(pending, file);
    this.#pending = [];
    this.#note(track);
    return undefined;
  }

  #open(): DataFault | undefined {
    const { options, openSink, position } = this.#context;
    const wanted = options.symbol ?? options.instrument?.symbol ?? PRODUCT;
    const instrument = options.instrument ?? knownInstrument("bitstamp", "spot", wanted);
    if (instrument === undefined) {
      const text =
        `the tick and lot of Bitstamp ${wanted} are not built in; ` +
        "give the instrument in a file (--instrument)";
      return faultAt("DATA_SYMBOL", position, text);
    }
    const counts = newCounts();
    this.#track = { instrument, counts, sink: openSink(instrument, counts, position) };
    this.#parser = new LevelParser(instrument, counts, position);
    this.tracks.push(this.#track);
    return undefined;
  }

  #onOrder(name: string, event: RawEvent, text: string): undefined {
    const { counts, sink } = this.#track;
    const { id, order_type: type } = event;
    const price = this.#parser.price(event.price);
    const amount = this.#parser.quantity(event.amount);
    if (!isId(id) || (type !== 0 && type !== 1) || price < 0 || amount < 0) {
      return badLine(this.#context, text, "is no order");
    }
    const side = type === 0 ? "buy" : "sell";
    counts.bookMessages += 1;
    if (!this.#synchronised) counts.unsynchronised.bookMessages += 1;
    sink.begin("book", this.#now, this.#now);
    let executed: Executed | undefined;
    if (name === "order_created") {
      if (this.#levels.has(id)) counts.duplicates.bookMessages += 1;
      else this.#levels.create(id, side, price, amount);
    } else if (name === "order_changed") {
      executed = this.#levels.change(id, side, price, amount);
    } else executed = this.#levels.delete(id, side, price, amount);
    sink.end(id);
    if (executed !== undefined && executed.amount > 0) {
      this.#executed.push({ ...executed, time: this.#now });
    }
    this.#settle();
    return undefined;
  }

  #onSnapshot(event: RawEvent, text: string): undefined {
    const { counts, sink } = this.#track;
    const bids = new Levels();
    const asks = new Levels();
    if (!this.#parser.levels(event.bids, bids) || !this.#parser.levels(event.asks, asks)) {
      return badLine(this.#context, text, "is no order book");
    }
    counts.bookMessages += 1;
    const stated = { buy: sizesOf(bids), sell: sizesOf(asks) };
    const knownTo: KnownTo = { ...this.#knownTo };
    if (this.#synchronised) this.#hold(stated, knownTo);
    sink.begin("book", this.#now, this.#now);
    if (!this.#synchronised) {
      counts.snapshots.used += 1;
      sink.row(Kind.CLEAR, 0, 0);
      this.#synchronised = true;
      this.#begin(stated);
    }
    for (const side of ["buy", "sell"] as const) this.#reveal(side, stated[side], knownTo[side]);
    this.#levels.release();
    sink.end(0);
    return undefined;
  }

  /** The first snapshot: orders that came before it are in it as far as it reaches. */
  #begin(stated: Record<OrderSide, ReadonlyMap<number, number>>): void {
    const { sink } = this.#track;
    for (const side of ["buy", "sell"] as const) {
      const kind = side === "buy" ? Kind.BID : Kind.ASK;
      const worst = worstOf(side, stated[side]);
      for (const [price, size] of this.#levels.sizes[side]) {
        if (stated[side].has(price)) sink.row(kind, price, size);
        else if (isWithin(side, price, worst)) this.#levels.state(side, price, 0);
        else sink.row(kind, price, size);
      }
    }
  }

  /** Levels that no snapshot had reached before: taken over, and known from here on. */
  #reveal(side: OrderSide, stated: ReadonlyMap<number, number>, knownTo: number | undefined): void {
    for (const [price, size] of stated) {
      if (knownTo === undefined || !isWithin(side, price, knownTo)) {
        this.#levels.state(side, price, size);
      }
    }
    if (stated.size === 0) return;
    const worst = worstOf(side, stated);
    if (knownTo === undefined || !isWithin(side, worst, knownTo)) this.#knownTo[side] = worst;
  }

  /** Holds a snapshot against the book as it stands, as it stood, and as it will. */
  #hold(stated: Record<OrderSide, ReadonlyMap<number, number>>, knownTo: KnownTo): void {
    const counts = this.#track.counts.stated;
    counts.compared += 1;
    const beyond = (["buy", "sell"] as const).some(
      (side) =>
        stated[side].size > 0 &&
        (knownTo[side] === undefined ||
          !isWithin(side, worstOf(side, stated[side]), knownTo[side]!)),
    );
    if (beyond) counts.partlyKnown += 1;
    const snapshot = new StatedSnapshot(this.#now, stated, this.#levels.sizes, knownTo);
    if (snapshot.isEqual) return;
    if (snapshot.wasEqual(this.#changes)) counts.displaced += 1;
    else this.#pending.push({ snapshot, line: this.#context.position.line });
  }

  /** After a message: which of the waiting snapshots the book equals now. */
  #settle(): void {
    if (this.#pending.length === 0) return;
    const waiting = this.#pending.filter(({ snapshot }) => !snapshot.isEqual);
    this.#track.counts.stated.displaced += this.#pending.length - waiting.length;
    this.#pending = waiting;
  }

  /** Before a message: lets go of what is too old. */
  #expire(): void {
    const since = this.#now - TOLERANCE_NANOS;
    if (this.#changes.length > 0 && this.#changes[0]!.time < since) {
      this.#changes = this.#changes.filter(({ time }) => time >= since);
    }
    if (this.#executed.length > MOST_KEPT) this.#executed.shift();
    const old = this.#pending.filter(({ snapshot }) => snapshot.time < since);
    if (old.length === 0) return;
    this.#pending = this.#pending.filter(({ snapshot }) => snapshot.time >= since);
    const { sink } = this.#track;
    for (const pending of old) {
      this.#mismatch(pending, this.#context.position.file);
      sink.begin("book", this.#now, this.#now);
      for (const { side, price, size } of pending.snapshot.untouched()) {
        this.#levels.state(side, price, size);
      }
      this.#levels.release();
      sink.end(0);
    }
  }

  #mismatch({ snapshot, line }: Pending, file: string): void {
    const { text } = snapshot;
    this.#track.counts.stated.mismatched.add(() => ({ file, line, text: `at ${text} (ticks)` }));
  }

  #changed(side: OrderSide, price: number, size: number, before: number): void {
    if (!this.#synchronised) return;
    this.#track.sink.row(side === "buy" ? Kind.BID : Kind.ASK, price, size);
    this.#changes.push({ time: this.#now, message: this.#message, side, price, before });
    for (const { snapshot } of this.#pending) snapshot.follow(side, price, size);
  }

  #onTrade(event: RawEvent, text: string): undefined {
    const { counts, sink } = this.#track;
    const { id, price: rawPrice, amount: rawAmount } = event;
    const price = this.#parser.price(decimalOf(rawPrice));
    const quantity = this.#parser.quantity(decimalOf(rawAmount));
    if (!isId(id) || price < 0 || quantity < 0) {
      return badLine(this.#context, text, "is no trade");
    }
    counts.trades += 1;
    // They come out of order now and then.
    if (this.#tradeIds.has(id)) {
      counts.duplicates.trades += 1;
      return undefined;
    }
    this.#tradeIds.add(id);
    if (!this.#synchronised) {
      counts.unsynchronised.trades += 1;
      return undefined;
    }
    if (quantity === 0) return undefined;
    const aggressor = this.#aggressorOf(price, quantity);
    sink.begin("book", this.#now, this.#now);
    this.#levels.trade(price, quantity);
    sink.end(id);
    this.#settle();
    sink.begin("trade", this.#now, this.#now);
    sink.row(aggressor === "buy" ? Kind.TRADE_BUY : Kind.TRADE_SELL, price, quantity);
    sink.end(id);
    return undefined;
  }

  /**
   * A trade does not say who came to whom. Its two orders do: of those that lost just its amount a
   * moment ago the one with the higher id came later. Failing that, the side of the book that its
   * price is nearer to.
   */
  #aggressorOf(price: number, quantity: number): OrderSide {
    const since = this.#now - TRADE_WAIT_NANOS;
    this.#executed = this.#executed.filter(({ time }) => time >= since);
    const pair = this.#executed.filter(({ amount }) => amount === quantity);
    const buyer = pair.find(({ side }) => side === "buy");
    const seller = pair.find(({ side }) => side === "sell");
    if (buyer !== undefined && seller !== undefined) {
      this.#executed = this.#executed.filter((it) => it !== buyer && it !== seller);
      this.#byOrders += 1;
      return buyer.id > seller.id ? "buy" : "sell";
    }
    this.#byPrice += 1;
    const { bid, ask } = this.#levels;
    return 2 * price >= (bid ?? 0) + (ask ?? price) ? "buy" : "sell";
  }

  #note({ counts, instrument }: Track): void {
    const { stated } = counts;
    const seconds = TOLERANCE_NANOS / 1e9;
    const { symbol } = this.#context.options;
    if (symbol === undefined && this.#context.options.instrument === undefined) {
      counts.notes.push(`The log names no product: ${instrument.symbol} was assumed.`);
    }
    counts.notes.push(
      "The log holds no times of the exchange to the millisecond: the receive times stand in.",
      `Of ${counted(stated.compared)} snapshots after the first, ` +
        `${counted(stated.compared - stated.displaced - stated.mismatched.count)} equal the book ` +
        `at their place, ${counted(stated.displaced)} as it stood within ${seconds} s of it, ` +
        `${counted(stated.mismatched.count)} differ; in ${counted(stated.partlyKnown)} the last ` +
        "levels were not known before.",
      `${counted(this.#levels.crossing)} orders crossed the book when they came and were held ` +
        `back until they no longer did; ${counted(this.#levels.untold)} messages of orders from ` +
        "before the log do not say how much they lost: their trades do.",
      `Trades name no aggressor: ${counted(this.#byOrders)} were told by their two orders, ` +
        `${counted(this.#byPrice)} by their price.`,
    );
  }
}

/** Numbers between the least and the highest that are not there. */
function missingIn(ids: ReadonlySet<number>): number {
  let least = Number.POSITIVE_INFINITY;
  let highest = Number.NEGATIVE_INFINITY;
  for (const id of ids) {
    least = Math.min(least, id);
    highest = Math.max(highest, id);
  }
  return ids.size === 0 ? 0 : highest - least + 1 - ids.size;
}

const decimalOf = (value: unknown): unknown =>
  typeof value === "number" ? plainDecimal(String(value)) : value;

function sizesOf(levels: Levels): Map<number, number> {
  const sizes = new Map<number, number>();
  for (let index = 0; index < levels.length; index++) {
    const price = levels.prices[index]!;
    sizes.set(price, (sizes.get(price) ?? 0) + levels.quantities[index]!);
  }
  return sizes;
}
