/**
 * Frame scanner: the frames that make up nearly all of a recording, read character by character,
 * without JSON objects or a string per number.
 *
 * A scanner knows one shape: no blanks, no escapes, only known keys, each once, whole numbers of at
 * most fifteen digits, prices and quantities on the grid. What it says of such a frame is what
 * JSON.parse and the level parser would say. What must stay true: of any other text it says false
 * and leaves no trace, so that whoever asked reads the text in the ordinary way.
 */
import type { Instrument } from "../core/domain/instrument.ts";
import { Levels } from "./capture.ts";
import { Code, FrameCursor, NONE } from "./frame-cursor.ts";

const keyOf = (name: string): number =>
  [...name].reduce((key, character) => key * 128 + character.charCodeAt(0), 0);

const Key = {
  e: keyOf("e"),
  E: keyOf("E"),
  T: keyOf("T"),
  s: keyOf("s"),
  ps: keyOf("ps"),
  st: keyOf("st"),
  U: keyOf("U"),
  u: keyOf("u"),
  pu: keyOf("pu"),
  b: keyOf("b"),
  a: keyOf("a"),
  B: keyOf("B"),
  A: keyOf("A"),
  t: keyOf("t"),
  p: keyOf("p"),
  q: keyOf("q"),
  X: keyOf("X"),
  m: keyOf("m"),
  M: keyOf("M"),
  seq: keyOf("seq"),
  ts: keyOf("ts"),
  cts: keyOf("cts"),
  data: keyOf("data"),
  type: keyOf("type"),
} as const;

/** A depth delta, a trade or a book ticker of one symbol, as Binance streams them. */
export class BinanceFrameScanner {
  kind: "depth" | "trade" | "bookTicker" = "depth";
  /** Milliseconds; `T` where it is there, else `E`. */
  millis = 0;
  first = 0;
  last = 0;
  /** NONE on spot. */
  previous: number = NONE;
  readonly bids = new Levels();
  readonly asks = new Levels();
  /** Of a trade. */
  id = 0;
  price = 0;
  quantity = 0;
  buyerIsMaker = false;
  /** Met an order of the book. */
  isOrdinary = true;
  /** Of a book ticker. */
  bid = 0;
  bidSize = 0;
  ask = 0;
  askSize = 0;
  readonly #cursor: FrameCursor;
  readonly #symbol: string;
  #event = 0;
  #sent = 0;
  #changed = 0;
  #buyer: number = NONE;
  /** Which keys were there: `b` and `a` as levels, as prices. */
  #isOurs = false;
  #levels = 0;

  /** `symbol`: what the frames call it. */
  constructor(instrument: Instrument, symbol: string) {
    this.#cursor = new FrameCursor(instrument);
    this.#symbol = `"${symbol}"`;
  }

