/**
 * Venue scene: what a case of the venue suite is played on: a session, its witness, and orders that
 * fit whatever market is there.
 *
 * What must stay true: whatever a case did, its end asks the venue itself: nothing of ours is left,
 * and the position there is the sum of the fills that were told.
 */
import type { ClientOrderId, OrderTerms } from "../core/domain/child-order.ts";
import { minimumLots } from "../core/domain/instrument.ts";
import type { Side } from "../core/domain/side.ts";
import { atTick, type Lots, lots, type Ticks, ticks } from "../core/domain/units.ts";
import type { AdoptedOrder } from "../venues/venue-session.ts";
import { requireLaw } from "./law-broken.ts";
import type { VenueStage } from "./venue-suite.ts";
import { type SessionUnderTest, VenueWitness, type WitnessedOrder } from "./venue-witness.ts";

/** What a case is played on. */
export class Scene {
  /** Of the process that goes on now. */
  session: SessionUnderTest;
  witness: VenueWitness;
  readonly stage: VenueStage;
  /** At the venue, before the first order. */
  readonly #positionBefore: number;
  #orders = 0;

  constructor(stage: VenueStage) {
    this.stage = stage;
    this.session = stage.session;
    this.witness = new VenueWitness(this.session);
    this.#positionBefore = this.session.account.positionLots;
  }

  /** Waits until something is so. @throws LawBroken when it does not come to be. */
  async until(what: string, isSo: () => boolean): Promise<void> {
    const { stage, witness } = this;
    const patience = stage.patienceMs ?? 15_000;
    for (let waited = 0; !isSo(); waited += STEP_MS) {
      if (witness.broken !== undefined) throw witness.broken;
      requireLaw("venue", waited < patience, `waited ${patience} ms in vain until ${what}`);
      await stage.wait(STEP_MS);
    }
    if (witness.broken !== undefined) throw witness.broken;
  }

  async begin(): Promise<void> {
    this.witness.start();
    await this.until("a book is told", () => this.witness.hasBook && this.#hasSides);
  }

  /**
   * The process ends, and another goes on: of `orders` it knows what stands in them, of all others
   * what the one before knew.
   */
  async reopen(orders: readonly AdoptedOrder[]): Promise<readonly WitnessedOrder[]> {
    const { stage, witness } = this;
    await witness.close();
    if (witness.broken !== undefined) throw witness.broken;
    this.check(stage.reopen !== undefined, "the stage opens no second session");
    this.session = await this.finish(stage.reopen!());
    this.witness = new VenueWitness(this.session, witness);
    const adopted = this.witness.adopt(orders);
    this.witness.start();
    return adopted;
  }

  get #hasSides(): boolean {
    const { bestBid, bestAsk } = this.witness.book;
    return bestBid > 0 && bestAsk > bestBid;
  }

  /** A quantity that is well over every minimum of the venue, and far under its maximum. */
  get quantity(): Lots {
    const { instrument } = this.session.header;
    return lots(4 * minimumLots(instrument, atTick(this.far("buy"))));
  }

  /** Where an order of this side rests and is not reached. */
  far(side: Side, away = 0.002): Ticks {
    const { bestBid, bestAsk } = this.witness.book;
    const gap = Math.max(5, Math.ceil(bestBid * away));
    return ticks(side === "buy" ? Math.max(1, bestBid - gap) : bestAsk + gap);
  }

  /** The best price of the orders of this side. */
  atBest(side: Side): Ticks {
    const { bestBid, bestAsk } = this.witness.book;
    return ticks(side === "buy" ? bestBid : bestAsk);
  }

  /** Where an order of this side trades at once. */
  near(side: Side): Ticks {
    return this.far(side === "buy" ? "sell" : "buy");
  }

  terms(terms: Partial<OrderTerms> = {}): OrderTerms {
    const side = terms.side ?? "buy";
    return {
      clientOrderId: this.id(),
      side,
      quantity: this.quantity,
      limitPrice: this.far(side),
      timeInForce: { kind: "good-till-canceled", postOnly: true },
      ...terms,
    };
  }

  id(): ClientOrderId {
    return `${this.stage.prefix}-${++this.#orders}` as ClientOrderId;
  }

  place(terms: Partial<OrderTerms> = {}): WitnessedOrder {
    return this.witness.place(this.terms(terms));
  }

  /** An order that rests. */
  async rest(terms: Partial<OrderTerms> = {}): Promise<WitnessedOrder> {
    const order = this.place(terms);
    await this.until("the order rests", () => order.child.phase === "working");
    return order;
  }

  async closed(order: WitnessedOrder): Promise<void> {
    await this.until("the order has ended", () => order.child.phase === "closed");
    await this.told(order);
  }

  /** All fills that the venue counts have been told one by one. */
  told({ child }: WitnessedOrder): Promise<void> {
    return this.until(
      "its fills are told",
      () => child.cumulative >= (child.finalCumulative ?? child.cumulative),
    );
  }

  /** Time goes on until it is done. */
  async finish<Value>(promise: Promise<Value>): Promise<Value> {
    let done: { readonly value: Value } | undefined;
    void promise.then((value) => (done = { value }));
    await this.until("a call has ended", () => done !== undefined);
    return done!.value;
  }

  check(holds: boolean, text: string): void {
    requireLaw("venue", holds, text);
  }

  /** However it went: nothing of ours is left, and the venue's position is the sum of our fills. */
  async end(): Promise<void> {
    const withdrawn = await this.finish(this.session.cancelAll());
    this.check(withdrawn.ok, `cancelAll: ${withdrawn.ok ? "" : withdrawn.error.text}`);
    const open = () => [...this.witness.orders.values()].filter(({ child }) => isOpen(child));
    await this.until("every order has ended", () => open().length === 0);
    for (const order of this.witness.orders.values()) await this.told(order);
    const { instrument } = this.session.header;
    const account = await this.finish(this.session.refresh());
    this.check(account.ok, `refresh: ${account.ok ? "" : account.error.text}`);
    // On spot, fees are taken out of what is bought.
    if (!account.ok || instrument.kind === "spot") return;
    const now = account.value.positionLots;
    const before = this.#positionBefore;
    const { position } = this.witness;
    const text = `the venue's position went from ${before} to ${now}, and fills tell ${position}`;
    this.check(now - before === position, text);
  }
}

const STEP_MS = 5;
const isOpen = ({ phase }: WitnessedOrder["child"]): boolean => phase !== "closed";
