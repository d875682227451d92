/**
 * Planted bugs: parts of the program made wrong on purpose, to see whether the simulator finds them.
 *
 * Each is a mistake that somebody has made somewhere, and stands against one kind of fault: it
 * harms nobody until that fault befalls. What must stay true: only a test of the simulator switches
 * one on, and each is caught by the checks that every run has.
 */
import type { Transport } from "../../src/data/network/transport.ts";
import type { ArrivalConfig } from "../../src/runtime/config.ts";
import type { RunStore } from "../../src/runtime/live/run-store.ts";
import type { Venue } from "../../src/venues/venue.ts";
import type { FaultName } from "./knobs.ts";
import type { SimulatedMarket } from "./market.ts";
import {
  asksWithoutPause,
  countsDuplicateTwice,
  forgetsWhatFilledBetweenStreams,
  hearsNoFillBehindTheEnd,
  ignoresBookGap,
  ignoresNewRules,
  sendsAgain,
  takesForcedRowsForFills,
  takesStreamForWhole,
  trustsClosedOrderCache,
  withdrawsForeignOrders,
} from "./planted-network.ts";
import {
  crossesAtOnce,
  dropsLastCommit,
  goesOnWithoutDisk,
  ignoresParticipation,
  keepsHalfACommit,
  sendsBeforeCommit,
  trustsAnyBook,
} from "./planted-store.ts";
import {
  amendsWithoutWhatFilled,
  forgetsAmendedQuantity,
  forgetsFillsWhileAway,
  forgetsToWithdraw,
  givesUpWhatIsNotCanceled,
  hearsNoRejection,
  recoversWithoutAsking,
  resendsUnderNewId,
  takesCancelForDone,
  takesTimeoutForRejection,
} from "./planted-session.ts";

export interface PlantedBug {
  /** The kind of fault that it does not stand. */
  readonly against: string;
  /** It shows where one of these befalls, mostly; none: anywhere. */
  readonly needs: readonly FaultName[];
  readonly transport?: (transport: Transport, market: SimulatedMarket) => Transport;
  readonly store?: (store: RunStore) => RunStore;
  readonly venue?: (venue: Venue) => Venue;
  /** What the program goes by, where the checks go by the true one. */
  readonly config?: (config: ArrivalConfig) => ArrivalConfig;
  /** Spans of time are measured by the wall clock. */
  readonly isByWall?: boolean;
}

export const NO_BUG: PlantedBug = { against: "nothing", needs: [] };

export const PLANTED = {
  "takes the stream for whole": {
    against: "lost messages",
    needs: ["message-lost", "book-gap"],
    transport: takesStreamForWhole,
  },
  "trusts any book": {
    against: "late messages",
    needs: ["message-late", "half-dead"],
    config: trustsAnyBook,
  },
  "counts a duplicate execution twice": {
    against: "duplicated messages",
    needs: ["message-repeated"],
    transport: countsDuplicateTwice,
  },
  "hears no fill behind its order's end": {
    against: "reordered messages",
    needs: ["message-reordered"],
    transport: hearsNoFillBehindTheEnd,
  },
  "sends an unanswered order again": {
    against: "lost acknowledgements",
    needs: ["answer-lost", "request-broken"],
    transport: sendsAgain,
  },
  "resends under a new id": {
    against: "time-outs whose order lives",
    needs: ["answer-lost", "answer-late", "request-late"],
    venue: resendsUnderNewId,
  },
  "takes a time-out for a rejection": {
    against: "time-outs whose order lives",
    needs: ["answer-lost", "answer-late", "request-late"],
    venue: takesTimeoutForRejection,
  },
  "takes a cancel for done": {
    against: "cancels that come too late",
    needs: ["request-late", "answer-late", "operators"],
    venue: takesCancelForDone,
  },
  "hears no rejection": { against: "rejects", needs: ["rejected"], venue: hearsNoRejection },
  "amends without what has filled": {
    against: "partial fills",
    needs: [],
    venue: amendsWithoutWhatFilled,
  },
  "forgets the amended quantity": {
    against: "partial fills",
    needs: [],
    venue: forgetsAmendedQuantity,
  },
  "forgets what filled between two streams": {
    against: "disconnects",
    needs: ["disconnect", "outage", "half-dead"],
    transport: forgetsWhatFilledBetweenStreams,
  },
  "ignores a book gap": {
    against: "book gaps",
    needs: ["book-gap"],
    transport: ignoresBookGap,
  },
  "treats the closed-order cache as the truth": {
    against: "exchange restarts",
    needs: ["restart"],
    transport: trustsClosedOrderCache,
  },
  "goes by the wall clock": { against: "clock jumps", needs: ["wall-jump"], isByWall: true },
  "asks without a pause": {
    against: "rate limits",
    needs: ["rate-limited"],
    transport: asksWithoutPause,
  },
  "takes forced closings for its fills": {
    against: "funding and liquidation rows",
    needs: ["liquidation-rows", "funding"],
    transport: takesForcedRowsForFills,
  },
  "ignores new rules": {
    against: "tick or lot changed in mid-order",
    needs: ["rules-changed"],
    transport: ignoresNewRules,
  },
  "gives up what a closed venue does not cancel": {
    against: "maintenance",
    needs: ["maintenance"],
    venue: givesUpWhatIsNotCanceled,
  },
  "goes on without its disk": {
    against: "disk full",
    needs: ["disk-full"],
    store: goesOnWithoutDisk,
  },
  "keeps half a commit": { against: "torn writes", needs: ["crash"], store: keepsHalfACommit },
  "sends before commit": { against: "crashes", needs: ["crash"], store: sendsBeforeCommit },
  "drops the last commit": { against: "crashes", needs: ["crash"], store: dropsLastCommit },
  "recovers without asking": { against: "crashes", needs: ["crash"], venue: recoversWithoutAsking },
  "forgets a fill told while away": {
    against: "crashes",
    needs: ["crash"],
    venue: forgetsFillsWhileAway,
  },
  "withdraws somebody else's orders": {
    against: "foreign orders",
    needs: ["foreign-order"],
    transport: withdrawsForeignOrders,
  },
  "forgets to withdraw": {
    against: "operators",
    needs: ["operators"],
    venue: forgetsToWithdraw,
  },
  "ignores participation": {
    against: "the law of participation",
    needs: [],
    config: ignoresParticipation,
  },
  "crosses again at once": {
    against: "the law of spacing",
    needs: [],
    config: crossesAtOnce,
  },
} as const satisfies Record<string, PlantedBug>;

export type PlantedName = keyof typeof PLANTED;
