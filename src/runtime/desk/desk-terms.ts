/**
 * Desk terms: what a desk offers to whoever shows and steers it: the server, a test, a script.
 *
 * A desk holds one standing run for each instrument, and knows the journals in its folder. What
 * must stay true: what is handed out is a copy, plain JSON; whatever changes an order is an event
 * in its run's journal, with who it was.
 */
import type { Advisor } from "../../advisors/advisor.ts";
import type { Result } from "../../core/domain/errors.ts";
import type { ContractKind, Instrument } from "../../core/domain/instrument.ts";
import type { EngineEvent, EngineOutput } from "../../core/domain/messages.ts";
import type { Micros } from "../../core/domain/units.ts";
import type { Timers } from "../../data/network/timers.ts";
import type { NewsFeed } from "../../feeds/news-feed.ts";
import type { Venue, VenueFault, VenueNotice } from "../../venues/venue.ts";
import type { FillSum } from "../../view/fill-sums.ts";
import type { MarketView, OrderRow, OrderView, TimelineEntry } from "../../view/shapes.ts";
import type { RunNote } from "../../view/stream.ts";
import type { ArrivalConfig } from "../config.ts";
import type { JournalHeader } from "../journal/journal.ts";
import type { ControlAnswer, ControlRequest } from "../live/control-protocol.ts";
import type { Plugin } from "../plugin.ts";
import type { OrderForm } from "./order-form.ts";

/** A market that the desk is to trade on. */
export interface VenueAsk {
  readonly category: ContractKind;
  readonly symbol: string;
  /** Begins the ids of all orders of the run: the `parentId` of `chooseVenue`. */
  readonly runId: string;
  /** Of the journal that is gone on with; absent: the run is a new one. */
  readonly header?: JournalHeader;
}

export interface DeskVenue {
  readonly venue: Venue;
  /** How `arrival resume` opens it again: plain JSON without secrets. */
  readonly access?: unknown;
}

export interface DeskOptions {
  /** Made where it is not there. One desk at a time. */
  readonly folder: string;
  /** Where it trades, such as "bybit demo": a journal begun elsewhere is not gone on with. */
  readonly place: string;
  readonly config: ArrivalConfig;
  readonly seed: number;
  readonly plugins?: readonly Plugin[];
  readonly venueFor: (ask: VenueAsk) => Result<DeskVenue, VenueFault>;
  /** Markets that are opened at the start; others once somebody asks for them. */
  readonly markets?: readonly Pick<VenueAsk, "category" | "symbol">[];
  /** Who answers the engines' questions; lent. */
  readonly advisor?: Advisor | undefined;
  readonly news?: readonly NewsFeed[] | undefined;
  /** Journals are only looked at: nothing is gone on with, nothing is traded. */
  readonly isReadOnly?: boolean;
  /** What is to be told out of band, or shown. `journal`: its file name. */
  readonly onNotice?: (journal: string, notice: VenueNotice) => void;
  /** Told in the middle of the run's own work. */
  readonly onStep?: (journal: string, step: DeskStep) => void;
  /** Absent: the system's. */
  readonly timers?: Timers;
  readonly clock?: () => Micros;
}

export interface DeskStep {
  readonly instrument: Instrument;
  readonly event: EngineEvent;
  readonly outputs: readonly EngineOutput[];
}

export interface DeskFault {
  /** `DESK_…`, or the code of what refused it (`RUN_…`, `VENUE_…`, the gate's). */
  readonly code: string;
  readonly text: string;
}

/** One thing to know before an order is sent. */
export interface PreviewCheck {
  readonly name: string;
  /** The order is not taken on where it is not met. */
  readonly isRequired: boolean;
  /** Null: it cannot be told. */
  readonly met: boolean | null;
  readonly text: string;
}

/** What an order would mean if it began now; costs signed, positive = paid. */
export interface OrderPreview {
  readonly checks: readonly PreviewCheck[];
  readonly canSubmit: boolean;
  /** In words, and in quote coin over the mid now: the worst that the limits allow. */
  readonly worstCase: { readonly text: string; readonly cash: string | null };
  /** Decimal text, quote coin, at the mid now. */
  readonly notional: string | null;
  /** By urgency, the order's own among them; null figures: the market is not known well enough. */
  readonly costs: readonly {
    readonly strategy: string;
    readonly urgency: number;
    readonly isOwn: boolean;
    readonly costBps: number | null;
    readonly riskBps: number | null;
    readonly seconds: number;
  }[];
  /** The least cost at each risk, fees and spread as of the order's own: for a picture. */
  readonly frontier: readonly { readonly costBps: number; readonly riskBps: number }[];
  /** What advice may cost at most, at one and at three sigma; null: none is asked. */
  readonly adviceBoundBps: readonly [number, number] | null;
  /** Whether a second person has to agree: whoever asks for that says it; the desk does not. */
  readonly needsApproval: boolean;
}

