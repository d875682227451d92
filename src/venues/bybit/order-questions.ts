/**
 * Order questions: asks the venue what the streams did not tell.
 *
 * Few orders are asked for one by one; many, as after a lost connection, by lists. What must stay
 * true: an order counts as missed only where both the open and the closed ones were asked for it
 * and answered; and what a list tells of other people's orders goes to the tracker too, which
 * counts it and leaves it alone.
 */
import type { ClientOrderId } from "../../core/domain/child-order.ts";
import type { Result } from "../../core/domain/errors.ts";
import type { OrderSighting, VenueMillis } from "./order-sighting.ts";
import type { OrderTracker, TrackerQuestion } from "./order-tracker.ts";
import type { BybitRest } from "./rest-client.ts";
import {
  CROSSED,
  type ExecutionRow,
  type Grid,
  mayBeOpen,
  type OrderState,
  type Page,
  parseExecutionPage,
  parseOrderPage,
  type WireFault,
} from "./wire.ts";
import { quoted } from "./wire-value.ts";

export interface OrderQuestionsOptions {
  readonly rest: BybitRest;
  readonly grid: Grid;
  readonly tracker: OrderTracker;
  /** Each execution that is listed; `begunAt`: when it was asked for. */
  readonly executed: (row: ExecutionRow, begunAt: VenueMillis) => void;
  /** An answer told what happened to an order of ours at `at`, and nobody had before. */
  readonly found: (at: VenueMillis, begunAt: VenueMillis) => void;
  /** After the tracker was told something. */
  readonly told: () => void;
  readonly unread: (fault: WireFault) => void;
  /** Takes what is secret out of a text. */
  readonly redact: (text: string) => string;
}

/** From so many on a list is asked for instead. */
const MANY = 4;
/** A question that is under way is not asked again before this. */
const UNDER_WAY_MS = 60_000;
/** One that was not answered is asked again after this. */
const FAILED_MS = 1000;
const ORDERS_A_PAGE = 50;
const EXECUTIONS_A_PAGE = 100;
const MOST_PAGES = 40;
/** Without times, lists reach back for a week; with them, no question spans more than one. */
const WEEK_MS = 7 * 86_400_000;
/** A week by our clock, and a day for clocks that are wrong. */
const RECENT_MS = WEEK_MS - 86_400_000;
/** What is older the venue does not keep. */
const KEPT_MS = 2 * 365 * 86_400_000;
/** Executions are asked for from so long before the oldest order in doubt was sent. */
const EARLIER_MS = 5000;

export interface OpenOrderList {
  readonly orders: readonly OrderState[];
  /** Of those that cannot be read: they may be open, too. */
  readonly unreadIds: readonly string[];
}

interface TimeSpan {
  readonly startTime?: string;
  readonly endTime?: string;
}

export class OrderQuestions {
  readonly #options: OrderQuestionsOptions;
  /** Orders that cannot be read, but that they have ended. */
  readonly #ended = new Set<ClientOrderId>();
  #isClosed = false;

  constructor(options: OrderQuestionsOptions) {
    this.#options = options;
  }

  close(): void {
    this.#isClosed = true;
  }

