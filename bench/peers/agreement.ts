/**
 * Agreement: which orders two engines filled alike, to the microsecond, the tick and the lot.
 */
import type { Execution, SeenFill, SentOrder } from "./script.ts";

export interface Seen {
  readonly orders: readonly SentOrder[];
  readonly fills: readonly SeenFill[];
  /** One by one; only Arrival's run tells them. */
  readonly executions: readonly Execution[];
}

export interface KindAgreement {
  /** Orders that either engine filled at least in part. */
  readonly filled: number;
  /** Of these: the same executions, each with the same time, price and lots. */
  readonly equal: number;
  /** The rest: the same lots and last price in the end, at another time or in other parts. */
  readonly sameLots: number;
  readonly onlyOurs: number;
  readonly onlyTheirs: number;
  readonly ourLots: number;
  readonly theirLots: number;
}

export interface Agreement {
  /** Orders that both sent with the same kind, side and price, of `orders` compared. */
  readonly orders: number;
  readonly sameOrders: number;
  readonly passive: KindAgreement;
  readonly aggressive: KindAgreement;
  /** Numbers of the orders that were filled differently. */
  readonly different: readonly number[];
}

/** From the lines that every engine's run writes: `order,…` and `fill,…`. */
export function parseSeen(text: string): Seen {
  const orders: SentOrder[] = [];
  const fills: SeenFill[] = [];
  const executions: Execution[] = [];
  for (const line of text.split("\n")) {
    const [what, order, second, third, fourth] = line.split(",");
    if (what === "order") {
      const kind = second as SentOrder["kind"];
      const side = third as SentOrder["side"];
      orders.push({ order: Number(order), kind, side, priceTick: Number(fourth) });
    } else if (what === "fill" || what === "execution") {
      (what === "fill" ? fills : executions).push({
        order: Number(order),
        exchangeMicros: Number(second),
        priceTick: Number(third),
        lots: Number(fourth),
      });
    }
  }
  return { orders, fills, executions };
}

/** Over the orders that both have: a peer may have run over the beginning only. */
export function compareSeen(ours: Seen, theirs: Seen): Agreement {
  const count = Math.min(ours.orders.length, theirs.orders.length);
  const ourFills = byOrder(ours.fills);
  const theirFills = byOrder(theirs.fills);
  const different: number[] = [];
  const passive = emptyCount();
  const aggressive = emptyCount();
  let sameOrders = 0;
  for (let at = 0; at < count; at++) {
    const { order, kind } = ours.orders[at]!;
    if (JSON.stringify(ours.orders[at]) === JSON.stringify(theirs.orders[at])) sameOrders += 1;
    const our = ourFills.get(order) ?? [];
    const their = theirFills.get(order) ?? [];
    if (our.length + their.length === 0) continue;
    const isEqual = note(kind === "passive" ? passive : aggressive, our, their);
    if (!isEqual) different.push(order);
  }
  return { orders: count, sameOrders, passive, aggressive, different };
}

const emptyCount = () => ({
  filled: 0,
  equal: 0,
  sameLots: 0,
  onlyOurs: 0,
  onlyTheirs: 0,
  ourLots: 0,
  theirLots: 0,
});

function note(
  into: ReturnType<typeof emptyCount>,
  our: readonly SeenFill[],
  their: readonly SeenFill[],
): boolean {
  const ourLots = sum(our);
  const theirLots = sum(their);
  into.filled += 1;
  into.ourLots += ourLots;
  into.theirLots += theirLots;
  const isEqual = JSON.stringify(our) === JSON.stringify(their);
  if (isEqual) into.equal += 1;
  else if (our.length === 0) into.onlyTheirs += 1;
  else if (their.length === 0) into.onlyOurs += 1;
  else if (ourLots === theirLots && our.at(-1)!.priceTick === their.at(-1)!.priceTick) {
    into.sameLots += 1;
  }
  return isEqual;
}

/** The fills of each order, in the order in which they were seen. */
export function byOrder(fills: readonly SeenFill[]): ReadonlyMap<number, readonly SeenFill[]> {
  const found = new Map<number, SeenFill[]>();
  for (const fill of fills) {
    const at = found.get(fill.order);
    if (at === undefined) found.set(fill.order, [fill]);
    else at.push(fill);
  }
  return found;
}

const sum = (fills: readonly SeenFill[]): number => fills.reduce((all, { lots }) => all + lots, 0);
