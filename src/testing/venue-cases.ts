/**
 * Venue cases: what every venue session must get right, each a small story with an end.
 *
 * What must stay true: a case asks only for what the contract promises, never for a price, a time
 * or a market; and it fails where the thing that it is about did not happen.
 */
import type { ClientOrderId } from "../core/domain/child-order.ts";
import { lots } from "../core/domain/units.ts";
import { RECOVERY_CASES } from "./venue-recovery-cases.ts";
import type { Scene } from "./venue-scene.ts";
import type { WitnessedOrder } from "./venue-witness.ts";

/** What a stage may be able to do beside opening a session. */
export type StageAbility = "dropConnections" | "loseAnswers" | "reopen";

export interface VenueCase {
  /** Unique; skips name it. */
  readonly name: string;
  readonly needs?: StageAbility;
  readonly play: (scene: Scene) => Promise<void>;
}

const IOC = { kind: "immediate-or-cancel" } as const;
const FOK = { kind: "fill-or-kill" } as const;
const GTC = { kind: "good-till-canceled", postOnly: false } as const;

const endings = ({ reports }: WitnessedOrder): string =>
  reports
    .map(({ kind }) => kind)
    .filter((kind) => ["rejected", "canceled", "expired"].includes(kind))
    .join();

const market: readonly VenueCase[] = [
  {
    name: "brings rows in time order and keeps a book that is not crossed",
    async play(scene) {
      const { instrument, epochNanos } = scene.session.header;
      scene.check(epochNanos % 1_000_000_000n === 0n, "the header's epoch is no whole second");
      scene.check(instrument.minLots > 0, "the instrument has no smallest quantity");
      const { witness } = scene;
      const before = witness.rowCount;
      await scene.until("more rows are told", () => witness.rowCount > before + 20);
      scene.check(witness.book.bestBid < witness.book.bestAsk, "the book is crossed");
    },
  },
  {
    name: "has a clock that never falls",
    async play(scene) {
      let last = scene.session.now();
      for (let look = 0; look < 50; look++) {
        await scene.stage.wait(1);
        const now = scene.session.now();
        scene.check(now >= last, `the clock fell from ${last} to ${now}`);
        last = now;
      }
    },
  },
];

const resting: readonly VenueCase[] = [
  {
    name: "rests a post-only order, makes it smaller, moves it and cancels it",
    async play(scene) {
      const order = await scene.rest();
      const { child } = order;
      const smaller = lots(child.quantity - 1);
      scene.witness.amend(order, { limitPrice: child.limitPrice!, quantity: smaller });
      await scene.until("it is smaller", () => child.quantity === smaller);
      const limitPrice = scene.far("buy", 0.003);
      scene.witness.amend(order, { limitPrice, quantity: smaller });
      await scene.until("it has moved", () => child.limitPrice === limitPrice);
      scene.witness.cancel(order);
      await scene.closed(order);
      scene.check(endings(order) === "canceled", `a canceled order ended as ${endings(order)}`);
      scene.check(child.cumulative === 0, "an order that nobody could reach has filled");
    },
  },
  {
    name: "cancels a post-only order that would trade at once, without a fill",
    async play(scene) {
      const order = scene.place({ limitPrice: scene.near("buy") });
      await scene.closed(order);
      scene.check(endings(order) === "canceled", `a crossing post-only ended: ${endings(order)}`);
      scene.check(order.fills.length === 0, "a post-only order has taken");
    },
  },
  {
    name: "answers a cancel that is sent right behind its order",
    async play(scene) {
      const order = scene.place();
      scene.witness.cancel(order);
      await scene.until("it is answered", () => order.child.phase !== "pending-cancel");
      scene.check(order.reports.length > 0, "nothing was told of it");
    },
  },
];

const taking: readonly VenueCase[] = [
  {
    name: "takes with an immediate-or-cancel order and tells fees with each fill",
    async play(scene) {
      const order = scene.place({ timeInForce: IOC, limitPrice: scene.near("buy") });
      await scene.closed(order);
      scene.check(order.fills.length > 0, "it has not filled");
      const isTaker = order.fills.every(({ liquidity }) => liquidity === "taker");
      scene.check(isTaker, "an order that takes is told as a maker");
    },
  },
  {
    name: "fills a market order",
    async play(scene) {
      const { limitPrice: _, ...terms } = scene.terms({ timeInForce: IOC, side: "sell" });
      // On spot there is nothing to sell before something was bought.
      const isSpot = scene.session.header.instrument.kind === "spot";
      const order = scene.witness.place({ ...terms, side: isSpot ? "buy" : "sell" });
      await scene.closed(order);
      scene.check(order.fills.length > 0, "it has not filled");
    },
  },
  {
    name: "cancels an immediate-or-cancel order that reaches nobody",
    async play(scene) {
      const order = scene.place({ timeInForce: IOC });
      await scene.closed(order);
      scene.check(/canceled|expired/.test(endings(order)), `it ended: ${endings(order)}`);
      scene.check(order.fills.length === 0, "it has filled far from the market");
    },
  },
  {
    name: "kills a fill-or-kill order that cannot fill whole",
    async play(scene) {
      const order = scene.place({ timeInForce: FOK });
      await scene.closed(order);
      scene.check(/canceled|expired/.test(endings(order)), `it ended: ${endings(order)}`);
      scene.check(order.fills.length === 0, "it has filled in part");
    },
  },
  {
    name: "answers a cancel and an amendment of an order that has filled",
    async play(scene) {
      const order = scene.place({ timeInForce: GTC, limitPrice: scene.near("buy") });
      await scene.closed(order);
      scene.check(order.child.closeReason === "filled", `it ended: ${endings(order)}`);
      const told = order.reports.length;
      scene.witness.cancel(order);
      const isAnswered = () => order.reports.slice(told).some(isCancelRejected);
      await scene.until("its cancel is rejected", isAnswered);
    },
  },
];

