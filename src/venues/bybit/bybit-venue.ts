/**
 * Bybit venue: opens sessions on one account and one instrument.
 *
 * What must stay true: a session begins only where the clock, the key, the instrument and the
 * account are what the run needs, its streams stand and a book is known; until then nothing is
 * sent that trades, and what fails leaves nothing behind.
 */
import type { Decimal } from "../../core/domain/decimal.ts";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import type { ContractKind } from "../../core/domain/instrument.ts";
import type { MarketHeader } from "../../core/market/columns.ts";
import { AnchoredClock } from "../../data/recorder/clock.ts";
import { DEFAULT_PACE, type FeedPace } from "../../data/recorder/feed.ts";
import type { Venue, VenueFault, VenueNotice, VenueSession } from "../venue.ts";
import type { Credentials } from "./credentials.ts";
import type { Hosts } from "./hosts.ts";
import { MarketGuard } from "./market-guard.ts";
import { MarketStream } from "./market-stream.ts";
import { OrderEntry } from "./order-entry.ts";
import { OrderQuestions } from "./order-questions.ts";
import { isInDollars, OrderGate } from "./order-rules.ts";
import { DEFAULT_PATIENCE, type TrackerPatience } from "./order-sighting.ts";
import { OrderTracker } from "./order-tracker.ts";
import { PrivateStream } from "./private-stream.ts";
import { RatePump } from "./rate-pump.ts";
import type { RateOptions } from "./rate-scheduler.ts";
import { BybitRest } from "./rest-client.ts";
import { BybitSession, SESSION_PACE, type SessionPace } from "./session.ts";
import { checkAccount, summarise } from "./session-account.ts";
import { STREAM_PACE, type StreamPace } from "./signed-stream.ts";
import { TradeStream } from "./trade-stream.ts";
import { Grid, isLinkId, type PositionIndex, type SelfMatch } from "./wire.ts";

export interface BybitVenueOptions {
  readonly hosts: Hosts;
  readonly credentials: Credentials;
  readonly category: ContractKind;
  readonly symbol: string;
  /**
   * Begins the ids of all orders of this run and of no other: by it orders are known as ours that a
   * run before has left, and `cancelAll` withdraws those too.
   */
  readonly prefix: string;
  /** 0 for one-way mode; 1 for the long, 2 for the short side of hedge mode. */
  readonly positionIndex?: PositionIndex;
  /** Decimal text; absent: as it is. */
  readonly leverage?: string;
  /** Whether the leverage may be set where it is another; else `open` refuses. */
  readonly setsLeverage?: boolean;
  /** Absent: as the account has it. */
  readonly selfMatch?: SelfMatch;
  /** Of one order, in US dollars. */
  readonly maxOrderValue?: Decimal;
  /** Between two new orders. */
  readonly minIntervalMs?: number;
  /** Disconnect protection: seconds. It withdraws the orders of others on the account, too. */
  readonly protectionSeconds?: number;
  /** Levels of each side of the book. */
  readonly depth?: number;
  /** Connections for order entry; 0: orders go over HTTP. */
  readonly tradeConnections?: number;
  readonly rates?: RateOptions;
  readonly clock?: AnchoredClock;
  /** In [0, 1); only waits depend on it. */
  readonly random?: () => number;
  readonly pace?: BybitPace;
}

/** Every time-out and wait. */
export interface BybitPace {
  readonly feed?: FeedPace;
  readonly stream?: StreamPace;
  readonly session?: SessionPace;
  readonly tracker?: TrackerPatience;
  /** An answer of the trade stream that has not come by then does not come. */
  readonly answerMs?: number;
  readonly restTimeoutMs?: number;
  /** The streams stand and a book is known by then, or the session is not opened. */
  readonly openMs?: number;
  /** The book is held against the one that the venue tells so often [60,000]; 0: never. */
  readonly checkMs?: number;
  /** A difference counts that is still there after so long [5,000]. */
  readonly checkAgainMs?: number;
}

