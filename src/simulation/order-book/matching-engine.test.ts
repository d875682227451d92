import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NO_TICK } from "../../core/market/book-side.ts";
import {
  CROWD,
  MatchingEngine,
  type MatchListener,
  NO_ORDER,
  type OrderSlot,
  type SelfMatchRule,
} from "./matching-engine.ts";

const RULES: readonly SelfMatchRule[] = ["cancel-taker", "cancel-maker", "cancel-both"];
const ANY_PRICE = 0x7fffffff;

/** What the engine told, one line a call. */
class Notes implements MatchListener {
  lines: string[] = [];
  readonly gone: OrderSlot[] = [];

  traded(
    maker: OrderSlot,
    makerOwner: number,
    takerOwner: number,
    takerBuys: boolean,
    price: number,
    quantity: number,
    makerLeft: number,
  ): void {
    const verb = takerBuys ? "buys" : "sells";
    this.lines.push(
      `${takerOwner} ${verb} ${quantity} @ ${price} of ${makerOwner}, ${makerLeft} left`,
    );
    if (makerLeft === 0) this.gone.push(maker);
  }

  levelChanged(isBid: boolean, price: number, quantity: number): void {
    this.lines.push(`${isBid ? "bid" : "ask"} ${price}: ${quantity}`);
  }

  removed(order: OrderSlot, owner: number, quantity: number): void {
    this.lines.push(`removed ${quantity} of ${owner}`);
    this.gone.push(order);
  }

  take(): string[] {
    const { lines } = this;
    this.lines = [];
    return lines;
  }
}

const engineWith = (rule?: SelfMatchRule): { engine: MatchingEngine; notes: Notes } => {
  const notes = new Notes();
  return { engine: new MatchingEngine(notes, 2, rule), notes };
};

