/** Orders that only close: what they give way to, what they do not, and that nothing is made up. */
import { describe, expect, it } from "vitest";
import { LINEAR } from "../../../test/exchange/ladder-market.ts";
import { Floor } from "../../../test/exchange/tape.ts";
import type { ClientOrderId } from "../../core/domain/child-order.ts";
import { lots, ticks } from "../../core/domain/units.ts";

const MID = 642_500;
const linear = { category: "linear", symbol: "BTCUSDT" } as const;

/** Account 0 is long a bitcoin; the crowd stands a tick away from 64,250 and further. */
function longFloor(): Floor {
  const floor = new Floor({
    instruments: [LINEAR],
    wallets: [{ USDT: "1000000" }, { USDT: "1000000" }],
  });
  floor.markets[0]!.fill(MID, 20, 1_000);
  floor.limit(0, MID);
  floor.placed(0, { side: "buy", quantity: "1", isMarket: true });
  floor.take();
  return floor;
}

const sell = { side: "sell", quantity: "1" } as const;
const exit = { ...sell, reduceOnly: true } as const;

const held = (floor: Floor, account: number): number => {
  const [position] = floor.exchange.positions(account, linear);
  return position!.side === "sell" ? -position!.size : position!.size;
};

describe("an order that only reduces", () => {
  it.each([
    ["PostOnly", "64249.9", "EC_PostOnlyWillTakeLiquidity"],
    ["FOK", "64255", "EC_CancelForNoFullFill"],
    ["IOC", "64255", "EC_NoImmediateQtyToFill"],
  ] as const)(
    "pushes nobody out when its market does not take it: %s",
    (timeInForce, price, why) => {
      const floor = longFloor();
      const resting = floor.placed(0, { ...exit, price: "64280" });
      const refused = floor.placed(0, { ...exit, price, timeInForce });
      expect(floor.orderOf(0, refused)).toMatchObject({
        status: "Cancelled",
        rejectReason: why,
        cumulative: 0,
      });
      expect(floor.orderOf(0, resting)).toMatchObject({ status: "New", quantity: 1_000 });
    },
  );

  it("leaves room for plain orders that close before it, and grows no more", () => {
    const floor = longFloor();
    const far = floor.placed(0, { ...exit, price: "64280" });
    const further = floor.placed(0, { ...sell, quantity: "0.9", price: "64290" });
    expect(floor.orderOf(0, far)).toMatchObject({ status: "New", quantity: 1_000 });
    const plain = floor.placed(0, { ...sell, quantity: "0.4", price: "64270" });
    expect(floor.orderOf(0, far)).toMatchObject({ status: "New", quantity: 600 });
    // Brought before it, at its price, the other leaves it nothing.
    expect(floor.amend(0, { orderId: further, price: "64280" })).toBe("OK");
    expect(floor.orderOf(0, far)).toMatchObject({ cancelType: "CancelByReduceOnly" });
    expect(floor.place(0, { ...exit, price: "64280" })).toBe(
      "110017 orderQty will be truncated to zero",
    );
    floor.cancel(0, { orderId: plain });
    floor.cancel(0, { orderId: further });
    const near = floor.placed(0, { ...exit, price: "64280" });
    expect(floor.orderOf(0, near)).toMatchObject({ status: "New", quantity: 1_000 });
  });

  it("leaves the orders that open more out of account", () => {
    const floor = longFloor();
    const resting = floor.placed(0, { ...exit, price: "64280" });
    floor.placed(0, { side: "buy", quantity: "0.5", price: "64240" });
    expect(floor.orderOf(0, resting)).toMatchObject({ status: "New", quantity: 1_000 });
  });

  it("never sells another account what it does not have to close", () => {
    const floor = longFloor();
    floor.placed(0, { ...sell, price: "64250", timeInForce: "PostOnly" });
    expect(floor.place(0, { ...exit, price: "64250", timeInForce: "PostOnly" })).toContain(
      "110017",
    );
    floor.placed(1, { side: "buy", quantity: "2", price: "64250", timeInForce: "IOC" });
    // A bitcoin went from one to the other, and no second one came from nowhere.
    expect([held(floor, 0), held(floor, 1)]).toEqual([0, 1_000]);
  });

  it("takes no more than there is from a market that fills the further order first", () => {
    const floor = longFloor();
    const near = floor.placed(0, { ...exit, price: "64270" });
    const plain = floor.placed(0, { ...sell, quantity: "0.4", price: "64280" });
    const told = (orderId: string, price: number, quantity: number): void =>
      floor.markets[0]!.accounts[0]!.onReport(
        orderId as ClientOrderId,
        {
          kind: "filled",
          fill: {
            executionId: `${orderId}.1`,
            price: ticks(price),
            quantity: lots(quantity),
            liquidity: "maker",
            fee: 0n as never,
            feeCoin: "USDT",
            exchangeTime: floor.exchange.now,
          },
        },
        floor.exchange.now,
      );
    told(plain, 642_800, 400);
    told(near, 642_700, 1_000);
    floor.pass(10);
    expect(held(floor, 0)).toBe(0);
    expect(floor.orderOf(0, near)).toMatchObject({
      status: "Cancelled",
      cancelType: "CancelByReduceOnly",
      cumulative: 600,
    });
  });
});

describe("a position that is worth little", () => {
  it("is closed in hedge mode, though the account is flat to its market", () => {
    const cheap = { ...LINEAR, minLots: lots(3) };
    const floor = new Floor({ instruments: [cheap], wallets: [{ USDT: "10000" }] });
    // A thousandth of a bitcoin is worth two dollars here, and the least order five.
    floor.markets[0]!.fill(20_000, 20, 100_000);
    floor.limit(0, 20_000);
    expect(floor.exchange.setPositionMode(0, "linear", "BTCUSDT", true).ok).toBe(true);
    const open = { quantity: "0.005", isMarket: true } as const;
    floor.placed(0, { ...open, side: "buy", positionIndex: 1 });
    floor.placed(0, { ...open, side: "sell", positionIndex: 2 });
    const close = { isMarket: true, side: "sell", positionIndex: 1 } as const;
    // More than the least lots of an order; then what is left of them, all at once.
    floor.placed(0, { ...close, quantity: "0.003" });
    floor.placed(0, { ...close, quantity: "0", reduceOnly: true });
    expect(floor.exchange.positions(0, linear)).toMatchObject([
      { positionIndex: 1, size: 0 },
      { positionIndex: 2, size: 5 },
    ]);
    expect(floor.place(0, { ...open, quantity: "0.003", positionIndex: 1 })).toBe("OK");
    expect(floor.place(0, { ...open, quantity: "0.002", positionIndex: 1 })).toContain("10001");
  });
});
