/**
 * Venue recovery cases: a process ends, and another goes on with the orders that it has left.
 *
 * What the next process knows is taken from the first one's at some moment before its end: all that
 * came later happened while nobody looked. What must stay true: each case knows what the venue has
 * truly done, because the first process went on to hear it.
 */
import { applyAmendSent } from "../core/domain/child-order.ts";
import { type Lots, lots, NO_LOTS, type Ticks } from "../core/domain/units.ts";
import type { AdoptedOrder } from "../venues/venue-session.ts";
import type { VenueCase } from "./venue-cases.ts";
import type { Scene } from "./venue-scene.ts";
import type { WitnessedOrder } from "./venue-witness.ts";

const GTC = { kind: "good-till-canceled", postOnly: false } as const;
const IOC = { kind: "immediate-or-cancel" } as const;

/** An order as it is known now, of unknown fate from here on. */
const left = ({ child, fills }: WitnessedOrder): AdoptedOrder => ({
  child: { ...child, phase: "unknown" },
  executionIds: fills.map(({ executionId }) => executionId),
});

/** A minute: the venue would no longer take what was sent then, so nothing has to be waited for. */
const LONG_AGO = 60e6;

const endOf = ({ reports }: WitnessedOrder): string | undefined =>
  reports.map(({ kind }) => kind).find((kind) => /^(rejected|canceled|expired)$/.test(kind));

const isKnown = ({ child }: WitnessedOrder): boolean =>
  child.phase === "working" || child.phase === "closed";

const idsOf = ({ fills }: WitnessedOrder): string =>
  fills
    .map(({ executionId }) => executionId)
    .toSorted()
    .join();

/** More than stands at the best price: of what it takes there, it fills in part. */
const touching = (scene: Scene): { readonly limitPrice: Ticks; readonly quantity: Lots } => {
  const { book } = scene.witness;
  const most = scene.session.header.instrument.maxLimitLots;
  const quantity = lots(Math.min(most, book.depth("sell", 1) + scene.quantity));
  return { limitPrice: scene.atBest("sell"), quantity };
};

/** How often an order is sent until one fills in part, and not as a whole. */
const MOST_TRIES = 100;
/** The book that is seen may be behind for a while: on a busy machine, in a quick market. */
const BETWEEN_TRIES_MS = 50;

/** An order that has filled in part, and as it was known before that. */
async function partly(
  scene: Scene,
  timeInForce: typeof GTC | typeof IOC,
): Promise<{ readonly order: WitnessedOrder; readonly sent: AdoptedOrder }> {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const order = scene.place({ timeInForce, ...touching(scene) });
    const sent = left(order);
    await scene.until("it is answered", () => order.child.phase !== "pending-new");
    const isIn = () => order.fills.length > 0 || order.child.phase === "closed";
    if (timeInForce === IOC) await scene.closed(order);
    else if (!isIn()) await scene.stage.wait(50);
    const { cumulative, quantity, phase } = order.child;
    if (cumulative > 0 && cumulative < quantity) return { order, sent };
    if (phase !== "closed") {
      scene.witness.cancel(order);
      await scene.closed(order);
    }
    await scene.stage.wait(BETWEEN_TRIES_MS);
  }
  scene.check(false, `of ${MOST_TRIES} orders none has filled in part`);
  throw new Error("unreachable");
}