describe("matching engine", () => {
  it("matches by price, then time, and rests what is left", () => {
    const { engine, notes } = engineWith();
    engine.limit(7, false, 102, 5);
    engine.limit(8, false, 101, 3);
    engine.limit(9, false, 101, 4);
    notes.take();
    const slot = engine.limit(CROWD, true, 102, 13);
    expect(notes.take()).toEqual([
      "0 buys 3 @ 101 of 8, 0 left",
      "0 buys 4 @ 101 of 9, 0 left",
      "ask 101: 0",
      "0 buys 5 @ 102 of 7, 0 left",
      "ask 102: 0",
      "bid 102: 1",
    ]);
    expect([engine.filled, engine.bestBid, engine.bestAsk]).toEqual([12, 102, NO_TICK]);
    expect([engine.ownerOf(slot), engine.priceOf(slot), engine.leavesOf(slot)]).toEqual([
      CROWD,
      102,
      1,
    ]);
    expect(engine.buysOf(slot)).toBe(true);
  });

  it("keeps an order's place when it is made smaller", () => {
    const { engine, notes } = engineWith();
    const first = engine.limit(7, true, 100, 10);
    const second = engine.limit(8, true, 100, 5);
    engine.reduce(first, 4);
    expect(engine.queueAhead(second)).toBe(4);
    expect(engine.firstAt(true, 100)).toBe(first);
    expect(engine.behind(first)).toBe(second);
    notes.take();
    expect(engine.take(9, false, 100, 6)).toBe(6);
    expect(notes.take()).toEqual([
      "9 sells 4 @ 100 of 7, 0 left",
      "9 sells 2 @ 100 of 8, 3 left",
      "bid 100: 3",
    ]);
  });

  it("takes at any price, down to an empty side", () => {
    const { engine } = engineWith();
    engine.limit(7, false, 1, 2);
    engine.limit(7, false, 2 ** 31 - 2, 2);
    expect(engine.take(CROWD, true, ANY_PRICE, 5)).toBe(4);
    engine.limit(7, true, 1, 2);
    expect(engine.take(CROWD, false, 0, 1)).toBe(1);
    expect(engine.take(CROWD, false, 2, 1)).toBe(0);
  });

  it("keeps an owner from trading with itself, by the rule it was given", () => {
    const told = RULES.map((rule) => {
      const { engine, notes } = engineWith(rule);
      engine.limit(8, false, 101, 1);
      engine.limit(7, false, 101, 2);
      engine.limit(8, false, 101, 3);
      notes.take();
      const available = engine.available(7, true, 101, 9);
      const slot = engine.limit(7, true, 101, 9);
      return { rule, available, filled: engine.filled, rests: slot >= 0, told: notes.take() };
    });
    expect(told).toEqual([
      {
        rule: "cancel-taker",
        available: 1,
        filled: 1,
        rests: false,
        told: ["7 buys 1 @ 101 of 8, 0 left", "ask 101: 5"],
      },
      {
        rule: "cancel-maker",
        available: 4,
        filled: 4,
        rests: true,
        told: [
          "7 buys 1 @ 101 of 8, 0 left",
          "removed 2 of 7",
          "7 buys 3 @ 101 of 8, 0 left",
          "ask 101: 0",
          "bid 101: 5",
        ],
      },
      {
        rule: "cancel-both",
        available: 1,
        filled: 1,
        rests: false,
        told: ["7 buys 1 @ 101 of 8, 0 left", "removed 2 of 7", "ask 101: 3"],
      },
    ]);
  });

  it("lets the crowd trade with itself", () => {
    const { engine } = engineWith();
    engine.limit(CROWD, false, 101, 3);
    expect(engine.take(CROWD, true, 101, 3)).toBe(3);
  });

  it("refuses what is not an order, and a slot in which none rests", () => {
    const { engine } = engineWith();
    const slot = engine.limit(CROWD, true, 100, 5);
    const wrong: readonly (() => unknown)[] = [
      () => engine.limit(CROWD, true, 0, 1),
      () => engine.limit(CROWD, true, 2 ** 31 - 1, 1),
      () => engine.limit(CROWD, true, 1.5, 1),
      () => engine.limit(CROWD, true, 100, 0),
      () => engine.limit(CROWD, true, 100, 1.5),
      () => engine.limit(CROWD, true, 100, 2 ** 53),
      () => engine.limit(-1, true, 100, 1),
      () => engine.take(CROWD, false, Number.NaN, 1),
      () => engine.limit(CROWD, true, 100, Number.MAX_SAFE_INTEGER),
      () => engine.reduce(slot, 5),
      () => engine.reduce(slot, 0),
      () => engine.cancel(NO_ORDER),
      () => engine.cancel(1_000),
      () => engine.ownerOf(NO_ORDER),
      () => new MatchingEngine(new Notes(), 0),
    ];
    for (const act of wrong) expect(act).toThrow(/not a|slot|2\^53|cannot be reduced/);
    engine.cancel(slot);
    expect(() => engine.cancel(slot)).toThrow(/no order rests/);
  });

  it("refuses a listener that trades from within what it is told", () => {
    const notes = new Notes();
    const engine = new MatchingEngine(notes);
    notes.levelChanged = () => void engine.limit(CROWD, true, 99, 1);
    expect(() => engine.limit(CROWD, true, 100, 1)).toThrow(/called back/);
  });
});

interface Plain {
  readonly slot: OrderSlot;
  readonly owner: number;
  readonly buys: boolean;
  readonly price: number;
  readonly arrival: number;
  lots: number;
}

/** The plainest matching there is: one list of orders, looked through anew for every question. */
class Oracle {
  orders: Plain[] = [];
  readonly #rule: SelfMatchRule;
  #arrivals = 0;
  isCut = false;

  constructor(rule: SelfMatchRule) {
    this.#rule = rule;
  }

  side(buys: boolean): Plain[] {
    const best = (a: Plain, b: Plain): number =>
      (buys ? b.price - a.price : a.price - b.price) || a.arrival - b.arrival;
    return this.orders.filter((order) => order.buys === buys).sort(best);
  }

  levels(buys: boolean): [price: number, lots: number][] {
    const levels = new Map<number, number>();
    for (const { price, lots } of this.side(buys)) {
      levels.set(price, (levels.get(price) ?? 0) + lots);
    }
    return [...levels];
  }

