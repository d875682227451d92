/**
 * Hosted market: a simulated market as the local exchange drives it, by the exchange's clock.
 *
 * The venue underneath lives by the market's own time, in nanoseconds of its stream; here that is
 * mapped to the exchange's: exchange time = start + lag + (market time − first row) / speed, where
 * the lag is what the markets could not live through. Commands act at the instant at which they are
 * sent, and what comes of them is told before the call returns.
 *
 * What must stay true: no time that is told ever falls, nor lies beyond the time advanced to.
 */
import type { ClientOrderId, OrderReport, OrderTerms } from "../core/domain/child-order.ts";
import type { Instrument } from "../core/domain/instrument.ts";
import type { AmendTerms } from "../core/domain/messages.ts";
import { lots, type Micros, micros, ticks } from "../core/domain/units.ts";
import {
  ColumnsBuilder,
  ENGINE_ONLY,
  type MarketBlock,
  VENUE_ONLY,
} from "../core/market/columns.ts";
import type {
  HostedAccount,
  HostedLiquidation,
  HostedMarket,
  HostedWorld,
} from "../exchange/hosted-market.ts";
import type { MarketPace } from "./hosted-pace.ts";
import type { SimulatedAccount } from "./simulated-lane.ts";

/** Rows [from, to) of a block, as the venue went over them. */
export type RowSink = (block: MarketBlock, from: number, to: number) => void;

/** What a simulated venue must be to be hosted. Times are nanoseconds since its stream's epoch. */
export interface DrivenVenue {
  /** Zero latency, both ways. Of several exchange accounts that share one it has a single one. */
  readonly accounts: readonly SimulatedAccount[];
  /** No row will come any more. */
  readonly isOver: boolean;
  /** @returns whether it came as far as `until`; otherwise a report was made, and it stopped. */
  advance(until: number): boolean;
  /** Hands over the rows since the last call. */
  takeRows(sink: RowSink): void;
  /** Rows with this flag are not for the exchange to see. */
  readonly hidden: typeof ENGINE_ONLY | typeof VENUE_ONLY;
  readonly story?: DrivenStory | undefined;
  close(): void;
}

/** What a generated market knows of itself beyond its rows. */
export interface DrivenStory {
  readonly now: number;
  readonly funding:
    { readonly rate: number; readonly premium: number; readonly nextAt: number } | undefined;
  /** Oldest first; it may run ahead of the rows. */
  readonly fundings: readonly { readonly at: number; readonly rate: number }[];
  readonly openInterest: number;
  onForced: ((buys: boolean, lots: number, price: number) => void) | undefined;
}

export interface HostPlan {
  readonly instrument: Instrument;
  /** Accounts of the exchange. */
  readonly accounts: number;
  /** When the market's first row happens, by the exchange's clock. */
  readonly startAt: Micros;
  /** Time of that row by the venue's clock. */
  readonly firstRowAt: number;
  /** Seconds of the market in a second of the exchange, 1 to 1,000. */
  readonly speed: number;
  /** Absent: the market lives through every second. */
  readonly pace?: MarketPace | undefined;
}

const NO_LAG: MarketPace = { lag: 0 };

const NANOS_PER_MICRO = 1000;
const MICROS_PER_SECOND = 1_000_000;

/** The market's clock and the exchange's. */
class HostClock {
  readonly epochNanos: bigint;
  readonly #startAt: number;
  readonly #firstRowAt: number;
  readonly #speed: number;
  /** Of the exchange: nanoseconds from its epoch to the market's first row. */
  readonly #offset: number;
  readonly #pace: MarketPace;

  constructor({ startAt, firstRowAt, speed, pace = NO_LAG }: HostPlan) {
    const seconds = Math.floor(startAt / MICROS_PER_SECOND);
    this.epochNanos = BigInt(seconds) * 1_000_000_000n;
    this.#startAt = startAt;
    this.#firstRowAt = firstRowAt;
    this.#speed = speed;
    this.#pace = pace;
    this.#offset = (startAt - seconds * MICROS_PER_SECOND) * NANOS_PER_MICRO;
  }

