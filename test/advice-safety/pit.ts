/**
 * Pit: a small market that no order moves, and its venue, for thousands of runs a minute.
 *
 * Each second the touch moves, sizes change and both sides trade. Two runs in one world see the
 * same rows, so what they paid can be compared; what rests fills by a queue whose luck is a draw of
 * second and seed. What must stay true: nothing of it depends on what is sent.
 */
import type { ClientOrderId, OrderReport, OrderTerms } from "../../src/core/domain/child-order.ts";
import { decimal } from "../../src/core/domain/decimal.ts";
import { type Instrument, instrumentId } from "../../src/core/domain/instrument.ts";
import type { AmendTerms } from "../../src/core/domain/messages.ts";
import { streamOf, uniformAt } from "../../src/core/domain/random.ts";
import { lots, type Micros, micros, ticks } from "../../src/core/domain/units.ts";
import { ColumnsBuilder, Kind, type MarketBlock } from "../../src/core/market/columns.ts";
import type { SeenMarket } from "../../src/testing/market.ts";
import { Draws, type FillModel } from "./safety-case.ts";

export const EPOCH_SECONDS = 1_700_000_000;
export const at = (seconds: number): Micros => micros((EPOCH_SECONDS + seconds) * 1e6);
/** The market is looked at so long before an order comes: then its volatility is known. */
export const WARM_SECONDS = 70;
const SECONDS = 400;
const START = 20_000;
const LEVELS = 5;

export const PIT_INSTRUMENT: Instrument = {
  venue: "pit",
  symbol: "XYZUSD",
  kind: "linear",
  base: "XYZ",
  quote: "USD",
  tickSize: decimal("0.1"),
  lotSize: decimal("0.01"),
  contractSize: decimal("1"),
  minLots: lots(1),
  maxLimitLots: lots(1_000_000),
  maxMarketLots: lots(1_000_000),
  minNotional: decimal("0"),
};
export const PIT_ID = instrumentId(PIT_INSTRUMENT);
export const FEES = { maker: 0.0002, taker: 0.00055 };

/** What is shown and traded in one second. */
interface Moment {
  readonly bid: number;
  readonly ask: number;
  /** From the touch away. */
  readonly bids: readonly number[];
  readonly asks: readonly number[];
  readonly bought: number;
  readonly sold: number;
}

export interface World extends SeenMarket {
  readonly moments: readonly Moment[];
}

const worlds = new Map<string, World>();

export function worldOf(seed: number, fills: FillModel): World {
  const key = `${seed} ${fills}`;
  const known = worlds.get(key);
  if (known !== undefined) return known;
  const moments = momentsOf(seed, fills);
  const world: World = {
    header: {
      instrument: PIT_INSTRUMENT,
      epochNanos: BigInt(EPOCH_SECONDS) * 1_000_000_000n,
      ownTradesPrinted: false,
    },
    block: rowsOf(moments),
    lowestTick: 0.7 * START,
    moments,
  };
  worlds.set(key, world);
  return world;
}

/** Walks, trends, swings, jumps, and a burst in which everything moves more. */
function momentsOf(seed: number, fills: FillModel): readonly Moment[] {
  const draw = new Draws(seed, "advice-safety-world");
  const kind = seed % 6;
  const step = draw.of([1, 2, 4]);
  const drift = kind === 1 ? 0.6 : kind === 2 ? -0.6 : 0;
  const jumpAt = kind === 4 ? WARM_SECONDS + 20 + draw.below(100) : -1;
  const burstAt = kind === 5 ? WARM_SECONDS + 30 + draw.below(60) : -1;
  const period = 60 + draw.below(60);
  const moments: Moment[] = [];
  let level = START;
  for (let second = 0; second < SECONDS; second++) {
    const isBurst = burstAt >= 0 && second >= burstAt && second < burstAt + 40;
    const pace = step * (isBurst ? 4 : 1);
    level += Math.round((draw.next() * 2 - 1) * pace + (second > WARM_SECONDS ? drift : 0));
    if (second === jumpAt) level += draw.of([-120, -60, 60, 120]);
    const swing = kind === 3 ? Math.round(40 * Math.sin((2 * Math.PI * second) / period)) : 0;
    const half = fills === "ideal" ? 1 : 1 + draw.below(isBurst ? 12 : 3);
    const mid = level + swing;
    const sizes = (): number[] => Array.from({ length: LEVELS }, () => 40 + draw.below(200));
    const volume = (): number => 20 + draw.below(fills === "ideal" ? 400 : 120);
    moments.push({
      bid: mid - half,
      ask: mid + half,
      bids: sizes(),
      asks: sizes(),
      bought: volume(),
      sold: volume(),
    });
  }
  return moments;
}

function rowsOf(moments: readonly Moment[]): MarketBlock {
  const rows = new ColumnsBuilder(1 << 13);
  const shown = { [Kind.BID]: new Map<number, number>(), [Kind.ASK]: new Map<number, number>() };
  moments.forEach(({ bid, ask, bids, asks, bought, sold }, second) => {
    const nanos = second * 1e9;
    const push = (kind: number, price: number, quantity: number): void =>
      rows.push(nanos, nanos, kind, price, quantity);
    if (second === 0) push(Kind.CLEAR, 0, 0);
    const side = (kind: keyof typeof shown, wanted: ReadonlyMap<number, number>): void => {
      const held = shown[kind];
      for (const price of held.keys()) {
        if (wanted.has(price)) continue;
        held.delete(price);
        push(kind, price, 0);
      }
      for (const [price, quantity] of wanted) {
        if (held.get(price) === quantity) continue;
        held.set(price, quantity);
        push(kind, price, quantity);
      }
    };
    side(Kind.BID, new Map(bids.map((quantity, k) => [bid - k, quantity])));
    side(Kind.ASK, new Map(asks.map((quantity, k) => [ask + k, quantity])));
    push(Kind.TRADE_BUY, ask, bought);
    push(Kind.TRADE_SELL, bid, sold);
    rows.endMessage();
  });
  return rows.view();
}