export const RECOVERY_CASES: readonly VenueCase[] = [
  {
    name: "finds an adopted order that rests, and cancels it",
    needs: "reopen",
    async play(scene) {
      const [order] = await scene.reopen([left(await scene.rest())]);
      await scene.until("its fate is known", () => isKnown(order!));
      scene.check(order!.child.phase === "working", `an order that rests: ${endOf(order!)}`);
      scene.witness.cancel(order!);
      await scene.closed(order!);
      scene.check(endOf(order!) === "canceled", `its cancel ended as ${endOf(order!)}`);
    },
  },
  {
    name: "rejects an adopted order that was never sent, and does not send it",
    needs: "reopen",
    async play(scene) {
      const unsent = scene.witness.unsent(scene.terms(), LONG_AGO);
      const [order] = await scene.reopen([left(unsent)]);
      await scene.closed(order!);
      scene.check(endOf(order!) === "rejected", `an order that was not sent: ${endOf(order!)}`);
    },
  },
  {
    name: "does not take an adopted order that was accepted for one that never came",
    needs: "reopen",
    async play(scene) {
      const { child } = left(scene.witness.unsent(scene.terms(), LONG_AGO));
      const accepted = { child: { ...child, wasAccepted: true as const }, executionIds: [] };
      const [order] = await scene.reopen([accepted]);
      await scene.closed(order!);
      scene.check(endOf(order!) === "canceled", `an order that is gone: ${endOf(order!)}`);
    },
  },
  {
    name: "tells the fills of an adopted order that has filled meanwhile",
    needs: "reopen",
    async play(scene) {
      const before = scene.place({ timeInForce: GTC, limitPrice: scene.near("buy") });
      const sent = left(before);
      await scene.closed(before);
      const [order] = await scene.reopen([sent]);
      await scene.closed(order!);
      const { closeReason } = order!.child;
      scene.check(closeReason === "filled", `a filled order ended as ${closeReason}`);
      scene.check(idsOf(order!) === idsOf(before), "its fills are told otherwise than before");
    },
  },
  {
    name: "tells the fills of an adopted order that has filled in part",
    needs: "reopen",
    async play(scene) {
      const { order: before, sent } = await partly(scene, GTC);
      const [order] = await scene.reopen([sent]);
      await scene.until("its fate is known", () => isKnown(order!));
      const isAllTold = () => order!.child.cumulative >= before.child.cumulative;
      await scene.until("its fills are told", isAllTold);
      const ids = new Set(order!.fills.map(({ executionId }) => executionId));
      const isThere = before.fills.every(({ executionId }) => ids.has(executionId));
      scene.check(isThere, "its fills are told otherwise than before");
    },
  },
  {
    name: "does not tell executions of an adopted order again that are known",
    needs: "reopen",
    async play(scene) {
      const { order: before } = await partly(scene, GTC);
      const known = before.child.cumulative;
      const [order] = await scene.reopen([left(before)]);
      await scene.until("its fate is known", () => isKnown(order!));
      if (order!.child.phase === "working") scene.witness.cancel(order!);
      await scene.closed(order!);
      scene.check(order!.child.cumulative >= known, "what had filled is forgotten");
    },
  },
  {
    name: "tells the executions of an adopted order that are known in sum only",
    needs: "reopen",
    async play(scene) {
      const { order: before } = await partly(scene, IOC);
      const { child } = before;
      const closed = { ...child, cumulative: NO_LOTS, finalCumulative: child.cumulative };
      const [order] = await scene.reopen([{ child: closed, executionIds: [] }]);
      await scene.told(order!);
      scene.check(idsOf(order!) === idsOf(before), "its fills are told otherwise than before");
    },
  },
  {
    name: "tells that an adopted order was canceled meanwhile",
    needs: "reopen",
    async play(scene) {
      const before = await scene.rest();
      const resting = left(before);
      scene.witness.cancel(before);
      await scene.closed(before);
      const [order] = await scene.reopen([resting]);
      await scene.closed(order!);
      scene.check(endOf(order!) === "canceled", `a canceled order ended as ${endOf(order!)}`);
    },
  },
  {
    name: "tells the new terms of an adopted order that was amended meanwhile",
    needs: "reopen",
    async play(scene) {
      const before = await scene.rest();
      const quantity = lots(before.child.quantity - 1);
      const limitPrice = scene.far("buy", 0.003);
      scene.witness.amend(before, { limitPrice, quantity });
      const amending = left(before);
      await scene.until("it has moved", () => before.child.limitPrice === limitPrice);
      const [order] = await scene.reopen([amending]);
      await scene.until("its fate is known", () => isKnown(order!));
      const { child } = order!;
      const isNew = child.limitPrice === limitPrice && child.quantity === quantity;
      scene.check(isNew, `it is told as ${child.quantity} lots at ${child.limitPrice}`);
    },
  },
  {
    name: "rejects the amendment of an adopted order that was never sent",
    needs: "reopen",
    async play(scene) {
      const before = await scene.rest();
      const { quantity, limitPrice } = before.child;
      applyAmendSent(before.child, scene.far("buy", 0.003), quantity);
      const [order] = await scene.reopen([left(before)]);
      await scene.until("its fate is known", () => isKnown(order!));
      const kinds = order!.reports.map(({ kind }) => kind).join();
      scene.check(/amend-rejected.*accepted/.test(kinds), `it was told as ${kinds}`);
      scene.check(order!.child.limitPrice === limitPrice, "it is told to have moved");
    },
  },
  {
    name: "cancels an adopted order before its fate is known",
    needs: "reopen",
    async play(scene) {
      const [order] = await scene.reopen([left(await scene.rest())]);
      scene.witness.cancel(order!);
      await scene.closed(order!);
      scene.check(endOf(order!) === "canceled", `its cancel ended as ${endOf(order!)}`);
    },
  },
  {
    name: "withdraws adopted orders before their fate is known",
    needs: "reopen",
    async play(scene) {
      const resting = [await scene.rest(), await scene.rest({ side: "sell" })];
      const unsent = scene.witness.unsent(scene.terms(), LONG_AGO);
      const orders = await scene.reopen([...resting, unsent].map(left));
      const done = await scene.finish(scene.session.cancelAll());
      scene.check(done.ok, `cancelAll: ${done.ok ? "" : done.error.text}`);
      for (const order of orders) await scene.closed(order);
    },
  },
];
