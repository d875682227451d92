/**
 * A book that comes late, row by row: what the engine is handed, and what a replay of it would see.
 */
import { beforeEach, describe, expect, it } from "vitest";
import { decimal } from "../../core/domain/decimal.ts";
import { lots, type Micros } from "../../core/domain/units.ts";
import { ColumnsBuilder, Kind, type MarketHeader } from "../../core/market/columns.ts";
import { Observer } from "../../core/market/observer.ts";
import { BookLag } from "./book-lag.ts";

const HEADER: MarketHeader = {
  instrument: {
    venue: "test",
    symbol: "BTCUSDT",
    kind: "linear",
    base: "BTC",
    quote: "USDT",
    tickSize: decimal("0.1"),
    lotSize: decimal("0.001"),
    contractSize: decimal("1"),
    minLots: lots(1),
    maxLimitLots: lots(1e6),
    maxMarketLots: lots(1e6),
    minNotional: decimal("5"),
  },
  epochNanos: 1_767_621_600n * 1_000_000_000n,
  ownTradesPrinted: true,
};
const SECOND = 1e9;

class Stage {
  readonly observer = new Observer(HEADER);
  /** Sees what was handed on, later, as a replay does. */
  readonly again = new Observer(HEADER);
  /** Health whenever the engine might have acted. */
  acted: string[] = [];
  readonly notices: string[] = [];
  readonly #lag = new BookLag({
    observer: this.observer,
    mostNanos: () => 5 * SECOND,
    notice: ({ severity }) => void this.notices.push(severity),
  });
  #rows = new ColumnsBuilder();
  #now = 100 * SECOND;

  get health(): string {
    return this.observer.health(this.observer.lastAt, 1e6 as Micros);
  }

  /** Adds a message to the block in hand, so many seconds old. */
  add(age: number, ...rows: readonly (readonly [number, number, number])[]): this {
    this.#now += 1e8;
    for (const [kind, price, size] of rows) {
      this.#rows.push(this.#now - age * SECOND, this.#now, kind, price, size);
    }
    this.#rows.endMessage();
    return this;
  }

  pass(): void {
    const rows = this.#rows.view();
    this.#rows = new ColumnsBuilder();
    this.#lag.pass(rows, (part, mayAct) => {
      for (const observer of [this.observer, this.again]) {
        for (let row = 0; row < part.length;) {
          row = observer.observe(part, row, part.length, Number.POSITIVE_INFINITY);
        }
      }
      if (mayAct) this.acted.push(this.health);
    });
    expect(this.again.position).toBe(this.observer.position);
    expect(this.touch(this.again)).toEqual(this.touch(this.observer));
  }

  touch({ bid, ask, book }: Observer = this.observer): readonly number[] {
    return [bid, ask, book.depth("buy", 10), book.depth("sell", 10)];
  }
}

const SNAPSHOT = [
  [Kind.CLEAR, 0, 0],
  [Kind.BID, 1000, 5],
  [Kind.BID, 999, 6],
  [Kind.ASK, 1002, 7],
] as const;
const GAP = [Kind.GAP, 0, 0] as const;
const bid = (price: number, size: number) => [Kind.BID, price, size] as const;

describe("a book that comes late", () => {
  let at: Stage;
  beforeEach(() => {
    at = new Stage();
    at.add(0.01, ...SNAPSHOT).pass();
    at.acted = [];
  });

  it("is handed on as it is while it is on time, in one piece", () => {
    at.add(0.01, bid(1000, 9)).add(4.9, bid(1001, 1)).pass();
    expect(at.acted).toEqual(["healthy"]);
    expect(at.notices).toEqual([]);
  });

  it("is lost where it is late, and back as it then is", () => {
    at.add(0.01, bid(1000, 9)).add(5.1, bid(1001, 1)).add(12, bid(998, 2)).pass();
    expect(at.health).toBe("gapped");
    // On time for good, not just under the edge.
    at.add(4, bid(1000, 0)).pass();
    expect(at.health).toBe("gapped");
    expect(at.acted.slice(1)).not.toContain("healthy");
    at.add(1, bid(1001, 3)).pass();
    expect(at.health).toBe("healthy");
    expect(at.touch()).toEqual([1001, 1002, 11, 7]);
    expect(at.notices).toEqual(["warning", "info"]);
  });

  it("a snapshot that is late itself is not acted on", () => {
    at.add(12, ...SNAPSHOT).pass();
    at.add(12, GAP)
      .add(11, ...SNAPSHOT)
      .pass();
    expect(at.health).toBe("gapped");
    expect(at.acted).not.toContain("healthy");
    at.add(0, bid(1000, 1)).pass();
    expect(at.health).toBe("healthy");
  });

  it("with messages missing it is not back before a snapshot is on time", () => {
    at.add(12, bid(998, 2)).add(12, GAP).add(0, bid(1001, 3)).pass();
    expect(at.health).toBe("gapped");
    at.add(0, ...SNAPSHOT).pass();
    expect(at.health).toBe("healthy");
  });

  it("a late trade says nothing of the book", () => {
    at.add(30, [Kind.TRADE_BUY, 1002, 1]).pass();
    expect(at.health).toBe("healthy");
    expect(at.notices).toEqual([]);
  });
});
