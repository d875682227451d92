/** What counts as others' trades, and how much has to be kept for it. */
import { describe, expect, it } from "vitest";
import { lots, micros, ticks } from "../../core/domain/units.ts";
import { AccountLedger } from "./account-ledger.ts";
import type { ExecutionRow } from "./wire.ts";

type Trade = Extract<ExecutionRow, { kind: "trade" }>;

const trade = (
  side: Trade["side"],
  quantity: number,
  isClosing?: boolean,
  atMillis = 0,
): Trade => ({
  kind: "trade",
  executionId: "x",
  orderId: "o",
  clientOrderId: "",
  side,
  time: micros(atMillis * 1000),
  fill: {
    executionId: "x",
    price: ticks(1),
    quantity: lots(quantity),
    liquidity: "taker",
    fee: "0",
    feeCoin: "USDT",
    exchangeTime: micros(0),
  },
  leaves: undefined,
  isClosing,
  sequence: undefined,
});

describe("others' trades", () => {
  it("count on and on, each once, and are not kept for ever", () => {
    const ledger = new AccountLedger(0, 0);
    const minute = 60_000;
    for (let second = 1; second <= 36_000; second++) {
      const at = second * 1000;
      // Each comes by the stream and by the next lists.
      for (const _ of ["stream", "list", "list again"]) {
        if (ledger.isNews(`x${second}`, at)) ledger.addForeign(trade("buy", 2));
      }
      if (at % minute === 0) ledger.listed(at);
    }
    expect(ledger.foreignLots).toBe(72_000);
    expect(ledger.size).toBeLessThan(1000);
    // What is listed from long ago is known.
    expect(ledger.isNews("x5", 5000)).toBe(false);
  });

  it("do not count that are in the position which the run goes out from", () => {
    const ledger = new AccountLedger(10_000, 0);
    expect([9999, 10_000, 10_001].map((at) => ledger.isNews(`x${at}`, at))).toEqual([
      false,
      false,
      true,
    ]);
  });

  it("are counted up to a time that is the venue's own, whatever our clock says", () => {
    const ledger = new AccountLedger(10_000, 0);
    expect(ledger.executedTo).toBe(10_000);
    for (const [id, at] of Object.entries({ a: 15_000, b: 12_000, c: 9000 })) {
      if (ledger.isNews(id, at)) ledger.addForeign(trade("buy", 1, undefined, at));
    }
    // A forced closing is no trade of theirs, and may bear the time of the next funding.
    expect(ledger.isNews("forced", 3_600_000)).toBe(true);
    expect(ledger.executedTo).toBe(15_000);
    const next = new AccountLedger(ledger.executedTo, 0);
    expect(["a", "b"].map((id, k) => next.isNews(id, [15_000, 12_000][k]!))).toEqual([
      false,
      false,
    ]);
    expect(next.isNews("d", 15_001)).toBe(true);
    // What can no more be listed behind its time is known without any.
    ledger.listed(700_000);
    expect(ledger.executedTo).toBe(100_000);
  });

  it("count in hedge mode where they open or close the position that is traded", () => {
    const [long, short] = [new AccountLedger(0, 1), new AccountLedger(0, 2)];
    const trades = [
      trade("buy", 1, false),
      trade("sell", 10, true),
      trade("sell", 100, false),
      trade("buy", 1000, true),
    ];
    for (const each of trades) for (const ledger of [long, short]) ledger.addForeign(each);
    expect([long.foreignLots, short.foreignLots]).toEqual([1 - 10, 1000 - 100]);
    // Which side it was is not guessed: the account differs then, and a person looks.
    expect(long.addForeign(trade("buy", 1))).toBe(false);
    const oneWay = new AccountLedger(0, 0);
    expect(oneWay.addForeign(trade("buy", 1))).toBe(true);
  });
});