  /** Market time at an instant of the exchange. */
  market(at: number): number {
    const elapsed = (at - this.#startAt - this.#pace.lag) * NANOS_PER_MICRO;
    return this.#firstRowAt + Math.floor(elapsed * this.#speed);
  }

  /** Nanoseconds since the exchange's epoch at an instant of the market. */
  nanos(marketTime: number): number {
    const lag = this.#pace.lag * NANOS_PER_MICRO;
    return this.#offset + lag + Math.floor((marketTime - this.#firstRowAt) / this.#speed);
  }

  micros(marketTime: number): number {
    const passed = (marketTime - this.#firstRowAt) / this.#speed / NANOS_PER_MICRO;
    return this.#startAt + this.#pace.lag + passed;
  }
}

export function hostMarket(venue: DrivenVenue, plan: HostPlan): HostedMarket {
  return new SimulatedHost(venue, plan);
}

class SimulatedHost implements HostedMarket {
  readonly instrument: Instrument;
  readonly accounts: readonly HostedAccount[];
  readonly epochNanos: bigint;
  readonly world: HostedWorld | undefined;
  onRows: (rows: MarketBlock) => void = () => {};
  readonly #venue: DrivenVenue;
  readonly #clock: HostClock;
  readonly #faces: readonly Face[];
  readonly #rows = new ColumnsBuilder(1 << 10);
  /** Latest time advanced to, by both clocks, and of the latest row. */
  #now: number;
  #marketNow: number;
  #rowAt = 0;
  #isAdvancing = false;

  constructor(venue: DrivenVenue, plan: HostPlan) {
    this.instrument = plan.instrument;
    this.#venue = venue;
    this.#clock = new HostClock(plan);
    this.epochNanos = this.#clock.epochNanos;
    this.#now = plan.startAt;
    this.#marketNow = plan.firstRowAt;
    const { accounts } = venue;
    const owners = accounts.length < plan.accounts ? new Map<ClientOrderId, Owned>() : undefined;
    this.#faces = Array.from({ length: plan.accounts }, (_, k) => {
      const send = (act: (account: SimulatedAccount, at: number) => void, at: number): void =>
        this.#send(accounts[owners === undefined ? k : 0]!, act, at);
      return new Face(send, owners);
    });
    this.accounts = this.#faces;
    const { story } = venue;
    this.world =
      story === undefined ? undefined : new HostedStory(story, this.#clock, () => this.#marketNow);
  }

  get isOver(): boolean {
    return this.#venue.isOver;
  }

  advance(now: Micros): void {
    this.#now = Math.max(this.#now, now);
    this.#marketNow = Math.max(this.#marketNow, this.#clock.market(this.#now));
    this.#run();
  }

  close(): void {
    this.#venue.close();
  }

  /** A command acts now; one that is sent by a listener acts once that has returned. */
  #send(
    account: SimulatedAccount,
    act: (account: SimulatedAccount, at: number) => void,
    at: number,
  ): void {
    this.#now = Math.max(this.#now, at);
    this.#marketNow = Math.max(this.#marketNow, this.#clock.market(this.#now));
    act(account, this.#marketNow);
    this.#run();
  }

  #run(): void {
    if (this.#isAdvancing) return;
    this.#isAdvancing = true;
    try {
      for (;;) {
        const isThrough = this.#venue.advance(this.#marketNow);
        this.#showRows();
        const wasTold = this.#tellReports();
        if (isThrough && !wasTold) return;
      }
    } finally {
      this.#isAdvancing = false;
    }
  }

  #showRows(): void {
    const rows = this.#rows;
    this.#venue.takeRows((block, from, to) => this.#restamp(block, from, to));
    if (rows.length === 0) return;
    this.onRows(rows.view());
    rows.length = 0;
  }

  #restamp(block: MarketBlock, from: number, to: number): void {
    const { exchangeTime, kind, price, quantity } = block;
    const { hidden } = this.#venue;
    const rows = this.#rows;
    for (let row = from; row < to; row++) {
      const flags = kind[row]!;
      if ((flags & hidden) !== 0) continue;
      this.#rowAt = Math.max(this.#rowAt, this.#clock.nanos(exchangeTime[row]!));
      const seen = flags & ~(ENGINE_ONLY | VENUE_ONLY);
      rows.push(this.#rowAt, this.#rowAt, seen, price[row]!, quantity[row]!);
    }
  }