const ANSWER_MS = 3000;
const OPEN_MS = 20_000;
const REST_TIMEOUT_MS = 10_000;
const CHECK_MS = 60_000;
const CHECK_AGAIN_MS = 5000;
const QUIET_MS = 1000;
const CLOCK_LOOK_MS = 1000;
/** The venue's clock is measured anew so often. */
const CLOCK_SYNC_MS = 10 * 60_000;

export const bybitVenue = (options: BybitVenueOptions): Venue => ({
  name: "bybit",
  open: (signal) => new Opening(options, signal).run(),
});

/** All that is made for one session; ended together. */
class Opening {
  readonly #options: BybitVenueOptions;
  readonly #signal: AbortSignal;
  readonly #abort = new AbortController();
  readonly #clock: AnchoredClock;
  readonly #random: () => number;
  readonly #pump: RatePump;
  readonly #rest: BybitRest;
  readonly #market: MarketStream;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #tracker: OrderTracker;
  #private: PrivateStream | undefined;
  #trade: readonly TradeStream[] = [];
  #session: BybitSession | undefined;
  #guard: MarketGuard | undefined;
  readonly #early: VenueNotice[] = [];
  readonly #refused = Promise.withResolvers<VenueFault>();

  constructor(options: BybitVenueOptions, signal: AbortSignal) {
    const { hosts, credentials, pace = {}, clock = new AnchoredClock() } = options;
    const { random = Math.random, category, symbol, depth } = options;
    this.#options = options;
    this.#signal = signal;
    this.#clock = clock;
    this.#random = random;
    this.#tracker = new OrderTracker(pace.tracker ?? DEFAULT_PATIENCE);
    this.#pump = new RatePump(options.rates);
    this.#rest = new BybitRest({
      hosts,
      credentials,
      clock,
      pump: this.#pump,
      random,
      signal: this.#abort.signal,
      timeoutMs: pace.restTimeoutMs ?? REST_TIMEOUT_MS,
      recvWindowMs: (pace.tracker ?? DEFAULT_PATIENCE).receiveWindowMs,
    });
    this.#market = new MarketStream({
      hosts,
      category,
      symbol,
      depth,
      clock,
      random,
      pace: pace.feed ?? DEFAULT_PACE,
      notice: (notice) => this.#notice(notice),
    });
  }

  async run(): Promise<Result<VenueSession, VenueFault>> {
    const stopped = Promise.withResolvers<Result<never, VenueFault>>();
    const stop = (): void => stopped.resolve(err(STOPPED));
    this.#signal.addEventListener("abort", stop, { once: true });
    if (this.#signal.aborted) stop();
    const opened = await Promise.race([this.#open(), stopped.promise]);
    this.#signal.removeEventListener("abort", stop);
    if (!opened.ok) this.#close();
    return opened;
  }

  async #open(): Promise<Result<VenueSession, VenueFault>> {
    const { prefix, maxOrderValue, positionIndex = 0, credentials } = this.#options;
    if (!isLinkId(prefix)) {
      return err({ code: "VENUE_PROTOCOL", text: "the ids' prefix must be of A-Z a-z 0-9 - _" });
    }
    const clock = await this.#rest.syncClock();
    if (!clock.ok) return clock;
    this.#keepClock();
    const header = await this.#market.prepare();
    if (!header.ok) return header;
    const { instrument } = header.value;
    if (maxOrderValue !== undefined && !isInDollars(instrument)) {
      const text = `orders of ${instrument.symbol} have no value in US dollars to be bounded by`;
      return err({ code: "VENUE_ACCOUNT", text });
    }
    const grid = new Grid(instrument);
    const asking = { rest: this.#rest, grid };
    const checked = await checkAccount(asking, {
      positionIndex,
      leverage: this.#options.leverage,
      setsLeverage: this.#options.setsLeverage ?? false,
      protectionSeconds: this.#options.protectionSeconds,
      isDemo: this.#options.hosts.network === "demo",
      signal: this.#abort.signal,
    });
    if (!checked.ok) return checked;
    const { fees, areFeesAssumed } = checked.value;
    if (areFeesAssumed) {
      const text = `the venue does not tell the fees: ${fees.maker} and ${fees.taker} are assumed`;
      this.#tell("warning", "VENUE_FEES_ASSUMED", text);
    }
    const questions = this.#questions(grid);
    const isOurs = (id: string): boolean => this.#tracker.isOurs(id) || id.startsWith(prefix);
    const refresh = () => summarise(asking, positionIndex, questions, isOurs);
    const account = await refresh();
    if (!account.ok) return account;
    if (this.#abort.signal.aborted) return err(STOPPED);
    this.#guard = this.#guardOf(header.value);
    this.#openStreams(grid);
    const streams = await this.#streamsStand();
    if (!streams.ok) return streams;
    const session = new BybitSession({
      header: header.value,
      fees,
      account: account.value,
      grid,
      style: { positionIndex, selfMatch: this.#options.selfMatch },
      rest: this.#rest,
      market: this.#market,
      guard: this.#guard,
      tracker: this.#tracker,
      questions,
      entry: this.#entry(),
      gate: new OrderGate(instrument, {
        maxOrderValue,
        minIntervalMs: this.#options.minIntervalMs ?? 0,
      }),
      pace: this.#options.pace?.session ?? SESSION_PACE,
      prefix,
      redact: (text) => credentials.redact(text),
      refresh,
      closeParts: () => this.#close(),
    });
    this.#session = session;
    for (const notice of this.#early.splice(0)) session.noticed(notice);
    return ok(session);
  }

  #guardOf(header: MarketHeader): MarketGuard {
    const { checkMs = CHECK_MS, checkAgainMs = CHECK_AGAIN_MS } = this.#options.pace ?? {};
    return new MarketGuard({
      rest: this.#rest,
      header,
      everyMs: checkMs,
      againMs: checkAgainMs,
      quietMs: QUIET_MS,
      onWrong: (text) => {
        const what = `the book is not the venue's (${text}): it is begun anew`;
        this.#tell("warning", "VENUE_BOOK_WRONG", what);
        this.#market.distrust();
      },
    });
  }

  #questions(grid: Grid): OrderQuestions {
    return new OrderQuestions({
      rest: this.#rest,
      grid,
      tracker: this.#tracker,
      executed: (row) => this.#session?.execution(row),
      told: () => this.#session?.told(),
      unread: (fault) => this.#session?.unread(fault),
      redact: (text) => this.#options.credentials.redact(text),
    });
  }

  #entry(): OrderEntry {
    return new OrderEntry({
      streams: this.#trade,
      rest: this.#rest,
      pump: this.#pump,
      venueNowMs: () => {
        this.#clock.check();
        return this.#rest.venueNowMs();
      },
      onSent: (number, at) => this.#tracker.sent(number, at),
    });
  }

  #openStreams(grid: Grid): void {
    const { hosts, credentials, pace = {}, tradeConnections = 1, prefix } = this.#options;
    const common = {
      credentials,
      venueNowMs: () => this.#rest.venueNowMs(),
      clock: this.#clock,
      random: this.#random,
      pace: pace.stream ?? STREAM_PACE,
    };
    this.#private = new PrivateStream(
      {
        ...common,
        url: hosts.privateStream,
        grid,
        isProtected: this.#options.protectionSeconds !== undefined,
      },
      {
        ready: (isAgain) => this.#session?.streamReady(isAgain),
        lost: (reason) => this.#session?.streamLost(reason),
        refused: (text) => this.#refusedBy(text),
        orders: (rows) => this.#session?.orders(rows),
        executions: (rows) => this.#session?.executions(rows),
        positions: (rows) => this.#session?.positions(rows),
        unread: (fault) => this.#session?.missing(fault),
      },
    );
    const url = hosts.tradeStream;
    const count = url === undefined ? 0 : tradeConnections;
    // Ids of requests are never used twice, not even by the next session of this run.
    const start = this.#rest.venueNowMs().toString(36);
    this.#trade = Array.from({ length: count }, (_, index) => {
      const options = {
        ...common,
        url: url!,
        recvWindowMs: this.#rest.recvWindowMs,
        answerMs: pace.answerMs ?? ANSWER_MS,
        prefix: `${prefix.slice(0, 12)}-${start}-${index}`,
      };
      return new TradeStream(options, {
        ready: (isAgain) => {
          if (isAgain) this.#tell("info", "VENUE_RECONNECTED", "order entry is back");
        },
        lost: (reason) => this.#tell("warning", "VENUE_TRADE_LOST", tradeLost(reason)),
        refused: (text) => this.#tell("warning", "VENUE_TRADE_LOST", tradeLost(text)),
      });
    });
    this.#market.open();
    this.#private.start();
    for (const stream of this.#trade) stream.start();
  }

  /** The market and the private stream must stand; orders find another way. */
  async #streamsStand(): Promise<Result<void, VenueFault>> {
    const { openMs = OPEN_MS } = this.#options.pace ?? {};
    const until = performance.now() + openMs;
    const book = this.#market.firstBook.then(() => "book" as const);
    let hasBook = false;
    void book.then(() => (hasBook = true));
    while (!this.#abort.signal.aborted) {
      const isPrivate = this.#private?.isReady === true;
      const isTrade = this.#trade.every((stream) => stream.isReady);
      const isLate = performance.now() > until;
      if (hasBook && isPrivate && (isTrade || isLate)) {
        if (!isTrade) this.#tell("warning", "VENUE_TRADE_LOST", tradeLost("it does not open"));
        return ok(undefined);
      }
      if (isLate) return err(silent(hasBook, openMs));
      const refused = await Promise.race([this.#refused.promise, tick()]);
      if (refused !== undefined) return err(refused);
    }
    return err(STOPPED);
  }

  #refusedBy(text: string): void {
    this.#refused.resolve({ code: "VENUE_CREDENTIALS", text });
    this.#tell("critical", "VENUE_PRIVATE_LOST", text);
  }

  /** A machine that slept, and clocks that drift, are seen. */
  #keepClock(): void {
    this.#timers.push(setInterval(() => this.#clock.check(), CLOCK_LOOK_MS));
    this.#timers.push(setInterval(() => void this.#rest.syncClock(), CLOCK_SYNC_MS));
  }

  #tell(severity: VenueNotice["severity"], code: string, text: string): void {
    this.#notice({ severity, code, text });
  }

  #notice(notice: VenueNotice): void {
    if (this.#session !== undefined) this.#session.noticed(notice);
    else this.#early.push(notice);
  }

  #close(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#guard?.close();
    this.#market.close();
    this.#private?.close(this.#tracker.open().length === 0);
    for (const stream of this.#trade) stream.close();
    this.#abort.abort();
    this.#pump.close();
  }
}

const STOPPED: VenueFault = { code: "VENUE_UNREACHABLE", text: "stopped before it was open" };

const tradeLost = (reason: string): string =>
  `order entry goes over HTTP until its stream stands again: ${reason}`;

const silent = (hasBook: boolean, openMs: number): VenueFault => ({
  code: "VENUE_UNREACHABLE",
  text: `within ${openMs} ms ${hasBook ? "the private stream does not open" : "no book comes"}`,
});

/** How often it is looked whether all is there. */
const TICK_MS = 5;
const tick = (): Promise<undefined> =>
  new Promise((resolve) => setTimeout(() => resolve(undefined), TICK_MS));