  /** Whether the text from `at` on is such a frame, and what it says is in the fields. */
  scan(text: string, at: number): boolean {
    const cursor = this.#cursor;
    cursor.begin(text, at);
    if (!cursor.literal('{"stream":')) return false;
    const name = cursor.at;
    if (!cursor.string()) return false;
    const nameEnd = cursor.at;
    if (!cursor.literal(',"data":{')) return false;
    this.#clear();
    for (;;) {
      const key = cursor.key();
      if (key === NONE || !this.#value(key)) return false;
      if (cursor.skip(Code.COMMA)) continue;
      if (!cursor.skip(Code.END) || !cursor.skip(Code.END)) return false;
      break;
    }
    if (!cursor.isAtEnd || !this.#isOurs) return false;
    this.millis = this.#changed !== NONE ? this.#changed : this.#sent;
    return this.#isWhole(text, name, nameEnd);
  }

  #clear(): void {
    this.#event = NONE;
    this.#sent = this.#changed = this.#buyer = NONE;
    this.first = this.last = this.previous = this.id = NONE;
    this.price = this.quantity = NONE;
    this.bid = this.bidSize = this.ask = this.askSize = NONE;
    this.isOrdinary = true;
    this.#isMarked = this.#isPair = this.#isKnown = false;
    this.#isOurs = false;
    this.#levels = 0;
  }

  #isMarked = false;
  #isPair = false;
  #isKnown = false;

  /** False too where a key comes a second time. */
  #value(key: number): boolean {
    const cursor = this.#cursor;
    switch (key) {
      case Key.e:
        return this.#event === NONE && this.#eventName();
      case Key.s:
        if (this.#isOurs || !cursor.literal(this.#symbol)) return false;
        this.#isOurs = true;
        return true;
      case Key.E:
        return this.#sent === NONE && (this.#sent = cursor.whole()) !== NONE;
      case Key.T:
        return this.#changed === NONE && (this.#changed = cursor.whole()) !== NONE;
      case Key.U:
        return this.first === NONE && (this.first = cursor.whole()) !== NONE;
      case Key.u:
        return this.last === NONE && (this.last = cursor.whole()) !== NONE;
      case Key.pu:
        return this.previous === NONE && (this.previous = cursor.whole()) !== NONE;
      case Key.t:
        return this.id === NONE && (this.id = cursor.whole()) !== NONE;
      case Key.b:
        return this.#side(1, this.bids);
      case Key.a:
        return this.#side(2, this.asks);
      case Key.B:
        return this.bidSize === NONE && (this.bidSize = cursor.quantity()) !== NONE;
      case Key.A:
        return this.askSize === NONE && (this.askSize = cursor.quantity()) !== NONE;
      case Key.p:
        return this.price === NONE && (this.price = cursor.price()) !== NONE;
      case Key.q:
        return this.quantity === NONE && (this.quantity = cursor.quantity()) !== NONE;
      default:
        return this.#remark(key);
    }
  }

  #eventName(): boolean {
    const cursor = this.#cursor;
    if (cursor.literal('"depthUpdate"')) this.#event = Key.U;
    else if (cursor.literal('"trade"')) this.#event = Key.t;
    else if (cursor.literal('"bookTicker"')) this.#event = Key.B;
    else return false;
    return true;
  }