  /** @returns lots left; what it does is written to `told`. */
  match(owner: number, buys: boolean, worst: number, quantity: number, told: string[]): number {
    let left = quantity;
    this.isCut = false;
    const changed = new Set<number>();
    const lines = new Map<number, string[]>();
    for (const maker of this.side(!buys)) {
      const { price } = maker;
      if (left === 0 || this.isCut || (buys ? price > worst : price < worst)) break;
      const said = lines.get(price) ?? [];
      lines.set(price, said);
      if (owner !== CROWD && maker.owner === owner) {
        this.isCut = this.#rule !== "cancel-maker";
        if (this.#rule === "cancel-taker") break;
        said.push(`removed ${maker.lots} of ${owner}`);
        this.remove(maker);
        changed.add(price);
        continue;
      }
      const lots = Math.min(left, maker.lots);
      left -= lots;
      maker.lots -= lots;
      if (maker.lots === 0) this.remove(maker);
      const verb = buys ? "buys" : "sells";
      said.push(`${owner} ${verb} ${lots} @ ${price} of ${maker.owner}, ${maker.lots} left`);
      changed.add(price);
    }
    for (const [price, said] of lines) {
      if (changed.has(price)) told.push(...said, this.levelLine(!buys, price));
    }
    return left;
  }

  rest(slot: OrderSlot, owner: number, buys: boolean, price: number, lots: number): void {
    this.orders.push({ slot, owner, buys, price, arrival: this.#arrivals++, lots });
  }

  remove(order: Plain): void {
    this.orders = this.orders.filter((each) => each !== order);
  }

  levelLine(buys: boolean, price: number): string {
    const lots = this.levels(buys).find(([at]) => at === price)?.[1] ?? 0;
    return `${buys ? "bid" : "ask"} ${price}: ${lots}`;
  }

  clone(): Oracle {
    const copy = new Oracle(this.#rule);
    copy.orders = this.orders.map((order) => ({ ...order }));
    return copy;
  }
}

interface Incoming {
  readonly kind: "limit" | "take";
  readonly owner: number;
  readonly buys: boolean;
  readonly price: number;
  readonly lots: number;
}

type Change =
  | { readonly kind: "cancel"; readonly which: number }
  | { readonly kind: "reduce"; readonly which: number; readonly share: number };

type Operation = Incoming | Change;

const prices = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 95, max: 106 }) },
  // Outside the ring of the level index, at the ends of what is a price.
  { weight: 1, arbitrary: fc.constantFrom(1, 2, 40_000, 90_000, 2 ** 31 - 3, 2 ** 31 - 2) },
);
const quantities = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 1, max: 9 }) },
  { weight: 1, arbitrary: fc.integer({ min: 2 ** 40, max: 2 ** 46 }) },
);
const order = { owner: fc.nat(3), buys: fc.boolean(), lots: quantities };
const operations = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ kind: fc.constant("limit" as const), price: prices, ...order }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant("take" as const),
        price: fc.oneof(prices, fc.constantFrom(0, ANY_PRICE)),
        ...order,
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("cancel" as const), which: fc.nat() }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant("reduce" as const),
        which: fc.nat(),
        share: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
    },
  ),
  { minLength: 1, maxLength: 60 },
);

/** The engine and the oracle, side by side through one operation after another. */
class Pair {
  readonly notes = new Notes();
  readonly engine: MatchingEngine;
  readonly oracle: Oracle;
  /** Lots that came in, and lots that went out by trades (twice), cancels, drops and reductions. */
  entered = 0;
  left = 0;

  constructor(rule: SelfMatchRule) {
    this.engine = new MatchingEngine(this.notes, 1, rule);
    this.oracle = new Oracle(rule);
  }

  apply(operation: Operation): void {
    if ("which" in operation) this.#change(operation);
    else this.#order(operation);
  }

