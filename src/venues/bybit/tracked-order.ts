/**
 * Tracked order: what has been asked of the venue about one order, what the venue has said of it,
 * and what has been told of that.
 *
 * The venue speaks through four mouths that know nothing of each other: answers to requests, the
 * order stream, the execution stream, and answers to questions. Each may be late, repeat itself or
 * be silent. Whatever they say ends in `settle`, which tells the reports that follow from all that
 * is known. What must stay true: the reports obey the engine's life cycle, which is kept here a
 * second time as a mirror; each execution is told once; and no request is taken for failed because
 * its answer did not come.
 */
import {
  applyAmendSent,
  applyCancelSent,
  type ChildOrder,
  type ClientOrderId,
  NEVER_ARRIVED,
  type OrderTerms,
} from "../../core/domain/child-order.ts";
import { unreachable } from "../../core/domain/errors.ts";
import type { AmendTerms } from "../../core/domain/messages.ts";
import { maxLots } from "../../core/domain/units.ts";
import type { AdoptedOrder } from "../venue.ts";
import { adoptedState, knownToHaveCome } from "./order-adoption.ts";
import { changedAlarm, lostAlarm, missingAlarm, overfillAlarm, strayAlarm } from "./order-alarm.ts";
import { OrderKnowledge } from "./order-knowledge.ts";
import { OrderLooks } from "./order-looks.ts";
import { newChild, OrderMirror } from "./order-mirror.ts";
import {
  AMEND_LOST,
  type AmendRequest,
  CANCEL_LOST,
  closingOf,
  newRequest,
  type OrderRequest,
  OrderRequests,
  TOO_LATE,
} from "./order-request.ts";
import {
  type ExecutionSighting,
  isDone,
  isOlder,
  type OrderOutput,
  type OrderSighting,
  type RequestAnswer,
  type TrackerPatience,
  type VenueMillis,
} from "./order-sighting.ts";

export class TrackedOrder {
  /** The venue's own id, once known. */
  orderId = "";
  readonly looks: OrderLooks;
  readonly #mirror: OrderMirror;
  readonly #patience: TrackerPatience;
  readonly #tell: (output: OrderOutput) => void;
  readonly #asked = new OrderRequests();
  readonly #known: OrderKnowledge;
  /** A run before has sent it, or was about to. */
  readonly #isAdopted: boolean;
  /** When the last question for its executions was sent whose answer was whole. */
  #executionsAskedAt = Number.NEGATIVE_INFINITY;
  /** It was told to have ended, and the venue was not asked or did not know it. */
  #given: "up" | "refused" | undefined;
  /** Since then its stream may have said what was not heard; Infinity = it has not. */
  #doubtedAt = Number.POSITIVE_INFINITY;
  #isToldStray = false;

  /** One that is about to be sent as request `number`, or one that is adopted. */
  constructor(
    order: { readonly terms: OrderTerms; readonly number: number } | AdoptedOrder,
    at: VenueMillis,
    patience: TrackerPatience,
    tell: (output: OrderOutput) => void,
  ) {
    this.#patience = patience;
    this.looks = new OrderLooks(patience);
    this.#tell = tell;
    this.#isAdopted = "child" in order;
    if ("child" in order) {
      const { child, place, amend } = adoptedState(order.child, at, patience);
      this.#mirror = new OrderMirror(child, tell);
      this.#known = new OrderKnowledge(child, order.executionIds);
      this.#asked.place = place;
      this.#asked.amend = amend;
      if (place !== undefined) this.looks.by(at);
      this.looks.executionsAt = at;
    } else {
      this.#mirror = new OrderMirror(newChild(order.terms, at), tell);
      this.#known = new OrderKnowledge();
      this.#asked.place = newRequest(order.number, at, patience);
    }
  }

  get id(): ClientOrderId {
    return this.#mirror.id;
  }

  /** As the engine has it, if it has heard all that was told. */
  get child(): Readonly<ChildOrder> {
    return this.#mirror.child;
  }