  /** In order of time; at one instant account by account. @returns whether there were any. */
  #tellReports(): boolean {
    const { accounts } = this.#venue;
    let wasTold = false;
    for (;;) {
      let first = 0;
      for (let k = 1; k < accounts.length; k++) {
        if (accounts[k]!.nextReportAt < accounts[first]!.nextReportAt) first = k;
      }
      const { nextReportAt } = accounts[first]!;
      if (nextReportAt > this.#marketNow) return wasTold;
      const { clientOrderId, report } = accounts[first]!.takeReport();
      const at = Math.min(this.#now, Math.floor(this.#clock.micros(nextReportAt)));
      this.#faces[first]!.told(this.#faces, clientOrderId, stamped(report, at), micros(at));
      wasTold = true;
    }
  }
}

function stamped(report: OrderReport, at: number): OrderReport {
  if (report.kind !== "filled") return report;
  return { kind: "filled", fill: { ...report.fill, exchangeTime: micros(at) } };
}

/** Whose order it is, where several accounts share one of the venue's. */
interface Owned {
  readonly face: Face;
  quantity: number;
  cumulative: number;
}

/** One account of the exchange at the venue. */
class Face implements HostedAccount {
  onReport: (id: ClientOrderId, report: OrderReport, at: Micros) => void = () => {};
  readonly #send: (act: (account: SimulatedAccount, at: number) => void, at: number) => void;
  readonly #owners: Map<ClientOrderId, Owned> | undefined;

  constructor(
    send: (act: (account: SimulatedAccount, at: number) => void, at: number) => void,
    owners: Map<ClientOrderId, Owned> | undefined,
  ) {
    this.#send = send;
    this.#owners = owners;
  }

  place(order: OrderTerms, at: Micros): void {
    const { clientOrderId, quantity } = order;
    this.#owners?.set(clientOrderId, { face: this, quantity, cumulative: 0 });
    this.#send((account, time) => account.place(order, time), at);
  }

  amend(amend: AmendTerms, at: Micros): void {
    this.#send((account, time) => account.amend(amend, time), at);
  }

  cancel(id: ClientOrderId, at: Micros): void {
    this.#send((account, time) => account.cancel(id, time), at);
  }

  /** A report from the venue's account: whose it is, where it is several accounts'. */
  told(faces: readonly Face[], id: ClientOrderId, report: OrderReport, at: Micros): void {
    if (this.#owners === undefined) {
      this.onReport(id, report, at);
      return;
    }
    const owned = this.#owners.get(id);
    const { face } = owned ?? { face: faces[0]! };
    if (owned !== undefined && isOverAfter(owned, report)) this.#owners.delete(id);
    face.onReport(id, report, at);
  }
}

function isOverAfter(owned: Owned, report: OrderReport): boolean {
  if (report.kind === "amended") owned.quantity = report.quantity;
  else if (report.kind === "filled") owned.cumulative += report.fill.quantity;
  const hasEnded =
    report.kind === "rejected" || report.kind === "canceled" || report.kind === "expired";
  return hasEnded || owned.cumulative >= owned.quantity;
}

/** What a generated market tells of itself, by the exchange's clock. */
class HostedStory implements HostedWorld {
  readonly #story: DrivenStory;
  readonly #clock: HostClock;
  readonly #marketNow: () => number;
  #fundingsTold = 0;
  #liquidations: HostedLiquidation[] = [];

  constructor(story: DrivenStory, clock: HostClock, marketNow: () => number) {
    this.#story = story;
    this.#clock = clock;
    this.#marketNow = marketNow;
    story.onForced = (buys, quantity, price) => {
      const at = micros(Math.floor(clock.micros(story.now)));
      const side = buys ? "sell" : "buy";
      this.#liquidations.push({ at, side, quantity: lots(quantity), price: ticks(price) });
    };
  }

  get fundingRate(): number {
    return this.#story.funding?.rate ?? 0;
  }

  get premium(): number {
    return this.#story.funding?.premium ?? 0;
  }

  get nextFundingAt(): Micros {
    return micros(Math.ceil(this.#clock.micros(this.#story.funding?.nextAt ?? 0)));
  }

  get openInterest() {
    return lots(Math.max(0, this.#story.openInterest));
  }

  takeFundings(): readonly { readonly rate: number; readonly at: Micros }[] {
    const { fundings } = this.#story;
    const taken = [];
    for (; this.#fundingsTold < fundings.length; this.#fundingsTold++) {
      const { at, rate } = fundings[this.#fundingsTold]!;
      if (at > this.#marketNow()) break;
      taken.push({ rate, at: micros(Math.ceil(this.#clock.micros(at))) });
    }
    return taken;
  }

  takeLiquidations(): readonly HostedLiquidation[] {
    const taken = this.#liquidations;
    if (taken.length > 0) this.#liquidations = [];
    return taken;
  }
}