  #order(operation: Incoming): void {
    const { engine, oracle, notes } = this;
    const { kind, owner, buys, price, lots } = operation;
    const standing = oracle.orders;
    const told: string[] = [];
    const resting = restingLots(oracle);
    const wouldFill = lots - oracle.clone().match(owner, buys, price, lots, []);
    expect(engine.available(owner, buys, price, lots)).toBe(wouldFill);
    expect(notes.take()).toEqual([]);
    const rest = oracle.match(owner, buys, price, lots, told);
    notes.gone.length = 0;
    this.entered += lots;
    this.left += resting - restingLots(oracle) + (lots - rest);
    if (kind === "take") {
      expect(engine.take(owner, buys, price, lots)).toBe(lots - rest);
      this.left += rest;
    } else {
      const slot = engine.limit(owner, buys, price, lots);
      if (rest > 0 && !oracle.isCut) {
        expect(slot).not.toBe(NO_ORDER);
        oracle.rest(slot, owner, buys, price, rest);
        told.push(oracle.levelLine(buys, price));
      } else {
        expect(slot).toBe(NO_ORDER);
        this.left += rest;
      }
    }
    expect(engine.filled).toBe(lots - rest);
    expect(notes.take()).toEqual(told);
    // An owner is told of every handle that it must forget, and of no other.
    const ended = standing.filter((each) => !oracle.orders.includes(each));
    expect(notes.gone.toSorted(rising)).toEqual(ended.map(({ slot }) => slot).toSorted(rising));
  }

  #change(operation: Change): void {
    const { engine, oracle, notes } = this;
    if (oracle.orders.length === 0) return;
    const target = oracle.orders[operation.which % oracle.orders.length]!;
    if (operation.kind === "cancel") {
      expect(engine.cancel(target.slot)).toBe(target.lots);
      this.left += target.lots;
      oracle.remove(target);
    } else {
      const lots = Math.ceil(operation.share * (target.lots - 1));
      if (lots < 1) return;
      engine.reduce(target.slot, lots);
      this.left += target.lots - lots;
      target.lots = lots;
    }
    expect(notes.take()).toEqual([oracle.levelLine(target.buys, target.price)]);
  }

  /** Everything that can be asked of the book is as the oracle has it. */
  compare(): void {
    const { engine, oracle } = this;
    for (const buys of [true, false]) {
      const wanted = oracle.levels(buys);
      const found: [number, number][] = [];
      let price = buys ? engine.bestBid : engine.bestAsk;
      for (; price !== NO_TICK; price = engine.nextLevel(buys, price)) {
        found.push([price, engine.quantityAt(buys, price)]);
        this.#compareQueue(buys, price);
      }
      expect(found).toEqual(wanted);
    }
    const { bestBid, bestAsk } = engine;
    expect(bestBid === NO_TICK || bestAsk === NO_TICK || bestBid < bestAsk).toBe(true);
    expect(restingLots(oracle)).toBe(this.entered - this.left);
  }

  #compareQueue(buys: boolean, price: number): void {
    const { engine, oracle } = this;
    const queue = oracle.side(buys).filter((each) => each.price === price);
    let ahead = 0;
    let slot = engine.firstAt(buys, price);
    for (const each of queue) {
      expect(slot).toBe(each.slot);
      const { owner, lots } = each;
      expect({
        owner: engine.ownerOf(slot),
        price: engine.priceOf(slot),
        lots: engine.leavesOf(slot),
        buys: engine.buysOf(slot),
        ahead: engine.queueAhead(slot),
      }).toEqual({ owner, price, lots, buys, ahead });
      ahead += lots;
      slot = engine.behind(slot);
    }
    expect(slot).toBe(NO_ORDER);
  }
}

const rising = (a: number, b: number): number => a - b;

const restingLots = ({ orders }: Oracle): number =>
  orders.reduce((sum, each) => sum + each.lots, 0);

describe("laws of the matching engine", () => {
  it.each(RULES)("does what the plainest matching does, under %s", (rule) => {
    fc.assert(
      fc.property(operations, (sequence) => {
        const pair = new Pair(rule);
        for (const operation of sequence) {
          pair.apply(operation);
          pair.compare();
        }
      }),
      { numRuns: 250 },
    );
  });

  it("keeps priority and lots over a long run with many levels and reused slots", () => {
    fc.assert(
      fc.property(fc.array(operations, { minLength: 8, maxLength: 12 }), (sequences) => {
        const pair = new Pair("cancel-taker");
        for (const sequence of sequences) for (const operation of sequence) pair.apply(operation);
        pair.compare();
      }),
      { numRuns: 25 },
    );
  });

  it("ends empty when all that rests is canceled, and starts anew in the same slots", () => {
    fc.assert(
      fc.property(operations, (sequence) => {
        const pair = new Pair("cancel-taker");
        for (const operation of sequence) pair.apply(operation);
        const used = new Set(pair.oracle.orders.map(({ slot }) => slot));
        while (pair.oracle.orders.length > 0) pair.apply({ kind: "cancel", which: 0 });
        pair.compare();
        const { engine } = pair;
        expect([engine.bestBid, engine.bestAsk]).toEqual([NO_TICK, NO_TICK]);
        const slots = [...used].map(() => engine.limit(CROWD, true, 100, 1));
        expect(slots.toSorted(rising)).toEqual([...used].toSorted(rising));
        expect(engine.quantityAt(true, 100)).toBe(used.size);
      }),
      { numRuns: 50 },
    );
  });
});