  get #isClosed(): boolean {
    return this.#mirror.isClosed;
  }

  /** Nothing more is to be found out about it. */
  get isSettled(): boolean {
    return (
      this.#isClosed &&
      this.#missing === 0 &&
      !this.#isStray &&
      this.#doubtedAt === Number.POSITIVE_INFINITY &&
      !this.#asked.isAny
    );
  }

  /** It rests at the venue, or may. */
  get mayBeOpen(): boolean {
    if (this.#known.seen !== undefined) return this.#known.seen.standing === "open";
    return !this.#isClosed;
  }

  /** It rests at the venue although the engine was told that it has ended. */
  get #isStray(): boolean {
    const { seen, executed } = this.#known;
    return this.#isClosed && seen?.standing === "open" && seen.quantity > executed;
  }

  /** Executed by the venue's count, and not told of one by one. */
  get #missing(): number {
    return this.#given === "refused" ? 0 : this.#known.missing;
  }

  /** False: it is not to be sent, and the engine will hear why. */
  amendAsked(number: number, asked: AmendTerms, at: VenueMillis): boolean {
    if (this.#isClosed) {
      this.#mirror.report({ kind: "amend-rejected", ...TOO_LATE });
      return false;
    }
    // A report on its way says that the engine knows less than it thinks.
    if (this.child.phase !== "working" || this.#asked.amend !== undefined) {
      const text = "the order's fate was not known when the amendment was asked for";
      this.#mirror.report({ kind: "amend-rejected", code: "VENUE_FATE_UNKNOWN", text });
      return false;
    }
    applyAmendSent(this.#mirror.child, asked.limitPrice, asked.quantity);
    this.#asked.amend = { ...newRequest(number, at, this.#patience), asked };
    return true;
  }

  /** False: it is not to be sent: the order has ended. */
  cancelAsked(number: number, at: VenueMillis): boolean {
    if (this.#isClosed) {
      this.#mirror.report({ kind: "cancel-rejected", ...TOO_LATE });
      return false;
    }
    applyCancelSent(this.#mirror.child);
    this.#asked.cancel = newRequest(number, at, this.#patience);
    return true;
  }

  /** It goes out now: from here on the venue's window for it runs. */
  sent(number: number, at: VenueMillis): void {
    const request = this.#asked.of(number);
    if (request !== undefined) request.closesAt = closingOf(at, this.#patience);
  }

  answered(number: number, answer: RequestAnswer, now: VenueMillis): void {
    const request = this.#asked.of(number);
    if (request === undefined) return;
    switch (answer.kind) {
      case "acknowledged":
        request.wasAcknowledged = true;
        if (request.state === "sent") request.state = "acknowledged";
        this.looks.by(now + this.#patience.confirmMs);
        break;
      case "unanswered":
        if (request.state === "sent") request.state = "unanswered";
        this.looks.by(now);
        break;
      case "not-sent":
      case "refused":
        this.#refused(request, answer, now);
        break;
      default:
        unreachable(answer);
    }
    this.#settle(now);
  }

  #refused(
    request: OrderRequest,
    answer: Extract<RequestAnswer, { kind: "refused" | "not-sent" }>,
    now: VenueMillis,
  ): void {
    const isTooLate = answer.kind === "refused" && answer.isTooLate;
    request.refusal = { code: answer.code, text: answer.text, isTooLate };
    request.state = "refused";
    request.looks = 0;
    if (isTooLate) {
      // What closed it, or that it never came, is known to the venue alone.
      request.closesAt = now;
      this.#doubtedAt = now;
      this.looks.by(now);
    }
  }

  /** By the stream, or asked; `begunAt`: when the question was sent. */
  sighted(sighting: OrderSighting, now: VenueMillis, begunAt?: VenueMillis): boolean {
    this.orderId = sighting.orderId;
    if (this.#given === "refused") return false;
    const isLater = sighting.updatedAt > (this.#known.seen?.updatedAt ?? 0);
    const isNew = this.#known.take(sighting);
    if (this.#given === "up" || begunAt !== undefined) this.#strayed();
    this.#asked.place = undefined;
    const amend = this.#asked.amend;
    const isAmended = amend !== undefined && isDone(amend.asked, this.child, sighting);
    if (isNew && isAmended) this.#amended(amend);
    if (begunAt !== undefined) this.#looked(sighting, begunAt);
    if (isNew && isLater) this.#compare(sighting);
    if (this.#missing > 0) this.looks.executionsBy(now + this.#patience.executionsMs);
    this.#settle(now);
    if (begunAt !== undefined && this.#isWaiting) this.looks.again(now, this.#asked.closing(now));
    return isNew;
  }

  #amended({ asked: { limitPrice, quantity } }: AmendRequest): void {
    this.#asked.amend = undefined;
    this.#mirror.report({ kind: "amended", limitPrice, quantity });
  }

  /** The order may be open by other terms than the engine thinks: then it is withdrawn. */
  #compare(seen: OrderSighting): void {
    const { standing, limitPrice, quantity } = seen;
    const mirror = this.child;
    if (standing !== "open" || this.#asked.amend !== undefined || this.#isClosed) return;
    const isMoved = mirror.limitPrice !== undefined && limitPrice !== mirror.limitPrice;
    // The venue makes reduce-only orders smaller by itself; their end tells what was filled.
    if (!isMoved && quantity <= mirror.quantity) return;
    this.#tell(changedAlarm(mirror, seen));
    this.#tell({ kind: "stray", clientOrderId: this.id });
  }

  /** A question has shown it, and what was asked for may not be done. */
  #looked(sighting: OrderSighting, begunAt: VenueMillis): void {
    if (begunAt >= this.#doubtedAt) this.#doubtedAt = Number.POSITIVE_INFINITY;
    if (sighting.standing !== "open") return;
    if (this.#known.seen !== undefined && isOlder(sighting, this.#known.seen)) return;
    const amend = this.#asked.amend;
    if (amend !== undefined && begunAt > amend.closesAt) {
      if (isDone(amend.asked, this.child, sighting)) this.#amended(amend);
      else amend.looks += 1;
    }
    const cancel = this.#asked.cancel;
    if (cancel !== undefined && begunAt > cancel.closesAt) cancel.looks += 1;
  }

  /** The venue was asked and knows nothing of it; `begunAt`: when the question was sent. */
  missed(begunAt: VenueMillis, now: VenueMillis): void {
    const place = this.#asked.place;
    if (place !== undefined && this.#known.seen === undefined && begunAt > place.closesAt) {
      place.looks += 1;
      const { looks, acknowledgedLooks } = this.#patience;
      if (place.state === "acknowledged" && place.looks >= acknowledgedLooks) {
        place.state = "unanswered";
      }
      if (place.looks >= looks) this.#unseen(place, now);
    }
    this.#settle(now);
    if (this.#isWaiting) this.looks.again(now, this.#asked.closing(now));
  }

  /**
   * Neither an open nor a closed order is there, and the venue would no longer take it. What has
   * filled may be forgotten as an order, so it has come to nothing only where nothing was executed.
   */
  #unseen(place: OrderRequest, now: VenueMillis): void {
    const { wasAcknowledged, state, closesAt } = place;
    if (state !== "unanswered" || (wasAcknowledged && !this.#isAdopted)) return;
    if (this.#executionsAskedAt <= closesAt) {
      this.looks.executionsAt = Math.min(this.looks.executionsAt, now);
      return;
    }
    if (!wasAcknowledged) {
      const text = "the venue knows nothing of it, and would no longer take it";
      return this.#giveUp("up", NEVER_ARRIVED, text);
    }
    this.#asked.place = undefined;
    this.#given = "up";
    if (this.#isClosed) return;
    this.#tell(lostAlarm(this.id));
    const text = "the venue does not know it any more";
    this.#mirror.report({ kind: "canceled", text, cumulative: this.#known.executed });
  }

  /** It is told to have come to nothing; `how`: whether the venue has said so. */
  #giveUp(how: "up" | "refused", code: string, text: string): void {
    this.#asked.place = undefined;
    this.#asked.cancel = undefined;
    this.#given = how;
    this.#doubtedAt = Number.POSITIVE_INFINITY;
    this.looks.executionsAt = Number.POSITIVE_INFINITY;
    this.#mirror.report({ kind: "rejected", code, text });
  }

  /** Withdrawn at each look that shows it: one cancel may be lost. */
  #strayed(): void {
    if (!this.#isStray) return;
    this.#given = undefined;
    if (!this.#isToldStray) this.#tell(strayAlarm(this.id));
    this.#isToldStray = true;
    this.#tell({ kind: "stray", clientOrderId: this.id });
  }

  /** False: it has been told before. */
  executed({ fill }: ExecutionSighting, now: VenueMillis): boolean {
    if (this.#given === "refused" || !this.#known.takeExecution(fill)) return false;
    const { place } = this.#asked;
    // Of an adopted order it may be an old one: whether it still rests is not said by it.
    if (!this.#isAdopted) this.#asked.place = undefined;
    else if (place?.wasAcknowledged === false) knownToHaveCome(place, now, this.#patience);
    const { most } = this.#mirror;
    const { cumulative } = this.child;
    if (!this.#mirror.fill(fill)) this.#tell(overfillAlarm(this.id, fill, cumulative, most));
    if (this.#missing === 0) this.looks.executionsAt = Number.POSITIVE_INFINITY;
    this.#settle(now);
    return true;
  }

  /** Its executions were asked for, and all that came were handed in. */
  executionsLooked(begunAt: VenueMillis, now: VenueMillis): void {
    this.#executionsAskedAt = Math.max(this.#executionsAskedAt, begunAt);
    const place = this.#asked.place;
    if (this.#missing > 0) {
      const failed = this.looks.executionsAgain(now);
      if (failed === this.#patience.executionLooks)
        this.#tell(missingAlarm(this.id, this.#missing));
      return;
    }
    this.looks.executionsAt = Number.POSITIVE_INFINITY;
    if (place !== undefined && this.#known.seen === undefined) {
      if (place.looks >= this.#patience.looks) this.#unseen(place, now);
      this.#settle(now);
    }
  }

  /** The stream was away: what it would have said has to be asked for. */
  resync(now: VenueMillis): void {
    if (this.isSettled) return;
    this.#doubtedAt = now;
    this.looks.by(now);
    this.looks.executionsAt = now;
  }

  /** Tells what follows from all that is known. */
  #settle(now: VenueMillis): void {
    const refusal = this.#asked.place?.refusal;
    if (refusal !== undefined) this.#giveUp("refused", refusal.code, refusal.text);
    const seen = this.#known.seen;
    if (seen !== undefined && seen.standing !== "open") {
      this.#doubtedAt = Number.POSITIVE_INFINITY;
      this.#ended(seen);
    } else if (!this.#isClosed) this.#open();
    if (this.#isClosed) this.#afterEnd();
    else if (this.#asked.leaveUnknown(this.child.phase)) this.#mirror.report({ kind: "timed-out" });
    if (!this.#isWaiting) this.looks.orderAt = Number.POSITIVE_INFINITY;
    else if (this.looks.isOrderDue) return;
    else if (this.#asked.isUnanswered) this.looks.by(now);
    else if (this.#isStray) this.looks.by(now + this.#patience.confirmMs);
  }

  /** It has not ended, as far as known; nor is it known to have come where `#place` is there. */
  #open(): void {
    const amend = this.#asked.amend;
    if (amend?.state === "refused" || (amend !== undefined && this.#isLost(amend))) {
      this.#asked.amend = undefined;
      const { code, text } = amend.refusal ?? AMEND_LOST;
      this.#mirror.report({ kind: "amend-rejected", code, text });
      if (this.#known.seen !== undefined) this.#compare(this.#known.seen);
    }
    if (this.#asked.place !== undefined) return;
    this.#mirror.accept();
    this.#cancelFailed();
    const isClear = this.#asked.amend === undefined && this.#asked.cancel === undefined;
    if (this.child.phase === "unknown" && isClear) this.#mirror.report({ kind: "accepted" });
  }

  #isLost(request: OrderRequest): boolean {
    return request.looks >= this.#patience.looks;
  }

  #cancelFailed(): void {
    const cancel = this.#asked.cancel;
    if (cancel === undefined) return;
    const isRefused = cancel.state === "refused" && cancel.refusal?.isTooLate === false;
    if (!this.#isLost(cancel) && !isRefused) return;
    // The engine may amend again once it has heard, and that would be a second amendment.
    if (this.#asked.amend !== undefined && this.#asked.amend.state !== "unanswered") return;
    this.#asked.cancel = undefined;
    if (this.child.phase !== "pending-cancel") return;
    if (this.#asked.amend !== undefined) return this.#mirror.report({ kind: "timed-out" });
    const { code, text } = cancel.refusal ?? CANCEL_LOST;
    this.#mirror.report({ kind: "cancel-rejected", code, text });
  }

  #ended(seen: OrderSighting): void {
    if (this.#isClosed) return;
    const cumulative = maxLots(seen.cumulative, this.#known.executed);
    const { code, text } = seen;
    if (seen.standing === "canceled") {
      this.#mirror.report({ kind: "canceled", text, cumulative });
      return;
    }
    if (seen.standing === "rejected") {
      this.#mirror.report({ kind: "rejected", code, text, cumulative });
      return;
    }
    if (this.#asked.amend !== undefined) {
      this.#asked.amend = undefined;
      this.#mirror.report({ kind: "amend-rejected", ...TOO_LATE });
    }
    // Its executions close it; where they do not, the venue had made it smaller.
    if (this.#missing > 0 || this.#isClosed) return;
    this.#mirror.report({ kind: "canceled", text: "filled at a smaller quantity", cumulative });
  }

  /** What was under way when it ended has come to nothing. */
  #afterEnd(): void {
    const { code } = TOO_LATE;
    const text = "it had filled";
    if (this.child.closeReason === "filled") {
      if (this.#asked.cancel !== undefined)
        this.#mirror.report({ kind: "cancel-rejected", code, text });
      if (this.#asked.amend !== undefined)
        this.#mirror.report({ kind: "amend-rejected", code, text });
    }
    this.#asked.cancel = undefined;
    this.#asked.amend = undefined;
  }

  /** Whether the venue owes a word that it may have to be asked for. */
  get #isWaiting(): boolean {
    if (this.#asked.isAny || this.#isStray || this.child.phase === "unknown") return true;
    return this.#doubtedAt !== Number.POSITIVE_INFINITY;
  }
}
