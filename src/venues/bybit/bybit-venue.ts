/**
 * Bybit venue: opens sessions on one account and one instrument.
 *
 * What must stay true: a session begins only where the clock, the key, the instrument and the
 * account are what the run needs, its streams stand and a book is known; until then nothing is
 * sent that trades, and what fails leaves nothing behind.
 */
import { err, ok, type Result } from "../../core/domain/errors.ts";
import type { MarketHeader } from "../../core/market/columns.ts";
import { every } from "../../data/network/repeating.ts";
import { SYSTEM_TRANSPORT } from "../../data/network/system-transport.ts";
import type { Transport } from "../../data/network/transport.ts";
import { AnchoredClock } from "../../data/recorder/clock.ts";
import { DEFAULT_PACE } from "../../data/recorder/feed.ts";
import type { OpenTerms, Venue, VenueFault, VenueNotice, VenueSession } from "../venue.ts";
import type { BybitVenueOptions } from "./bybit-options.ts";
import { identityOf } from "./identity.ts";
import { MarketGuard } from "./market-guard.ts";
import { Maintenance } from "./maintenance.ts";
import { MarketStream } from "./market-stream.ts";
import { OrderEntry } from "./order-entry.ts";
import { OrderQuestions } from "./order-questions.ts";
import { isInDollars, OrderGate } from "./order-rules.ts";
import { DEFAULT_PATIENCE } from "./order-sighting.ts";
import { OrderTracker } from "./order-tracker.ts";
import { PrivateStream } from "./private-stream.ts";
import { RatePump } from "./rate-pump.ts";
import { BybitRest } from "./rest-client.ts";
import { RulesWatch } from "./rules-watch.ts";
import { BybitSession } from "./session.ts";
import { type Asking, checkAccount, type CheckedAccount, summarise } from "./session-account.ts";
import { SESSION_PACE } from "./session-parts.ts";
import { STREAM_PACE } from "./signed-stream.ts";
import { TradeStream } from "./trade-stream.ts";
import { Grid, isLinkId } from "./wire.ts";

export type { BybitPace, BybitVenueOptions } from "./bybit-options.ts";

const ANSWER_MS = 3000;
const OPEN_MS = 20_000;
const REST_TIMEOUT_MS = 10_000;
const CHECK_MS = 60_000;
const CHECK_AGAIN_MS = 5000;
const RULES_MS = 3 * 60_000;
const RULES_SOON_MS = 2000;
const QUIET_MS = 1000;
const CLOCK_LOOK_MS = 1000;
/** The venue's clock is measured anew so often. */
const CLOCK_SYNC_MS = 10 * 60_000;

