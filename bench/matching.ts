/**
 * Matching: how many order events per second the matching engine takes, on a mix as busy markets
 * have it: many limit orders near the touch, nearly as many cancels, now and then an order that
 * takes. The flow is laid out in columns before the clock starts.
 */
import { bitsAt, streamOf } from "../src/core/domain/random.ts";
import {
  CROWD,
  MatchingEngine,
  type MatchListener,
  NO_ORDER,
} from "../src/simulation/order-book/matching-engine.ts";
import type { Figure, Prepared } from "./measure.ts";

const EVENTS = 10_000_000;
/** Places for orders that rest: a cancel picks one of them. */
const WORKING = 1 << 13;

export const figures: readonly Figure[] = [
  {
    name: "matching",
    summary: "matching engine, limit, cancel and immediate-or-cancel orders of a crowd",
    unit: "order events",
    references: { wanted: 1 },
    prepare: () => prepare(generateFlow(EVENTS), "events"),
  },
  {
    name: "matching-trades",
    summary: "matching engine, the same flow, counted by its trades",
    unit: "trades",
    references: { wanted: 1 },
    prepare: () => prepare(generateFlow(EVENTS), "trades"),
  },
];

const Act = { LIMIT: 0, CANCEL: 1, TAKE: 2 } as const;

interface Flow {
  readonly act: Uint8Array;
  readonly buys: Uint8Array;
  /** Ticks behind the other side's best price. */
  readonly distance: Int32Array;
  readonly quantity: Float64Array;
  /** Which of the working orders a cancel means. */
  readonly place: Int32Array;
}

/**
 * Most limit orders go within a few ticks of the other side's best, one in sixteen is marketable. A
 * cancel may find that its order has gone, and a limit order whose place is taken cancels what is
 * there. Of what happens then, 53 % are limit orders, 34 % cancels and 13 % takes; about 1,000
 * orders rest on 60 levels a side.
 */
function generateFlow(count: number): Flow {
  const flow: Flow = {
    act: new Uint8Array(count),
    buys: new Uint8Array(count),
    distance: new Int32Array(count),
    quantity: new Float64Array(count),
    place: new Int32Array(count),
  };
  const stream = streamOf("bench-matching");
  for (let at = 0; at < count; at++) {
    const shape = bitsAt(11, stream, 2 * at);
    const size = bitsAt(11, stream, 2 * at + 1);
    const kind = (shape & 255) / 256;
    flow.act[at] = kind < 0.42 ? Act.LIMIT : kind < 0.92 ? Act.CANCEL : Act.TAKE;
    flow.buys[at] = (shape >>> 8) & 1;
    const near = ((shape >>> 9) & 1023) / 1024;
    flow.distance[at] = near < 1 / 16 ? 0 : Math.floor(1 + 60 * near * near * near);
    flow.quantity[at] = 1 + Math.floor(2_000 * ((size & 1023) / 1024) ** 2);
    flow.place[at] = (size >>> 10) & (WORKING - 1);
  }
  return flow;
}

class Tape implements MatchListener {
  trades = 0;
  lots = 0;
  levels = 0;
  checksum = 0;
  /** The working orders by place, and the place of each slot: the crowd's own list. */
  readonly working = new Int32Array(WORKING).fill(NO_ORDER);
  readonly placeOf = new Int32Array(1 << 17);

  traded(
    maker: number,
    _makerOwner: number,
    _takerOwner: number,
    _takerBuys: boolean,
    price: number,
    quantity: number,
    makerLeft: number,
  ): void {
    this.trades++;
    this.lots += quantity;
    this.checksum = (Math.imul(this.checksum, 31) + price + quantity) | 0;
    if (makerLeft === 0) this.working[this.placeOf[maker]!] = NO_ORDER;
  }

  levelChanged(): void {
    this.levels++;
  }

  removed(): void {}
}

function prepare(flow: Flow, counted: "events" | "trades"): Prepared {
  let tape = new Tape();
  let engine = new MatchingEngine(tape);
  return {
    warmUp: () => {
      const other = new Tape();
      play(new MatchingEngine(other), other, flow, 3_000_000);
    },
    run: () => {
      tape = new Tape();
      engine = new MatchingEngine(tape);
      const events = play(engine, tape, flow, EVENTS);
      return counted === "events" ? events : tape.trades;
    },
    proof: () => ({
      trades: tape.trades,
      tradedLots: tape.lots,
      levelChanges: tape.levels,
      bestBid: engine.bestBid,
      bestAsk: engine.bestAsk,
      checksum: tape.checksum >>> 0,
    }),
  };
}

/** @returns how many events did something: a cancel of an order that has gone is none. */
function play(engine: MatchingEngine, tape: Tape, flow: Flow, count: number): number {
  const { working, placeOf } = tape;
  let bid = 600_000;
  let ask = 600_001;
  let done = 0;
  for (let at = 0; at < count; at++) {
    if (engine.bestBid > 0) bid = engine.bestBid;
    if (engine.bestAsk > 0) ask = engine.bestAsk;
    const buys = flow.buys[at] === 1;
    const place = flow.place[at]!;
    const act = flow.act[at];
    if (act === Act.TAKE) {
      if (engine.take(CROWD, buys, buys ? ask + 20 : bid - 20, flow.quantity[at]!) > 0) done++;
      continue;
    }
    const resting = working[place]!;
    if (act === Act.CANCEL || resting !== NO_ORDER) {
      if (resting === NO_ORDER) continue;
      engine.cancel(resting);
      working[place] = NO_ORDER;
      done++;
      continue;
    }
    const distance = flow.distance[at]!;
    const slot = engine.limit(
      CROWD,
      buys,
      buys ? ask - distance : bid + distance,
      flow.quantity[at]!,
    );
    done++;
    if (slot === NO_ORDER) continue;
    working[place] = slot;
    placeOf[slot] = place;
  }
  return done;
}