export const midAt = ({ moments }: World, second: number): number => {
  const { bid, ask } = moments[Math.min(moments.length - 1, Math.max(0, second))]!;
  return (bid + ask) / 2;
};

interface Resting {
  readonly id: ClientOrderId;
  readonly side: "buy" | "sell";
  price: number;
  quantity: number;
  filled: number;
}

interface Delivery {
  readonly at: Micros;
  readonly clientOrderId: ClientOrderId;
  readonly report: OrderReport;
}

const LUCK = streamOf("advice-safety-luck");
/** From the venue to us. */
const RESPONSE = 20_000;
/** Of what trades at a price, at most so much reaches who came to the queue last. */
const QUEUE_SHARE = 0.6;

export class PitVenue {
  readonly #world: World;
  readonly #fills: FillModel;
  readonly #luck: number;
  readonly #resting = new Map<ClientOrderId, Resting>();
  readonly #owed: Delivery[] = [];
  #executions = 0;

  constructor(world: World, fills: FillModel, luck: number) {
    this.#world = world;
    this.#fills = fills;
    this.#luck = luck;
  }

  get nextAt(): number {
    return this.#owed[0]?.at ?? Number.POSITIVE_INFINITY;
  }
  take(): Delivery {
    return this.#owed.shift()!;
  }
  get isIdle(): boolean {
    return this.#owed.length === 0 && this.#resting.size === 0;
  }

  place(order: OrderTerms, now: Micros): void {
    const { clientOrderId: id, side, quantity, timeInForce } = order;
    const price = order.limitPrice!;
    this.#tell(now, id, { kind: "accepted" });
    const resting: Resting = { id, side, price, quantity, filled: 0 };
    if (timeInForce.kind === "immediate-or-cancel") {
      this.#sweep(resting, now);
      if (resting.filled < quantity) this.#tell(now, id, { kind: "canceled", text: "the rest" });
      return;
    }
    this.#resting.set(id, resting);
    if (this.#fills === "ideal") this.#fill(resting, now, quantity, price, "maker");
  }

  amend({ clientOrderId, limitPrice, quantity }: AmendTerms, now: Micros): void {
    const resting = this.#resting.get(clientOrderId);
    if (resting === undefined || quantity <= resting.filled) {
      const text = resting === undefined ? "it has ended" : "so much is filled";
      return this.#tell(now, clientOrderId, { kind: "amend-rejected", code: "LATE", text });
    }
    resting.price = limitPrice;
    resting.quantity = quantity;
    this.#tell(now, clientOrderId, { kind: "amended", limitPrice, quantity });
  }

  cancel(id: ClientOrderId, now: Micros): void {
    if (!this.#resting.delete(id)) {
      return this.#tell(now, id, { kind: "cancel-rejected", code: "LATE", text: "it has ended" });
    }
    this.#tell(now, id, { kind: "canceled", text: "asked for" });
  }

  /** What trades in `second` meets what rests. */
  match(second: number): void {
    const moment = this.#world.moments[second];
    if (moment === undefined) return;
    const now = at(second);
    for (const order of this.#resting.values()) {
      const isBuy = order.side === "buy";
      const leaves = order.quantity - order.filled;
      const other = isBuy ? moment.ask : moment.bid;
      const own = isBuy ? moment.bid : moment.ask;
      const isThrough = isBuy ? other <= order.price : other >= order.price;
      const isAhead = isBuy ? order.price > own : order.price < own;
      const printed = isBuy ? moment.sold : moment.bought;
      const share = isAhead ? 1 : QUEUE_SHARE * uniformAt(this.#luck, LUCK, second);
      const reached = isThrough ? leaves : order.price === own || isAhead ? printed * share : 0;
      const quantity = Math.min(leaves, Math.floor(reached));
      if (quantity > 0) this.#fill(order, now, quantity, order.price, "maker");
    }
  }

  #sweep(order: Resting, now: Micros): void {
    const second = Math.floor(now / 1e6) - EPOCH_SECONDS;
    const moment = this.#world.moments[Math.min(second, this.#world.moments.length - 1)]!;
    const isBuy = order.side === "buy";
    const sizes = isBuy ? moment.asks : moment.bids;
    sizes.forEach((shown, k) => {
      const price = isBuy ? moment.ask + k : moment.bid - k;
      const isInside = isBuy ? price <= order.price : price >= order.price;
      const quantity = Math.min(shown, order.quantity - order.filled);
      if (isInside && quantity > 0) this.#fill(order, now, quantity, price, "taker");
    });
  }

  #fill(
    order: Resting,
    now: Micros,
    quantity: number,
    price: number,
    liquidity: "maker" | "taker",
  ): void {
    order.filled += quantity;
    this.#executions += 1;
    this.#tell(now, order.id, {
      kind: "filled",
      fill: {
        executionId: `x${this.#executions}`,
        price: ticks(price),
        quantity: lots(quantity),
        liquidity,
        fee: "0",
        feeCoin: "USD",
        exchangeTime: now,
      },
    });
    if (order.filled >= order.quantity) this.#resting.delete(order.id);
  }

  #tell(now: Micros, clientOrderId: ClientOrderId, report: OrderReport): void {
    const delay = this.#fills === "ideal" ? 0 : RESPONSE;
    this.#owed.push({ at: micros(now + delay), clientOrderId, report });
  }
}