export const bybitVenue = (options: BybitVenueOptions): Venue => ({
  name: "bybit",
  open: (signal, terms) => new Opening(options, signal, terms).run(),
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
  readonly #transport: Transport;
  /** Each ends one that repeats. */
  readonly #repeating: (() => void)[] = [];
  readonly #tracker: OrderTracker;
  #private: PrivateStream | undefined;
  #trade: readonly TradeStream[] = [];
  #session: BybitSession | undefined;
  #guard: MarketGuard | undefined;
  #rules: RulesWatch | undefined;
  readonly #maintenance: Maintenance;
  readonly #early: VenueNotice[] = [];
  readonly #refused = Promise.withResolvers<VenueFault>();
  readonly #terms: OpenTerms;
  /** Of a run that is gone on with. */
  readonly #hindered: ((fault: VenueFault) => void) | undefined;

  constructor(options: BybitVenueOptions, signal: AbortSignal, terms: OpenTerms = {}) {
    const { hosts, credentials, pace = {}, clock = new AnchoredClock() } = options;
    const { random = Math.random, category, symbol, depth } = options;
    const { transport = SYSTEM_TRANSPORT } = options;
    this.#options = options;
    this.#terms = terms;
    if (terms.isResumed === true) {
      this.#hindered = ({ code, text }) =>
        this.#tell("warning", code, `no run would be begun like this: ${text}`);
    }
    this.#signal = signal;
    this.#clock = clock;
    this.#random = random;
    this.#transport = transport;
    this.#tracker = new OrderTracker(pace.tracker ?? DEFAULT_PATIENCE);
    this.#pump = new RatePump(options.rates, transport);
    this.#maintenance = new Maintenance(
      (notice) => this.#notice(notice),
      () => transport.nowMs(),
    );
    this.#rest = new BybitRest({
      hosts,
      credentials,
      clock,
      pump: this.#pump,
      random,
      signal: this.#abort.signal,
      timeoutMs: pace.restTimeoutMs ?? REST_TIMEOUT_MS,
      transport,
      heard: (word) => this.#maintenance.heard(word),
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
      transport,
      epochNanos: terms.epochNanos,
      hindered: this.#hindered,
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
    const checked = await this.#checked(asking);
    if (!checked.ok) return checked;
    const { fees, identity } = checked.value;
    const questions = this.#questions(grid);
    const isOurs = (id: string): boolean => this.#tracker.isOurs(id) || id.startsWith(prefix);
    const refresh = () => summarise(asking, positionIndex, questions, isOurs);
    const { executedTo, wasSent = () => false } = this.#terms;
    const knownTo = executedTo === undefined ? this.#rest.venueNowMs() : executedTo / 1000;
    const account = await refresh();
    if (!account.ok) return account;
    if (this.#abort.signal.aborted) return err(STOPPED);
    const watches = this.#watch(header.value);
    this.#openStreams(grid);
    const streams = await this.#streamsStand();
    if (!streams.ok) return streams;
    const session = new BybitSession({
      header: header.value,
      fees,
      account: { ...account.value, identity },
      grid,
      style: { positionIndex, selfMatch: this.#options.selfMatch },
      rest: this.#rest,
      market: this.#market,
      ...watches,
      tracker: this.#tracker,
      questions,
      entry: this.#entry(),
      gate: new OrderGate(instrument, {
        maxOrderValue,
        minIntervalMs: this.#options.minIntervalMs ?? 0,
      }),
      timers: this.#transport.timers,
      pace: this.#options.pace?.session ?? SESSION_PACE,
      prefix,
      redact: (text) => credentials.redact(text),
      refresh,
      knownTo,
      wasSent,
      restartPrivate: (reason) => this.#private?.restart(reason),
      closeParts: () => this.#close(),
    });
    this.#session = session;
    for (const notice of this.#early.splice(0)) session.noticed(notice);
    return ok(session);
  }

  async #checked(asking: Asking): Promise<Result<CheckedAccount, VenueFault>> {
    const checked = await checkAccount(asking, {
      positionIndex: this.#options.positionIndex ?? 0,
      leverage: this.#options.leverage,
      setsLeverage: this.#options.setsLeverage ?? false,
      protectionSeconds: this.#options.protectionSeconds,
      isDemo: this.#options.hosts.network === "demo",
      signal: this.#abort.signal,
      timers: this.#transport.timers,
      identify: (key) => identityOf(this.#options.hosts, this.#options.credentials, key),
      whyNot: this.#terms.whyNot,
      hindered: this.#hindered,
    });
    if (!checked.ok) return checked;
    const { fees, areFeesAssumed } = checked.value;
    if (areFeesAssumed) {
      const text = `the venue does not tell the fees: ${fees.maker} and ${fees.taker} are assumed`;
      this.#tell("warning", "VENUE_FEES_ASSUMED", text);
    }
    return checked;
  }

  #watch(header: MarketHeader): { readonly guard: MarketGuard; readonly rules: RulesWatch } {
    const { checkMs = CHECK_MS, checkAgainMs = CHECK_AGAIN_MS } = this.#options.pace ?? {};
    const { rulesMs = RULES_MS, rulesSoonMs = RULES_SOON_MS } = this.#options.pace ?? {};
    const { timers } = this.#transport;
    const guard = new MarketGuard({
      rest: this.#rest,
      header,
      everyMs: checkMs,
      againMs: checkAgainMs,
      quietMs: QUIET_MS,
      timers,
      onWrong: (text) => {
        const what = `the book is not the venue's (${text}): it is begun anew`;
        this.#tell("warning", "VENUE_BOOK_WRONG", what);
        this.#market.distrust();
      },
    });
    const rules = new RulesWatch({
      rest: this.#rest,
      instrument: header.instrument,
      everyMs: rulesMs,
      soonMs: rulesSoonMs,
      timers,
      nowMs: () => this.#transport.nowMs(),
      notice: (notice) => this.#notice(notice),
    });
    this.#guard = guard;
    this.#rules = rules;
    return { guard, rules };
  }

  #questions(grid: Grid): OrderQuestions {
    return new OrderQuestions({
      rest: this.#rest,
      grid,
      tracker: this.#tracker,
      executed: (row, begunAt) => this.#session?.execution(row, begunAt),
      found: (at, begunAt) => this.#session?.found(at, begunAt),
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
      heard: (word) => this.#maintenance.heard(word),
      onRefused: () => this.#rules?.look(),
      onSent: (number, at) => this.#tracker.sent(number, at),
      timers: this.#transport.timers,
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
      transport: this.#transport,
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
    const until = this.#transport.nowMs() + openMs;
    const book = this.#market.firstBook.then(() => "book" as const);
    let hasBook = false;
    void book.then(() => (hasBook = true));
    while (!this.#abort.signal.aborted) {
      const isPrivate = this.#private?.isReady === true;
      const isTrade = this.#trade.every((stream) => stream.isReady);
      const isLate = this.#transport.nowMs() > until;
      if (hasBook && isPrivate && (isTrade || isLate)) {
        if (!isTrade) this.#tell("warning", "VENUE_TRADE_LOST", tradeLost("it does not open"));
        return ok(undefined);
      }
      if (isLate) return this.#unless(silent(hasBook, openMs));
      const refused = await Promise.race([this.#refused.promise, this.#tick()]);
      if (refused !== undefined) return err(refused);
    }
    return err(STOPPED);
  }

  /** Who goes on with a run has orders to look after, whatever stands in the way of new ones. */
  #unless(fault: VenueFault): Result<void, VenueFault> {
    if (this.#hindered === undefined) return err(fault);
    this.#hindered(fault);
    return ok(undefined);
  }

  #tick(): Promise<undefined> {
    const { timers } = this.#transport;
    return new Promise((resolve) => void timers.after(TICK_MS * 1e6, () => resolve(undefined)));
  }

  #refusedBy(text: string): void {
    this.#refused.resolve({ code: "VENUE_CREDENTIALS", text });
    this.#tell("critical", "VENUE_PRIVATE_LOST", text);
  }

  /** A machine that slept, and clocks that drift, are seen. */
  #keepClock(): void {
    const { timers } = this.#transport;
    let { leaps } = this.#clock;
    const look = (): void => {
      this.#clock.check();
      if (this.#clock.leaps === leaps) return;
      leaps = this.#clock.leaps;
      void this.#rest.syncClock();
    };
    this.#repeating.push(
      every(timers, CLOCK_LOOK_MS, look),
      every(timers, CLOCK_SYNC_MS, () => void this.#rest.syncClock()),
    );
  }

  #tell(severity: VenueNotice["severity"], code: string, text: string): void {
    this.#notice({ severity, code, text });
  }

  #notice(notice: VenueNotice): void {
    if (this.#session !== undefined) this.#session.noticed(notice);
    else this.#early.push(notice);
  }

  #close(): void {
    for (const end of this.#repeating) end();
    this.#guard?.close();
    this.#rules?.close();
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
