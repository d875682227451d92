/**
 * Venue session: the contract between the live loop and a place where orders are traded.
 *
 * A session is one account on one instrument. It brings market rows and reports; it takes commands
 * and never answers by a return value: what becomes of a command is a report, sooner or later, for
 * each one. What must stay true, whatever the network does:
 *
 * - a report is told once for each thing that happened, and fills by their execution id;
 * - a request whose answer does not come is told as `timed-out`; from then on only what the venue
 *   says of the order is told, however long it takes to find out, and it is never sent again;
 * - `rejected` is told of an order only where the venue said so, or where it provably never came;
 * - nothing is told from within a call: reports come from the session's own turns of the loop.
 *
 * `arrival/testing` has the suite that a new venue must pass (`venueSuite`).
 */
import type {
  ChildOrder,
  ClientOrderId,
  OrderReport,
  OrderTerms,
} from "../core/domain/child-order.ts";
import type { Result } from "../core/domain/errors.ts";
import type { AmendTerms, MarketTold, RiskApproved } from "../core/domain/messages.ts";
import type { Micros } from "../core/domain/units.ts";
import type { FeeRates } from "../core/execution/instrument-state.ts";
import type { MarketBlock, MarketHeader } from "../core/market/columns.ts";

/** What goes wrong on the way to a session, or with the whole of it. */
export interface VenueFault {
  readonly code: VenueCode;
  /** What happened, where, and what to do. Never a secret. */
  readonly text: string;
}

export type VenueCode =
  | "VENUE_CREDENTIALS" // missing, refused, or without a needed permission
  | "VENUE_CLOCK" //       ours is too far from the venue's, or unsteady
  | "VENUE_SYMBOL" //      not traded there, or not now
  | "VENUE_ACCOUNT" //     mode, margin or balance is not what the run needs
  | "VENUE_REFUSED" //     it answered, and said no
  | "VENUE_UNREACHABLE" // it did not answer
  | "VENUE_PROTOCOL"; //   it answered something that cannot be understood

/** Whose account it is: orders are known at this one and at no other. Never a secret. */
export interface AccountIdentity {
  /** Of the venue's API, such as "api.bybit.com". */
  readonly host: string;
  /** The venue's own number of the account, where it tells one. */
  readonly uid?: string;
  /** The beginning of a hash of host and API key: two keys of one account differ. */
  readonly keyHash?: string;
}

/** The account as the venue sees it, at one instant. Decimal text in the settlement coin. */
export interface AccountSummary {
  readonly coin: string;
  readonly equity: string;
  readonly available: string;
  /** Signed: negative = short. On spot, lots of the base coin that no order has locked. */
  readonly positionLots: number;
  readonly leverage: string;
  /** Where the position would be closed by force; undefined where nothing would. */
  readonly liquidationPrice: string | undefined;
  readonly positionMode: "one-way" | "hedge";
  /** In hedge mode: which of the two the session trades, and `positionLots` is of. */
  readonly positionSide?: "long" | "short" | undefined;
  /** Orders that rest at the venue and are not of this run. */
  readonly foreignOrders: number;
  /** As the session was opened; absent: there is no account, as on paper. */
  readonly identity?: AccountIdentity;
}

export interface VenueNotice {
  readonly severity: "info" | "warning" | "critical";
  /** Upper-case words, such as `VENUE_RECONNECTED`. */
  readonly code: string;
  readonly text: string;
}

/** Whoever runs the engine. Never called from within a call to the session. */
export interface VenueSink {
  /**
   * Whole messages, in order of local time. The arrays are lent until it returns. A lost stream is
   * a row of `Kind.GAP`.
   */
  rows(block: MarketBlock): void;
  report(clientOrderId: ClientOrderId, report: OrderReport): void;
  notice(notice: VenueNotice): void;
  /** What the venue says of its market besides; as often as it does. */
  told?(told: MarketTold): void;
}

/** An order that is not known to have ended, or whose executions are not all known. */
export interface AdoptedOrder {
  /** As the engine has it. */
  readonly child: Readonly<ChildOrder>;
  /** Of the executions that are known: they are not told again. */
  readonly executionIds: readonly string[];
}

export interface VenueSession {
  readonly header: MarketHeader;
  readonly fees: FeeRates;
  readonly account: AccountSummary;
  /** Nanoseconds since the header's epoch, by the clock that rows are stamped with; never falls. */
  now(): number;
  /**
   * Orders that a run before has sent, or was about to send when it ended. Each counts as timed
   * out: the venue is asked for it, and what it says is told as of any other order: what has filled
   * since by executions, an amendment that was under way as `amended` or `amend-rejected`, that it
   * rests by `accepted`, its end by its end, and by `rejected` where it provably never came: which
   * it has not, where that run was told that the venue had it (`wasAccepted`); such an order has
   * ended, and a person has to hear that the venue has forgotten it. It is never sent again. Before
   * `start`, once.
   */
  adopt(orders: readonly AdoptedOrder[]): void;
  /** Rows and reports begin. Once. */
  start(sink: VenueSink): void;
  place(order: RiskApproved<OrderTerms>): void;
  amend(amend: RiskApproved<AmendTerms>): void;
  cancel(clientOrderId: ClientOrderId): void;
  /**
   * Signed lots that others have traded on the account since it was looked at for `account`, or
   * since `OpenTerms.executedTo`, as far as the venue tells of them one by one. Absent: it does
   * not.
   */
  readonly foreignLots?: number;
  /**
   * By the venue's clock, and by no other: others' executions up to then are in `foreignLots` or
   * came before it. Absent with it.
   */
  readonly executedTo?: Micros;
  /**
   * Asks the venue anew what the account looks like. Once started, all executions that it had seen
   * by then have been told when this resolves, whatever its streams did not say.
   */
  refresh(): Promise<Result<AccountSummary, VenueFault>>;
  /**
   * Withdraws all orders that this session has sent, by whatever way still works; for the end, and
   * for a kill. Ends when the venue says that none is left, or with what could not be done.
   */
  cancelAll(): Promise<Result<void, VenueFault>>;
  /** Leaves the venue; orders stay as they are. Nothing is told afterwards. */
  close(): Promise<void>;
}
