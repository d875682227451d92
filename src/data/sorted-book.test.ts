import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SortedBook } from "./sorted-book.ts";

const change = fc.record({
  side: fc.constantFrom("bid", "ask"),
  price: fc.integer({ min: 1, max: 12 }),
  quantity: fc.integer({ min: 0, max: 3 }),
});

describe("sorted book", () => {
  it("knows the best of both sides after every change, as two plain maps do", () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 80 }), (changes) => {
        const book = new SortedBook();
        const bids = new Map<number, number>();
        const asks = new Map<number, number>();
        for (const { side, price, quantity } of changes) {
          const levels = side === "bid" ? bids : asks;
          if (quantity === 0) levels.delete(price);
          else levels.set(price, quantity);
          if (side === "bid") book.setBid(price, quantity);
          else book.setAsk(price, quantity);
          const bid = bids.size === 0 ? undefined : Math.max(...bids.keys());
          const ask = asks.size === 0 ? undefined : Math.min(...asks.keys());
          expect([book.bid, book.bidSize]).toEqual([bid, bids.get(bid!) ?? 0]);
          expect([book.ask, book.askSize]).toEqual([ask, asks.get(ask!) ?? 0]);
        }
        book.clear();
        expect([book.bid, book.ask, book.bidSize, book.askSize]).toEqual([
          undefined,
          undefined,
          0,
          0,
        ]);
      }),
    );
  });
});