/** A control request without who asks it: that is the caller's to say. */
type WithoutName<Request> = Request extends unknown ? Omit<Request, "by"> : never;
export type OrderCommand = WithoutName<
  Extract<ControlRequest, { readonly command: "pause" | "resume" | "cancel" | "amend" | "switch" }>
>;

export type DeskChange =
  /** Something of these orders is another now. */
  | { readonly kind: "orders"; readonly parentIds: readonly string[] }
  /** A run began, ended, was killed, or is in trouble. */
  | { readonly kind: "runs" }
  /** A second has ended, or a trade or a level was told. At most ten a second. */
  | { readonly kind: "market"; readonly instrument: string }
  | { readonly kind: "timeline" };

/** A journal that was folded again, to be looked at up to any record. */
export interface OpenedJournal {
  readonly journal: string;
  /** Of the last record. */
  readonly records: number;
  readonly parentIds: readonly string[];
  readonly instrument: string;
  /** Number and time of records at which something happened to an order: for a slider. */
  readonly marks: readonly { readonly record: number; readonly time: Micros }[];
  /**
   * The run as it was behind this record; absent: behind the last.
   *
   * @param parentIds the orders that are wanted; absent: all of them.
   */
  at(record?: number, parentIds?: readonly string[]): Promise<JournalMoment>;
  close(): void;
}

export interface JournalMoment {
  readonly record: number;
  readonly time: Micros;
  readonly orders: readonly OrderView[];
  readonly market: MarketView;
  readonly timeline: readonly TimelineEntry[];
}

export interface Desk {
  /** Where its journals lie. */
  readonly folder: string;
  /** Whether orders may be begun here: the run of one order takes on no other. */
  readonly takesOrders: boolean;
  readonly now: Micros;
  runs(): readonly RunNote[];
  /** Live ones and those of journals in the folder, newest first. */
  rows(): readonly OrderRow[];
  /** Of all rows, without making them. */
  parentIds(): readonly string[];
  /** Those that there are, by parent id. */
  rowsOf(parentIds: readonly string[]): ReadonlyMap<string, OrderRow>;
  /** Of an order at work, or of one that has ended in a run that stands. */
  order(parentId: string): OrderView | undefined;
  market(instrument: string): MarketView | undefined;
  /** Of runs that stand, newer than `after` of that journal, oldest first, the newest 500. */
  timeline(
    after?: Readonly<Record<string, number>>,
  ): readonly (TimelineEntry & { readonly journal: string })[];
  /** Of runs that stand, since their journals began. */
  fills(): readonly FillSum[];
  /** @returns ends it. Never called from within a call to the desk. */
  watch(listener: (change: DeskChange) => void): () => void;

  /** The market of an instrument is opened for it where it is not open. Nothing is sent. */
  preview(form: OrderForm): Promise<Result<OrderPreview, DeskFault>>;
  /** Decimal text, quote coin, at the mid now; null: not known. The account is not asked. */
  worth(form: OrderForm): Promise<Result<string | null, DeskFault>>;
  /** Journaled before it answers. */
  submit(
    by: string,
    form: OrderForm,
  ): Promise<Result<{ readonly parentId: string; readonly record: number }, DeskFault>>;
  /** Also of runs outside this process, by their sockets. */
  control(by: string, parentId: string, command: OrderCommand): Promise<ControlAnswer>;
  /** Everything stops: all runs, in whatever state they are. */
  kill(by: string, reason: string): Promise<readonly ControlAnswer[]>;
  /** As the configuration writes them; undefined: there is no such run. */
  limits(instrument: string): Readonly<Record<string, unknown>> | undefined;
  setLimits(
    by: string,
    instrument: string,
    set: Readonly<Record<string, unknown>>,
  ): Promise<ControlAnswer>;

  /** A journal of the folder, by its file name. */
  open(journal: string): Promise<Result<OpenedJournal, DeskFault>>;
  /** Runs are left as they are at the venue only where `leave` says so; else they are canceled. */
  close(how: "leave" | "cancel"): Promise<void>;
}
