/**
 * Wired account: what is under way between us and one account at a simulated venue.
 *
 * Commands travel to the venue and reports travel back (`Wire`, `LatencyModel`); what the venue
 * does with them is its own. What must stay true: a report never arrives before what it reports,
 * nor before an earlier report.
 */
import type { ClientOrderId, OrderReport, OrderTerms } from "../core/domain/child-order.ts";
import { invariant } from "../core/domain/errors.ts";
import type { AmendTerms } from "../core/domain/messages.ts";
import type { LatencyModel } from "./latency.ts";
import { Wire } from "./wire.ts";

export interface VenueReport {
  readonly clientOrderId: ClientOrderId;
  readonly report: OrderReport;
}

export type Command =
  | { readonly kind: "place"; readonly order: OrderTerms }
  | { readonly kind: "amend"; readonly amend: AmendTerms }
  | { readonly kind: "cancel"; readonly id: ClientOrderId };

export abstract class WiredAccount {
  /** Nanoseconds: a command sent at t arrives no sooner than t plus this … */
  readonly minEntryLatency: number;
  /** … and what happens at the venue at t is known here no sooner than t plus this. */
  readonly minResponseLatency: number;
  readonly #commands: Wire<Command>;
  readonly #reports: Wire<VenueReport>;

  constructor(latency: LatencyModel) {
    this.minEntryLatency = latency.minEntry;
    this.minResponseLatency = latency.minResponse;
    this.#commands = new Wire((k) => latency.entry(k));
    this.#reports = new Wire((k) => latency.response(k));
  }

  /** Exchange time before which no command may arrive any more: the venue has been there. */
  protected abstract get settledTo(): number;

  /** Sends an order at local time `sentAt`; commands arrive in the order in which they are sent. */
  place(order: OrderTerms, sentAt: number): void {
    this.#send({ kind: "place", order }, sentAt);
  }

  amend(amend: AmendTerms, sentAt: number): void {
    this.#send({ kind: "amend", amend }, sentAt);
  }

  cancel(id: ClientOrderId, sentAt: number): void {
    this.#send({ kind: "cancel", id }, sentAt);
  }

  /** Local time at which the next report arrives; `Infinity` when none is under way. */
  get nextReportAt(): number {
    return this.#reports.nextAt;
  }

  /** Removes the report that arrives at `nextReportAt`. @throws InvariantError without one. */
  takeReport(): VenueReport {
    const first = this.#reports.take();
    invariant(first !== undefined, "no report is under way");
    return first;
  }

  /** Reports ever made. */
  get reported(): number {
    return this.#reports.sent;
  }

  /** Exchange time at which the next command arrives; `Infinity` when none is under way. */
  get nextCommandAt(): number {
    return this.#commands.nextAt;
  }

  /** Nothing is under way, in either direction. */
  protected get isQuiet(): boolean {
    return this.#commands.isEmpty && this.#reports.isEmpty;
  }

  /** The command that arrives at `nextCommandAt`, now at the venue. */
  protected takeCommand(): Command | undefined {
    return this.#commands.take();
  }

  /** The venue reports, at exchange time `at`. */
  protected tell(clientOrderId: ClientOrderId, report: OrderReport, at: number): void {
    this.#reports.send({ clientOrderId, report }, at);
  }

  #send(command: Command, sentAt: number): void {
    const arrival = this.#commands.send(command, sentAt);
    if (arrival >= this.settledTo) return;
    invariant(false, `a command arrives at ${arrival}, but the venue is at ${this.settledTo}`);
  }
}