  #remark(key: number): boolean {
    const cursor = this.#cursor;
    switch (key) {
      case Key.m:
        if (this.#buyer !== NONE) return false;
        this.#buyer = cursor.literal("true") ? 1 : cursor.literal("false") ? 0 : NONE;
        return this.#buyer !== NONE;
      case Key.M:
        if (this.#isKnown) return false;
        this.#isKnown = true;
        return cursor.literal("true") || cursor.literal("false");
      case Key.X:
        if (this.#isMarked) return false;
        this.#isMarked = true;
        if (cursor.literal('"MARKET"')) return true;
        this.isOrdinary = false;
        return cursor.string();
      case Key.ps:
        if (this.#isPair) return false;
        this.#isPair = true;
        return cursor.string();
      default:
        return false;
    }
  }

  /** Levels in a delta, a price in a ticker, an order's number in a trade. */
  #side(bit: number, into: Levels): boolean {
    const cursor = this.#cursor;
    if ((this.#levels & (bit * 21)) !== 0) return false;
    const code = cursor.text.charCodeAt(cursor.at);
    if (code === Code.OPEN) {
      this.#levels |= bit;
      return cursor.levels(into);
    }
    if (code === Code.QUOTE) {
      this.#levels |= bit * 4;
      const price = cursor.price();
      if (bit === 1) this.bid = price;
      else this.ask = price;
      return price !== NONE;
    }
    this.#levels |= bit * 16;
    return cursor.whole() !== NONE;
  }

  #isWhole(text: string, name: number, nameEnd: number): boolean {
    if (this.#event === Key.U) {
      this.kind = "depth";
      return this.first !== NONE && this.last !== NONE && this.millis > 0 && this.#levels === 3;
    }
    if (this.#event === Key.t) {
      this.kind = "trade";
      this.buyerIsMaker = this.#buyer === 1;
      const isTimed = this.id !== NONE && this.millis > 0 && this.#buyer !== NONE;
      return isTimed && this.price !== NONE && this.quantity !== NONE;
    }
    if (this.#event === NONE) {
      // Spot's book ticker has no event name: the stream tells.
      const at = text.indexOf("@", name);
      if (at < 0 || at >= nameEnd || !text.startsWith('@bookTicker"', at)) return false;
    }
    this.kind = "bookTicker";
    const sizes = this.bidSize !== NONE && this.askSize !== NONE;
    return sizes && this.last !== NONE && this.#levels === 12;
  }
}

/** A message of one order book, as Bybit streams and archives it. */
export class BybitBookScanner {
  isSnapshot = false;
  /** Milliseconds. */
  sent = 0;
  /** Milliseconds; NONE where it is absent. */
  matched: number = NONE;
  updateId = 0;
  readonly #cursor: FrameCursor;
  readonly #head: string;
  readonly #bids: Levels;
  readonly #asks: Levels;
  /** Keys that were there, a bit for each. */
  #seen = 0;

  constructor(instrument: Instrument, topic: string, bids: Levels, asks: Levels) {
    this.#cursor = new FrameCursor(instrument);
    this.#head = `{"topic":"${topic}",`;
    this.#bids = bids;
    this.#asks = asks;
  }

  /** Whether the text is such a message; what it says is in the fields and in the levels. */
  scan(text: string): boolean {
    const cursor = this.#cursor;
    cursor.begin(text, 0);
    if (!cursor.literal(this.#head)) return false;
    this.#seen = 0;
    this.matched = NONE;
    do {
      const key = cursor.key();
      if (key === NONE || !this.#outer(key)) return false;
    } while (cursor.skip(Code.COMMA));
    const isWhole = (this.#seen & NEEDED) === NEEDED;
    return isWhole && cursor.skip(Code.END) && cursor.isAtEnd && this.sent > 0;
  }

  #outer(key: number): boolean {
    const cursor = this.#cursor;
    switch (key) {
      case Key.type:
        if (!this.#isFirst(Bit.type)) return false;
        this.isSnapshot = cursor.literal('"snapshot"');
        return this.isSnapshot || cursor.literal('"delta"');
      case Key.ts:
        return this.#isFirst(Bit.ts) && (this.sent = cursor.whole()) !== NONE;
      case Key.cts:
        return this.#isFirst(Bit.cts) && (this.matched = cursor.whole()) > 0;
      case Key.data:
        return this.#isFirst(Bit.data) && this.#data();
      default:
        return false;
    }
  }

  #data(): boolean {
    const cursor = this.#cursor;
    if (!cursor.skip(Code.BEGIN)) return false;
    do {
      const key = cursor.key();
      if (key === NONE || !this.#inner(key)) return false;
    } while (cursor.skip(Code.COMMA));
    return cursor.skip(Code.END);
  }

  #inner(key: number): boolean {
    const cursor = this.#cursor;
    switch (key) {
      case Key.s:
        return this.#isFirst(Bit.s) && cursor.string();
      case Key.b:
        return this.#isFirst(Bit.b) && cursor.levels(this.#bids);
      case Key.a:
        return this.#isFirst(Bit.a) && cursor.levels(this.#asks);
      case Key.u:
        return this.#isFirst(Bit.u) && (this.updateId = cursor.whole()) !== NONE;
      case Key.seq:
        return this.#isFirst(Bit.seq) && cursor.whole() !== NONE;
      default:
        return false;
    }
  }

  #isFirst(bit: number): boolean {
    if ((this.#seen & bit) !== 0) return false;
    this.#seen |= bit;
    return true;
  }
}

const Bit = { type: 1, ts: 2, data: 4, b: 8, a: 16, u: 32, cts: 64, s: 128, seq: 256 } as const;
const NEEDED = Bit.type | Bit.ts | Bit.data | Bit.b | Bit.a | Bit.u;
