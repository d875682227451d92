/**
 * Observer: what the engine knows of one instrument's market, folded from columns.
 *
 * The batch loop is the hot path: one switch per row, no allocation, and whatever can be computed
 * when somebody asks is computed then. The book may be looked at only between messages.
 */
import type { Covered, DataHealth, MarketSnapshot } from "../domain/decision.ts";
import type { Side } from "../domain/side.ts";
import {
  type Fraction,
  type HalfTicks,
  type Lots,
  type Micros,
  MINUTE,
  midOf,
  NO_LOTS,
  type Ticks,
} from "../domain/units.ts";
import { Book } from "./book.ts";
import {
  Kind,
  KIND_MASK,
  LAST,
  type MarketColumns,
  type MarketHeader,
  OFF_VOLUME,
  VENUE_ONLY,
} from "./columns.ts";
import { MidHistory, SLOT_SECONDS } from "./mid-history.ts";
import { RecentTrades } from "./recent-trades.ts";
import { SecondsWindow, VolatilityWindow, VolumeProfile } from "./windows.ts";

/** What one engine wants to be woken by; engines that share an observer have one each. */
export interface TouchWake {
  /** A message that leaves the best bid above this … */
  bidAbove: number;
  /** … or the best ask below this … */
  askBelow: number;
  /** … or that made a healthy book unhealthy, or an unhealthy one healthy. */
  onHealth: boolean;
  /** Whether the last `observe` stopped for this one. */
  isDue: boolean;
}

/** Woken by nothing. */
export const ASLEEP: Readonly<TouchWake> = {
  bidAbove: Number.POSITIVE_INFINITY,
  askBelow: Number.NEGATIVE_INFINITY,
  onHealth: false,
  isDue: false,
};

const NANOS_PER_SECOND = 1e9;
const IMBALANCE_LEVELS = 5;
/** A longer silence is a stale book, not a quiet market. */
const SILENT_SECONDS_MAX = 60;

export class Observer {
  readonly book = new Book();
  readonly #bids = this.book.bids;
  readonly #asks = this.book.asks;
  /** By `Kind`. */
  readonly #sides = [this.#bids, this.#asks];
  readonly #epochMicros: number;
  readonly #epochSeconds: number;
  /** Rows of this stream consumed so far: the position that the journal notes. */
  position = 0;
  /** Local time of the newest row, nanoseconds since the stream's epoch; −1 before the first. */
  time = -1;
  /** Local time of the newest level that was set, as `time`. */
  #bookTime = -1;
  /** Whether the last `observe` stopped because somebody wanted to be woken. */
  wokeUp = false;
  readonly #wakes: TouchWake[] = [];
  /** Others' and (where printed) own volume since the session began, lots. */
  volume = 0;
  /** Σ price × quantity in ticks × lots, and Σ quantity / price, over the same trades. */
  turnover = 0;
  inverseTurnover = 0;

  #state: DataHealth = "no-data";
  /** Whether a snapshot has been seen since the last break. */
  #synced = false;
  #bid = 0;
  #ask = 0;
  #lastMid = 0;
  #secondEndsAt = 0;
  #second = 0;
  #secondVolume = 0;
  #coveredSince = 0;
  readonly #minute = new SecondsWindow(60);
  readonly participationWindow: Micros;
  readonly #participation: SecondsWindow;
  readonly #volatility = new VolatilityWindow();
  readonly profile = new VolumeProfile();
  readonly trades = new RecentTrades();
  readonly mids = new MidHistory();

  constructor(header: MarketHeader, participationWindow: Micros = MINUTE) {
    this.participationWindow = participationWindow;
    this.#participation = new SecondsWindow(participationWindow / 1e6);
    this.#epochMicros = Number(header.epochNanos / 1000n);
    this.#epochSeconds = Number(header.epochNanos / 1_000_000_000n);
  }

  /** One more that `observe` stops for; nothing wakes it until it is armed. */
  newWake(): TouchWake {
    const wake = { ...ASLEEP };
    this.#wakes.push(wake);
    return wake;
  }

  /** Of an engine that nobody runs any more. */
  dropWake(wake: TouchWake): void {
    const at = this.#wakes.indexOf(wake);
    if (at >= 0) this.#wakes.splice(at, 1);
  }

