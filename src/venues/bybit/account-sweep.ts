/**
 * Account sweep: asks the venue now and then for all that is open and all that was executed.
 *
 * The streams tell most of it, and sooner; this finds what they did not tell, and orders of this
 * run that nobody here knows of any more, because a journal has lost its end or a cancel was
 * believed too soon. What must stay true: a look counts only where it was answered as a whole; and
 * an order that begins as this run's do, and that the run does not hold open, is withdrawn for as
 * long as the venue shows it.
 */
import type { ClientOrderId } from "../../core/domain/child-order.ts";
import type { VenueNotice } from "../venue.ts";
import type { OpenOrderList, OrderQuestions } from "./order-questions.ts";
import type { VenueMillis } from "./order-sighting.ts";
import type { OrderTracker } from "./order-tracker.ts";
import type { SessionPace } from "./session-parts.ts";

export interface SweepOptions {
  readonly tracker: OrderTracker;
  readonly questions: Pick<OrderQuestions, "openOrders" | "executionsSince" | "sighted">;
  /** Begins the ids of all orders of this run. */
  readonly prefix: string;
  readonly pace: Pick<SessionPace, "sweepMs" | "withdrawAgainMs">;
  readonly venueNowMs: () => VenueMillis;
  /** Executions up to then are known. */
  readonly since: VenueMillis;
  readonly withdraw: (clientOrderId: ClientOrderId) => void;
  readonly notice: (severity: VenueNotice["severity"], code: string, text: string) => void;
  /** All executions up to `until` were handed in. */
  readonly listed: (until: VenueMillis) => void;
  /** After the tracker was told something. */
  readonly told: () => void;
}

/** Executions may be listed so much later than they happened. */
const MARGIN_MS = 60_000;
/** A look that was not answered is made again after this. */
const FAILED_MS = 2000;

export class AccountSweep {
  readonly #options: SweepOptions;
  /** Executions are asked for from then on. */
  #since: VenueMillis;
  #nextAt: VenueMillis = 0;
  #running: Promise<boolean> | undefined;
  readonly #toldStray = new Set<string>();

  constructor(options: SweepOptions) {
    this.#options = options;
    this.#since = options.since;
  }

  /** Looks where it is time to. */
  tick(): void {
    if (this.#running === undefined && this.#options.venueNowMs() >= this.#nextAt) void this.look();
  }

  /** At the next `tick`. */
  soon(): void {
    this.#nextAt = 0;
  }

  /** @returns whether all that the venue knew when it was called has been handed in. */
  look(): Promise<boolean> {
    const before = this.#running ?? Promise.resolve(true);
    const running = before.then(() => this.#look());
    this.#running = running;
    void running.finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    return running;
  }

  async #look(): Promise<boolean> {
    const { questions, venueNowMs, pace, listed, notice, told } = this.#options;
    const begunAt = venueNowMs();
    const [open, executions] = await Promise.all([
      questions.openOrders(),
      questions.executionsSince(this.#since),
    ]);
    const strays = open === undefined ? 0 : this.#compare(open, begunAt);
    told();
    if (executions === "cut") {
      const since = new Date(this.#since).toISOString();
      const text = `there are more executions since ${since} than are listed: not all are counted`;
      notice("warning", "VENUE_FOREIGN_TRADE", text);
    }
    if (executions !== "failed") {
      this.#since = begunAt - MARGIN_MS;
      listed(begunAt);
    }
    const isWhole = open !== undefined && executions !== "failed";
    const wait = strays > 0 ? pace.withdrawAgainMs : isWhole ? pace.sweepMs : FAILED_MS;
    this.#nextAt = venueNowMs() + wait;
    return isWhole;
  }

  /** @returns how many are open that should not be. */
  #compare({ orders, unreadIds }: OpenOrderList, begunAt: VenueMillis): number {
    const { tracker, questions, venueNowMs } = this.#options;
    const ids = [...orders.map(({ clientOrderId }) => clientOrderId), ...unreadIds];
    for (const order of orders) {
      if (tracker.isOurs(order.clientOrderId)) questions.sighted(order, begunAt);
    }
    tracker.unlisted(new Set(ids), venueNowMs());
    const strays = ids.filter((id) => this.#isStray(id));
    for (const id of strays) this.#withdraw(id as ClientOrderId);
    return strays.length;
  }

  #isStray(id: string): boolean {
    const { tracker, prefix } = this.#options;
    return prefix !== "" && id.startsWith(prefix) && !tracker.isOurs(id);
  }

  #withdraw(id: ClientOrderId): void {
    const { withdraw, notice } = this.#options;
    if (!this.#toldStray.has(id)) {
      const text =
        `order ${id} is open at the venue: it is this run's by its name, and the run does not ` +
        "hold it open: it is withdrawn";
      notice("critical", "VENUE_STRAY_ORDER", text);
    }
    this.#toldStray.add(id);
    withdraw(id);
  }
}
