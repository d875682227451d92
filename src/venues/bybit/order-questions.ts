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
  readonly executed: (row: ExecutionRow) => void;
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
/** Executions are asked for from so long before the oldest order in doubt was sent. */
const EARLIER_MS = 5000;

export class OrderQuestions {
  readonly #options: OrderQuestionsOptions;
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
  async openOrders(): Promise<readonly OrderState[] | undefined> {
    const found: OrderState[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < MOST_PAGES; page++) {
      const query = { ...this.#symbol, limit: String(ORDERS_A_PAGE), openOnly: "0", cursor };
      const answer = await this.#page("/v5/order/realtime", query, parseOrderPage);
      if (answer === undefined) return undefined;
      found.push(...answer.rows);
      cursor = answer.next;
      if (cursor === undefined || answer.rows.length + answer.elsewhere === 0) {
        return found.filter(({ standing }) => standing === "open");
      }
    }
    return undefined;
  }

  /** As the tracker wants it. */
  sighting(state: OrderState): OrderSighting {
    return sightingOf(state, this.#options.redact);
  }

  async #askOrder(question: TrackerQuestion): Promise<void> {
    const { tracker, told } = this.#options;
    const { clientOrderId } = question;
    const begunAt = this.#now();
    for (const path of ["/v5/order/realtime", "/v5/order/history"]) {
      const query = { ...this.#symbol, orderLinkId: clientOrderId };
      const page = await this.#page(path, query, parseOrderPage);
      if (this.#isClosed) return;
      // What could not be read may be the very order.
      if (page === undefined || page.faults.length > 0) return this.#failed(question);
      const found = page.rows.find((row) => row.clientOrderId === clientOrderId);
      if (found === undefined) continue;
      tracker.sighted(this.sighting(found), this.#now(), begunAt);
      return told();
    }
    tracker.missed(clientOrderId, begunAt, this.#now());
    told();
  }

  async #askManyOrders(questions: readonly TrackerQuestion[]): Promise<void> {
    const { tracker, told } = this.#options;
    const begunAt = this.#now();
    const open = await this.openOrders();
    if (this.#isClosed) return;
    const seen = new Set<string>();
    for (const order of open ?? []) {
      tracker.sighted(this.sighting(order), this.#now(), begunAt);
      seen.add(order.clientOrderId);
    }
    told();
    const rest = questions.filter(({ clientOrderId }) => !seen.has(clientOrderId));
    await Promise.all(rest.map((question) => this.#askOrder(question)));
  }

  async #askExecutions(question: TrackerQuestion): Promise<void> {
    const { clientOrderId } = question;
    const page = await this.#executions({ orderLinkId: clientOrderId });
    if (this.#isClosed) return;
    if (!page) return this.#failed(question);
    this.#executionsLooked([clientOrderId]);
  }

  async #askManyExecutions(questions: readonly TrackerQuestion[]): Promise<void> {
    const { tracker } = this.#options;
    const ids = questions.map(({ clientOrderId }) => clientOrderId);
    const oldest = Math.min(
      ...ids.map((id) => (tracker.order(id)?.child.sentAt ?? Number.POSITIVE_INFINITY) / 1000),
    );
    const answered = await this.#executions({
      startTime: String(Math.floor(oldest - EARLIER_MS)),
    });
    if (this.#isClosed) return;
    if (answered) return this.#executionsLooked(ids);
    for (const question of questions) this.#failed(question);
  }

  #executionsLooked(ids: readonly ClientOrderId[]): void {
    for (const id of ids) this.#options.tracker.executionsLooked(id, this.#now());
    this.#options.told();
  }

  /** False where not all of them could be had. */
  async #executions(which: Readonly<Record<string, string>>): Promise<boolean> {
    let cursor: string | undefined;
    for (let page = 0; page < MOST_PAGES; page++) {
      const query = { ...this.#symbol, ...which, limit: String(EXECUTIONS_A_PAGE), cursor };
      const answer = await this.#page("/v5/execution/list", query, parseExecutionPage);
      if (answer === undefined || this.#isClosed) return false;
      // The newest come first; they are told in the order in which they happened.
      for (const row of answer.rows.toReversed()) this.#options.executed(row);
      cursor = answer.next;
      if (cursor === undefined || answer.rows.length + answer.elsewhere === 0) return true;
    }
    return false;
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