  /**
   * Consumes rows [from, to) with local time ≤ `until`; returns the index of the first row left.
   * Stops behind a message that somebody asked to be woken by.
   */
  observe(columns: MarketColumns, from: number, to: number, until: number): number {
    const { localTime, kind, price, quantity } = columns;
    if (this.wokeUp) this.#calm();
    const bids = this.#bids;
    const asks = this.#asks;
    const sides = this.#sides;
    const mask = KIND_MASK | VENUE_ONLY;
    const lastSide: number = Kind.ASK;
    let row = from;
    let bookRow = -1;
    for (; row < to; row++) {
      const code = kind[row]!;
      const what = code & mask;
      if (localTime[row]! > until && (code & VENUE_ONLY) === 0) break;
      if (what <= lastSide) {
        sides[what]!.set(price[row]!, quantity[row]!);
        bookRow = row;
      } else if (what >= VENUE_ONLY) continue;
      else this.#takeOther(code, localTime[row]!, price[row]!, quantity[row]!);
      if ((code & LAST) === 0) continue;
      this.time = localTime[row]!;
      if (this.time >= this.#secondEndsAt) this.#rollSecond(this.time);
      if (bids.best === this.#bid && asks.best === this.#ask) continue;
      if (!this.#moveTouch()) continue;
      this.wokeUp = true;
      row += 1;
      break;
    }
    if (bookRow >= 0) this.#bookTime = localTime[bookRow]!;
    this.position += row - from;
    return row;
  }

  /**
   * What comes next is not what came before it goes on with: the book waits for a snapshot, and
   * time may go on from before the newest row.
   */
  breakOff(): void {
    this.#interrupt(false);
    this.#moveTouch();
    this.#secondEndsAt = 0;
  }

  /** As `breakOff`, where `rowsLost` rows were counted and are not known any more. */
  beginAnew(rowsLost: number): void {
    this.position += rowsLost;
    this.breakOff();
  }

  /** A row that sets no level. */
  #takeOther(code: number, time: number, price: number, quantity: number): void {
    const what = code & KIND_MASK;
    if (what >= Kind.CLEAR) this.#interrupt(what === Kind.CLEAR);
    else if ((code & OFF_VOLUME) === 0) this.#trade(what, time, price, quantity);
  }

  #calm(): void {
    this.wokeUp = false;
    for (const wake of this.#wakes) wake.isDue = false;
  }

  /** True when somebody asked to be told of what this message changed. */
  #moveTouch(): boolean {
    const bid = this.#bids.best;
    const ask = this.#asks.best;
    this.#bid = bid;
    this.#ask = ask;
    const before = this.#state;
    this.#judge();
    if (this.#state === "healthy") this.#lastMid = bid + ask;
    const isMoved = before !== this.#state;
    if (!isMoved && this.#state !== "healthy") return false;
    let isAnyDue = false;
    for (const wake of this.#wakes) {
      wake.isDue = isMoved ? wake.onHealth : bid > wake.bidAbove || ask < wake.askBelow;
      if (wake.isDue) isAnyDue = true;
    }
    return isAnyDue;
  }

  #judge(): void {
    const bid = this.#bid;
    const ask = this.#ask;
    if (!this.#synced) this.#state = this.#state === "no-data" ? "no-data" : "gapped";
    else if (bid === 0 || ask === 0) this.#state = "one-sided";
    else if (bid >= ask) this.#state = "crossed";
    else this.#state = "healthy";
  }

  #interrupt(snapshotFollows: boolean): void {
    this.#volatility.interrupt();
    if (snapshotFollows) {
      this.book.clear();
      if (!this.#synced) this.#coveredSince = -1;
      this.#synced = true;
    } else {
      this.#synced = false;
    }
    // Compared at the end of the message: a changed touch makes it judge anew.
    this.#bid = -1;
    this.#ask = -1;
  }

  #trade(kind: number, time: number, price: number, quantity: number): void {
    this.trades.add(kind, time, price, quantity);
    if (time >= this.#secondEndsAt) this.#rollSecond(time);
    this.volume += quantity;
    this.#secondVolume += quantity;
    this.turnover += price * quantity;
    this.inverseTurnover += quantity / price;
  }

  /** Closes the current second and opens the one that `time` lies in. */
  #rollSecond(time: number): void {
    const second = this.#epochSeconds + Math.floor(time / NANOS_PER_SECOND);
    this.#secondEndsAt = (second - this.#epochSeconds + 1) * NANOS_PER_SECOND;
    if (second === this.#second) return;
    if (second < this.#second) return this.#turnBack(second, time);
    if (this.#secondVolume > 0) {
      this.#minute.add(this.#second, this.#secondVolume);
      this.#participation.add(this.#second, this.#secondVolume);
    }
    if (this.#coveredSince < 0) this.#coveredSince = time;
    else if (this.#synced && this.#second > 0) {
      this.profile.add(this.#second, this.#secondVolume);
      // Seconds without a row were observed too: they were silent.
      const silent = Math.min(second - this.#second - 1, SILENT_SECONDS_MAX);
      for (let i = 1; i <= silent; i++) this.profile.add(this.#second + i, 0);
    }
    const sampled = Math.floor(this.#second / VolatilityWindow.SAMPLE_SECONDS);
    if (sampled !== Math.floor(second / VolatilityWindow.SAMPLE_SECONDS) && this.#isTwoSided()) {
      this.#volatility.sample(this.#bid + this.#ask);
      this.#keepMid(second);
    }
    this.#second = second;
    this.#secondVolume = 0;
  }

  /**
   * The clock had been ahead of the venue's, and the session that goes on is not: when the volume
   * of the windows was traded is not known any more, so it counts no longer.
   */
  #turnBack(second: number, time: number): void {
    this.#minute.clear();
    this.#participation.clear();
    this.#coveredSince = time;
    this.#second = second;
    this.#secondVolume = 0;
  }

  /** The mid of the message before, which stood until now as far as silence is quiet. */
  #keepMid(second: number): void {
    const first = Math.floor(this.#second / SLOT_SECONDS);
    const silent = Math.min(second - this.#second, SILENT_SECONDS_MAX);
    const until = Math.floor((this.#second + silent) / SLOT_SECONDS);
    for (let slot = first; slot < until; slot++) this.mids.add(slot, this.#lastMid);
  }

  #isTwoSided(): boolean {
    return this.#state === "healthy";
  }

  /** Health at `now`: a healthy book of which nothing is told is stale, whatever is traded. */
  health(now: Micros, staleAfter: Micros): DataHealth {
    if (this.#state !== "healthy") return this.#state;
    const bookAt = this.#epochMicros + Math.floor(Math.max(0, this.#bookTime) / 1000);
    return now - bookAt > staleAfter ? "stale" : "healthy";
  }

  /** Local time of the newest row. */
  get lastAt(): Micros {
    return (this.#epochMicros + Math.floor(Math.max(0, this.time) / 1000)) as Micros;
  }

  /** Best bid and ask in ticks; 0 on an empty side. */
  get bid(): Ticks {
    return this.#bids.best as Ticks;
  }
  get ask(): Ticks {
    return this.#asks.best as Ticks;
  }

  /** Twice the mid. Only on a healthy book. */
  get mid(): HalfTicks {
    return midOf(this.bid, this.ask);
  }

  /** Twice the newest mid that was seen on a healthy book; undefined before the first. */
  get lastMid(): HalfTicks | undefined {
    if (this.#state === "healthy") return this.mid;
    return this.#lastMid > 0 ? (this.#lastMid as HalfTicks) : undefined;
  }

  touch(side: Side): Ticks {
    return side === "buy" ? this.bid : this.ask;
  }

  /** Market volume of the newest minute up to `now`, lots, own prints included. */
  volumeMinute(now: Micros): Covered {
    return this.#volumeOf(this.#minute, now);
  }

  /** The same over the participation window. */
  volumeParticipation(now: Micros): Covered {
    return this.#volumeOf(this.#participation, now);
  }

  #volumeOf(window: SecondsWindow, now: Micros): Covered {
    const second = Math.max(Math.floor(now / 1e6), this.#second);
    let value = window.sum(second);
    if (second - this.#second < window.seconds) value += this.#secondVolume;
    return { value, coverage: this.#coverage(now, window.seconds * 1e6) };
  }

  get volatilityHour(): Covered {
    return this.#volatility.perHour;
  }

  /** Volatility per hour as far as it is sure: see `VolatilityWindow.assured`. */
  get volatilityAssured(): Fraction {
    return this.#volatility.assured;
  }

  /** Lots per day (ADV), scaled from the covered share. */
  get volumeDay(): Covered {
    return this.profile.day;
  }

  snapshot(now: Micros, staleAfter: Micros): MarketSnapshot {
    const { bid, ask } = this;
    const hasBoth = bid > 0 && ask > 0;
    const bids = this.book.depth("buy", IMBALANCE_LEVELS);
    const asks = this.book.depth("sell", IMBALANCE_LEVELS);
    return {
      health: this.health(now, staleAfter),
      bid,
      ask,
      bidSize: (bid > 0 ? this.#bids.get(bid) : NO_LOTS) as Lots,
      askSize: (ask > 0 ? this.#asks.get(ask) : NO_LOTS) as Lots,
      mid: (bid + ask) as HalfTicks,
      spreadBps: hasBoth ? (2e4 * (ask - bid)) / (bid + ask) : 0,
      imbalance: bids + asks > 0 ? (bids - asks) / (bids + asks) : 0,
      volumeMinute: this.volumeMinute(now),
      volatilityHour: this.volatilityHour,
    };
  }

  #coverage(now: Micros, span: number): number {
    if (!this.#synced || this.#coveredSince < 0 || this.time < 0) return 0;
    const seen = now - this.#epochMicros - this.#coveredSince / 1000;
    return Math.min(1, Math.max(0, seen / span));
  }
}