const isCancelRejected = ({ kind }: { readonly kind: string }): boolean =>
  kind === "cancel-rejected";

const refused: readonly VenueCase[] = [
  {
    name: "rejects an id that was used before, and sends nothing",
    async play(scene) {
      const first = await scene.rest();
      scene.witness.cancel(first);
      await scene.closed(first);
      const { strangers } = scene.witness;
      scene.witness.placeAgain(first.child.terms);
      await scene.until("it is answered", () => strangers.length > 0);
      const kinds = strangers.map(({ report }) => report.kind).join();
      scene.check(kinds === "rejected", `the same id again was told as ${kinds}`);
    },
  },
  {
    name: "rejects an order that is too large for the venue, with a reason",
    async play(scene) {
      const { maxLimitLots } = scene.session.header.instrument;
      const order = scene.place({ quantity: lots(Math.min(2 ** 50, 10 * maxLimitLots)) });
      await scene.closed(order);
      const [last] = order.reports.slice(-1);
      scene.check(last?.kind === "rejected", `it ended: ${endings(order)}`);
      const says = last?.kind === "rejected" && last.code !== "" && last.text !== "";
      scene.check(says, "a rejection without a code or a text");
    },
  },
  {
    name: "rejects the cancel of an order that it has not sent",
    async play(scene) {
      const { strangers } = scene.witness;
      scene.witness.cancelStranger(`${scene.stage.prefix}-none` as ClientOrderId);
      await scene.until("it is answered", () => strangers.length > 0);
      const kinds = strangers.map(({ report }) => report.kind).join();
      scene.check(kinds === "cancel-rejected", `it was told as ${kinds}`);
    },
  },
];

const many: readonly VenueCase[] = [
  {
    name: "answers each order of a burst once",
    async play(scene) {
      const orders = Array.from({ length: scene.stage.burst ?? 25 }, () => scene.place());
      await scene.until("each is answered", () =>
        orders.every(({ child }) => child.phase !== "pending-new" && child.phase !== "unknown"),
      );
      const rests = orders.filter(({ child }) => child.phase === "working");
      scene.check(rests.length > 0, "none of a burst rests");
    },
  },
  {
    name: "withdraws all that it has sent, and the venue has none left",
    async play(scene) {
      const orders = [await scene.rest(), await scene.rest({ side: "sell" }), scene.place()];
      const done = await scene.finish(scene.session.cancelAll());
      scene.check(done.ok, `cancelAll: ${done.ok ? "" : done.error.text}`);
      for (const order of orders) await scene.closed(order);
    },
  },
];

const broken: readonly VenueCase[] = [
  {
    name: "loses no fill and tells none twice when its connections are cut in mid-order",
    needs: "dropConnections",
    async play(scene) {
      const orders = [await scene.rest(), await scene.rest()];
      for (let round = 0; round < 3; round++) {
        orders.push(scene.place({ timeInForce: GTC, limitPrice: scene.near("buy") }));
        if (round === 1) await scene.stage.wait(20);
        scene.stage.dropConnections?.();
        orders.push(
          scene.place({ timeInForce: IOC, limitPrice: scene.near("sell"), side: "sell" }),
        );
        scene.witness.cancel(orders[0]!);
        orders.splice(0, 1);
        await scene.until("each fate is known", () => orders.every(isKnown));
        await scene.until("the book is back", () => scene.witness.hasBook);
        orders.unshift(await scene.rest());
      }
    },
  },
  {
    name: "tells of the lost market as a gap, and begins a new book",
    needs: "dropConnections",
    async play(scene) {
      const { witness } = scene;
      scene.stage.dropConnections?.();
      await scene.until("the gap is told", () => witness.gaps > 0);
      await scene.until("a new book is told", () => witness.hasBook);
    },
  },
  {
    name: "finds out what became of requests whose answers are lost",
    needs: "loseAnswers",
    async play(scene) {
      const first = await scene.rest();
      scene.stage.loseAnswers?.(3);
      const taker = scene.place({ timeInForce: IOC, limitPrice: scene.near("buy") });
      const other = scene.place();
      scene.witness.cancel(first);
      await scene.closed(first);
      await scene.closed(taker);
      await scene.until("the fate of the other is known", () => isKnown(other));
      scene.check(taker.fills.length > 0, "the order that took was told otherwise");
    },
  },
];

const isKnown = ({ child }: WitnessedOrder): boolean =>
  child.phase === "working" || child.phase === "closed";

export const VENUE_CASES: readonly VenueCase[] = [
  ...market,
  ...resting,
  ...taking,
  ...refused,
  ...many,
  ...broken,
  ...RECOVERY_CASES,
];