  /** Asks what is due. */
  ask(): void {
    const { tracker } = this.#options;
    const due = tracker.due(this.#now());
    if (due.length === 0) return;
    for (const question of due) tracker.asking(question, this.#now() + UNDER_WAY_MS);
    const orders = due.filter(({ what }) => what === "order");
    const executions = due.filter(({ what }) => what === "executions");
    if (executions.length >= MANY) void this.#askManyExecutions(executions);
    else for (const question of executions) void this.#askExecutions(question);
    if (orders.length >= MANY) void this.#askManyOrders(orders);
    else for (const question of orders) void this.#askOrder(question);
  }

  /** All open orders of the instrument, everybody's; undefined where not all could be had. */
  async openOrders(): Promise<OpenOrderList | undefined> {
    const found: OrderState[] = [];
    const unreadIds: string[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < MOST_PAGES; page++) {
      const query = { ...this.#symbol, limit: String(ORDERS_A_PAGE), openOnly: "0", cursor };
      const answer = await this.#page("/v5/order/realtime", query, parseOrderPage);
      if (answer === undefined) return undefined;
      found.push(...answer.rows);
      unreadIds.push(...answer.unread.filter(mayBeOpen).map(({ id }) => id));
      cursor = answer.next;
      if (cursor === undefined || answer.rows.length + answer.elsewhere === 0) {
        return { orders: found.filter(({ standing }) => standing === "open"), unreadIds };
      }
    }
    return undefined;
  }

  /** Whether the venue tells that it has ended, though not how: the grid may have changed. */
  hasEndedUnread(clientOrderId: ClientOrderId): boolean {
    return this.#ended.has(clientOrderId);
  }

  /** As the tracker wants it. */
  sighting(state: OrderState): OrderSighting {
    return sightingOf(state, this.#options.redact);
  }

  /** An order as it was told to a question that was sent at `begunAt`. */
  sighted(state: OrderState, begunAt: VenueMillis): void {
    const sighting = this.sighting(state);
    if (!this.#options.tracker.sighted(sighting, this.#now(), begunAt)) return;
    this.#options.found(sighting.updatedAt, begunAt);
  }

  /** Everybody's executions of the instrument. "cut": there are more than can be listed. */
  async executionsSince(since: VenueMillis): Promise<"whole" | "cut" | "failed"> {
    const from = Math.max(0, Math.floor(since), this.#now() - KEPT_MS);
    for (const span of this.#spansFrom(from, { startTime: String(from) })) {
      const listed = await this.#executions(span);
      if (listed !== "whole") return listed;
    }
    return "whole";
  }

  async #askOrder(question: TrackerQuestion): Promise<void> {
    const { tracker, told } = this.#options;
    const { clientOrderId } = question;
    const begunAt = this.#now();
    const places = [
      { path: "/v5/order/realtime", span: {} },
      ...this.#spans([clientOrderId]).map((span) => ({ path: "/v5/order/history", span })),
    ];
    for (const { path, span } of places) {
      const query = { ...this.#symbol, orderLinkId: clientOrderId, ...span };
      const page = await this.#page(path, query, parseOrderPage);
      if (this.#isClosed) return;
      // What could not be read may be the very order.
      if (page === undefined || page.faults.length > 0) {
        const unread = page?.unread.find(({ id }) => id === clientOrderId);
        if (unread !== undefined && !mayBeOpen(unread)) this.#ended.add(clientOrderId);
        return this.#failed(question);
      }
      const found = page.rows.find((row) => row.clientOrderId === clientOrderId);
      if (found === undefined) continue;
      this.sighted(found, begunAt);
      return told();
    }
    tracker.missed(clientOrderId, begunAt, this.#now());
    told();
  }

  async #askManyOrders(questions: readonly TrackerQuestion[]): Promise<void> {
    const { told } = this.#options;
    const begunAt = this.#now();
    const open = await this.openOrders();
    if (this.#isClosed) return;
    const seen = new Set<string>();
    for (const order of open?.orders ?? []) {
      this.sighted(order, begunAt);
      seen.add(order.clientOrderId);
    }
    told();
    const rest = questions.filter(({ clientOrderId }) => !seen.has(clientOrderId));
    await Promise.all(rest.map((question) => this.#askOrder(question)));
  }

  async #askExecutions(question: TrackerQuestion): Promise<void> {
    const { clientOrderId } = question;
    const begunAt = this.#now();
    let isWhole = true;
    for (const span of this.#spans([clientOrderId])) {
      const which = { orderLinkId: clientOrderId, ...span };
      isWhole &&= (await this.#executions(which)) === "whole";
    }
    if (this.#isClosed) return;
    if (!isWhole) return this.#failed(question);
    this.#executionsLooked([clientOrderId], begunAt);
  }

  async #askManyExecutions(questions: readonly TrackerQuestion[]): Promise<void> {
    const ids = questions.map(({ clientOrderId }) => clientOrderId);
    const begunAt = this.#now();
    let isWhole = true;
    for (const span of this.#spans(ids, { startTime: String(this.#oldest(ids)) })) {
      isWhole &&= (await this.#executions(span)) === "whole";
    }
    if (this.#isClosed) return;
    if (isWhole) return this.#executionsLooked(ids, begunAt);
    for (const question of questions) this.#failed(question);
  }

  /** Before this none of them can have been sent. */
  #oldest(ids: readonly ClientOrderId[]): VenueMillis {
    const { tracker } = this.#options;
    const sent = ids.map(
      (id) => (tracker.order(id)?.child.sentAt ?? Number.POSITIVE_INFINITY) / 1000,
    );
    const oldest = Math.floor(Math.min(...sent) - EARLIER_MS);
    return Math.max(0, oldest, this.#now() - KEPT_MS);
  }

  /** Times of questions that reach back to the oldest; `recent` does where that is not long ago. */
  #spans(ids: readonly ClientOrderId[], recent: TimeSpan = {}): readonly TimeSpan[] {
    return this.#spansFrom(this.#oldest(ids), recent);
  }

  #spansFrom(oldest: VenueMillis, recent: TimeSpan): readonly TimeSpan[] {
    const now = this.#now();
    if (now - oldest < RECENT_MS) return [recent];
    const spans: TimeSpan[] = [];
    for (let from = oldest; from <= now; from += WEEK_MS) {
      spans.push({ startTime: String(from), endTime: String(from + WEEK_MS - 1) });
    }
    return spans;
  }

  #executionsLooked(ids: readonly ClientOrderId[], begunAt: VenueMillis): void {
    for (const id of ids) this.#options.tracker.executionsLooked(id, begunAt, this.#now());
    this.#options.told();
  }

  async #executions(
    which: TimeSpan & { readonly orderLinkId?: string },
  ): Promise<"whole" | "cut" | "failed"> {
    const begunAt = this.#now();
    let cursor: string | undefined;
    for (let page = 0; page < MOST_PAGES; page++) {
      const query = { ...this.#symbol, ...which, limit: String(EXECUTIONS_A_PAGE), cursor };
      const answer = await this.#page("/v5/execution/list", query, parseExecutionPage);
      if (answer === undefined || this.#isClosed) return "failed";
      // The newest come first; they are told in the order in which they happened.
      for (const row of answer.rows.toReversed()) this.#options.executed(row, begunAt);
      cursor = answer.next;
      if (cursor === undefined || answer.rows.length + answer.elsewhere === 0) return "whole";
    }
    return "cut";
  }

  async #page<Row>(
    path: string,
    query: Readonly<Record<string, string | undefined>>,
    parse: (result: unknown, grid: Grid) => Result<Page<Row>, WireFault>,
  ): Promise<Page<Row> | undefined> {
    const { rest, grid, unread } = this.#options;
    const outcome = await rest.get({ path, query });
    if (outcome.kind !== "answered" || this.#isClosed) return undefined;
    const page = parse(outcome.answer.result, grid);
    if (!page.ok) {
      unread(page.error);
      return undefined;
    }
    for (const fault of page.value.faults) unread(fault);
    return page.value;
  }

  #failed(question: TrackerQuestion): void {
    this.#options.tracker.askedInVain(question, this.#now() + FAILED_MS);
  }

  get #symbol(): { readonly category: string; readonly symbol: string } {
    const { kind, symbol } = this.#options.grid.instrument;
    return { category: kind, symbol };
  }

  #now(): VenueMillis {
    return this.#options.rest.venueNowMs();
  }
}

function sightingOf(state: OrderState, redact: (text: string) => string): OrderSighting {
  const { clientOrderId, orderId, limitPrice, quantity, cumulative, reason, status } = state;
  // A post-only order that would have traded is withdrawn, whatever the venue calls it.
  const isCrossed = state.standing === "rejected" && reason.includes(CROSSED);
  return {
    clientOrderId: clientOrderId as ClientOrderId,
    orderId,
    standing: isCrossed ? "canceled" : state.standing,
    limitPrice,
    quantity: quantity ?? cumulative,
    cumulative,
    updatedAt: state.updatedAt / 1000,
    code: /^\w{1,60}/.exec(redact(reason))?.[0] ?? status,
    text: reason === "" ? status : `${status}: ${quoted(redact(reason), 200)}`,
  };
}
