import { describe, expect, it } from "vitest";
import { INVERSE, LINEAR, SPOT } from "../../test/exchange/ladder-market.ts";
import { Floor } from "../../test/exchange/tape.ts";
import { decimal } from "../core/domain/decimal.ts";
import { halfTicks } from "../core/domain/units.ts";

const MID = 642_500;

/** One linear market, 20 levels of one bitcoin on both sides. */
function linearFloor(wallets: Record<string, string>[] = [{ USDT: "100000" }, { USDT: "100000" }]) {
  const floor = new Floor({ instruments: [LINEAR], wallets });
  floor.markets[0]!.fill(MID, 20, 1_000);
  floor.limit(0, MID);
  return floor;
}

const linear = { category: "linear", symbol: "BTCUSDT" } as const;

describe("orders on a linear contract", () => {
  it("rests an order, fills it as maker, and tells what moved, in order", () => {
    const floor = linearFloor();
    floor.placed(0, { side: "buy", quantity: "0.5", price: "64250" });
    floor.markets[0]!.take(false, MID, 200);
    floor.pass(10);
    expect(floor.take()).toEqual([
      "0 order New 0/500",
      "0 Trade 200 at 642500 maker fee 2.57 USDT",
      "0 order PartiallyFilled 200/500",
      "0 position buy 200 at 64250",
      "0 wallet 99997.43 USDT",
    ]);
  });

  it("tells a market order once, after its executions", () => {
    const floor = linearFloor();
    floor.placed(0, { side: "sell", quantity: "1.5", isMarket: true });
    expect(floor.take()).toEqual([
      "0 Trade 1000 at 642499 taker fee 35.337445 USDT",
      "0 Trade 500 at 642498 taker fee 17.668695 USDT",
      "0 order Filled 1500/1500",
      "0 position sell 1500 at 64249.86666667",
      "0 wallet 99946.99386 USDT",
    ]);
    const { record } = floor.orders[0]!;
    expect(record).toMatchObject({
      timeInForce: "IOC",
      price: 623_225,
      cumulativeValue: "96374.8",
    });
  });

  it("realises exactly what closing earns, and turns the position when more is sold", () => {
    const floor = linearFloor();
    floor.placed(0, { side: "buy", quantity: "0.3", isMarket: true });
    floor.placed(0, { side: "sell", quantity: "0.5", isMarket: true });
    const [, closing] = floor.executions;
    // 0.3 bought at 64250.1 and sold at 64249.9.
    expect(closing!.record).toMatchObject({ closed: 300, profit: "-0.06" });
    expect(floor.positions.at(-1)!.record).toMatchObject({
      side: "sell",
      size: 200,
      entryPrice: "64249.9",
      value: "12849.98",
    });
  });

  it("ends what may not rest, each with Bybit's reason", () => {
    const floor = linearFloor();
    const ends = [
      { timeInForce: "PostOnly", price: "64260", quantity: "0.1" },
      { timeInForce: "IOC", price: "64250.1", quantity: "1.2" },
      { timeInForce: "FOK", price: "64250.5", quantity: "6" },
    ] as const;
    for (const each of ends) expect(floor.place(0, { side: "buy", ...each })).toBe("OK");
    expect(floor.take().filter((line) => line.includes("order"))).toEqual([
      "0 order Cancelled 0/100 EC_PostOnlyWillTakeLiquidity",
      "0 order Cancelled 1000/1200 EC_NoImmediateQtyToFill",
      "0 order Cancelled 0/6000 EC_CancelForNoFullFill",
    ]);
  });

  it("never trades with itself", () => {
    const floor = linearFloor();
    floor.placed(0, { side: "buy", quantity: "0.1", price: "64250" });
    floor.placed(0, { side: "sell", quantity: "0.2", price: "64240" });
    expect(floor.take().slice(1)).toEqual(["0 order Cancelled 0/200 CancelBySmp"]);
    // Another account may trade with it.
    floor.placed(1, { side: "sell", quantity: "0.1", price: "64250" });
    expect(floor.executions.map(({ account }) => account).sort()).toEqual([0, 1]);
  });

  it("amends: a smaller order keeps its place, a larger one loses it", () => {
    const floor = linearFloor();
    const first = floor.placed(0, { side: "buy", quantity: "0.5", price: "64250" });
    floor.placed(1, { side: "buy", quantity: "0.5", price: "64250" });
    expect(floor.amend(0, { orderId: first, quantity: "0.4" })).toBe("OK");
    floor.markets[0]!.take(false, MID, 100);
    expect(floor.amend(0, { orderId: first, quantity: "0.6" })).toBe("OK");
    floor.markets[0]!.take(false, MID, 100);
    expect(floor.executions.map(({ account }) => account)).toEqual([0, 1]);
    expect(floor.orderOf(0, first)).toMatchObject({ quantity: 600, cumulative: 100 });
  });

  it("moves a contract's price to the limit instead of refusing it", () => {
    const floor = linearFloor();
    floor.limit(0, MID);
    const id = floor.placed(0, { side: "buy", quantity: "0.001", price: "99999" });
    expect(floor.orderOf(0, id)).toMatchObject({ status: "Filled", price: 661_775 });
  });
});

describe("what is refused, in Bybit's numbers and words", () => {
  it("refuses what is off the grid or out of size", () => {
    const floor = linearFloor();
    const refused = (request: Parameters<Floor["place"]>[1]) => floor.place(0, request);
    expect(refused({ symbol: "NOSUCH", price: "1" })).toBe(
      "10001 params error: symbol invalid NOSUCH",
    );
    expect(refused({ quantity: "0.0005", price: "64000" })).toBe("10001 Qty invalid");
    expect(refused({ quantity: "1e3", price: "64000" })).toBe("10001 Qty invalid");
    expect(refused({ quantity: "0", price: "64000" })).toContain(
      "10001 The number of contracts exceeds min",
    );
    expect(refused({ quantity: "-1", price: "64000" })).toContain(
      "10001 The number of contracts exceeds min",
    );
    expect(refused({ quantity: "101", price: "64000" })).toBe(
      "10001 The number of contracts exceeds maximum limit allowed: too large, " +
        "order_qty:10100000000 > max_qty:10000000000",
    );
    expect(refused({ quantity: "11", isMarket: true })).toContain("max_qty:1000000000");
    expect(refused({ price: "64000.05" })).toBe("10001 Price invalid");
    expect(refused({ price: "0" })).toContain("110003");
    expect(refused({})).toContain("10001");
    expect(refused({ quantity: "0.001", price: "100" })).toBe(
      "110094 Order does not meet minimum order value 5USDT",
    );
    expect(floor.take()).toEqual([]);
  });

  it("refuses ids that are no ids, and ids that were used", () => {
    const floor = linearFloor();
    const order = { quantity: "0.01", price: "64000" };
    for (const orderLinkId of ["a".repeat(37), "a b", "ü", "a.b"]) {
      expect(floor.place(0, { ...order, orderLinkId })).toContain("10001");
    }
    expect(floor.place(0, { ...order, orderLinkId: "a".repeat(36) })).toBe("OK");
    expect(floor.place(0, { ...order, orderLinkId: "mine" })).toBe("OK");
    expect(floor.cancel(0, { orderLinkId: "mine" })).toBe("OK");
    expect(floor.place(0, { ...order, orderLinkId: "mine" })).toBe(
      "110072 OrderLinkedID is duplicate",
    );
    expect(floor.place(1, { ...order, orderLinkId: "mine" })).toBe("OK");
  });

  it("refuses to change what is not open, not changed, or filled further", () => {
    const floor = linearFloor();
    const id = floor.placed(0, { side: "buy", quantity: "0.5", price: "64250" });
    expect(floor.amend(0, { orderId: id })).toBe("10001 order not modified");
    expect(floor.amend(0, { orderId: id, price: "64250.00" })).toBe("10001 order not modified");
    floor.markets[0]!.take(false, MID, 300);
    expect(floor.amend(0, { orderId: id, quantity: "0.3" })).toContain("110064");
    expect(floor.amend(1, { orderId: id, quantity: "0.4" })).toContain("110001");
    expect(floor.cancel(0, { orderId: "no such order" })).toBe(
      "110001 order not exists or too late to cancel",
    );
    expect(floor.cancel(0, { orderId: id })).toBe("OK");
    expect(floor.cancel(0, { orderId: id })).toContain("110001");
  });

  it("holds 500 open orders on a symbol, and no more", () => {
    const floor = linearFloor();
    for (let k = 0; k < 500; k++) floor.placed(0, { quantity: "0.001", price: "63000" });
    expect(floor.place(0, { quantity: "0.001", price: "63000" })).toBe(
      "110020 Not allowed to have more than 500 active orders.",
    );
    const canceled = floor.exchange.cancelAll(0, {
      ...linear,
      baseCoin: undefined,
      settleCoin: undefined,
    });
    expect(canceled.ok && canceled.value.length).toBe(500);
    expect(floor.place(0, { quantity: "0.001", price: "63000" })).toBe("OK");
  });

  it("asks for margin, and only for what enlarges the position", () => {
    const floor = linearFloor([{ USDT: "1000" }]);
    // 64,000 at leverage 10 are 6,400.
    expect(floor.place(0, { quantity: "1", price: "64000" })).toBe(
      "110007 ab not enough for new order",
    );
    expect(floor.place(0, { quantity: "0.15", price: "64000" })).toBe("OK");
    expect(floor.place(0, { quantity: "0.15", price: "64000" })).toContain("110007");
    // The other side binds only what goes beyond what stands.
    expect(floor.place(0, { side: "sell", quantity: "0.14", price: "64500" })).toBe("OK");
    expect(Number(floor.exchange.wallet(0).initialMargin)).toBeCloseTo(
      960 + 9_600 * 0.00055 * 1.9,
      6,
    );
  });
});

describe("an account that is short of margin", () => {
  it("may still make its orders smaller, withdraw them and close its position", () => {
    const floor = linearFloor([{ USDT: "7000" }]);
    floor.placed(0, { side: "buy", quantity: "0.5", isMarket: true });
    const id = floor.placed(0, { side: "buy", quantity: "0.5", price: "64000" });
    floor.markets[0]!.setMark(halfTicks(2 * 590_000));
    floor.pass(10);
    expect(floor.exchange.wallet(0).available).toBe("0");
    expect(floor.amend(0, { orderId: id, quantity: "0.6" })).toContain("110007");
    expect(floor.amend(0, { orderId: id, quantity: "0.4" })).toBe("OK");
    expect(floor.place(0, { side: "buy", quantity: "0.001", price: "64000" })).toContain("110007");
    expect(floor.place(0, { side: "sell", quantity: "0.3", price: "64300" })).toBe("OK");
    expect(floor.cancel(0, { orderId: id })).toBe("OK");
    expect(floor.place(0, { side: "sell", quantity: "0.2", isMarket: true })).toBe("OK");
  });
});

describe("reduce-only", () => {
  it("needs a position on the other side", () => {
    const floor = linearFloor();
    const close = { side: "sell", quantity: "1", reduceOnly: true } as const;
    expect(floor.place(0, { ...close, price: "64300" })).toBe(
      "110017 current position is zero, cannot fix reduce-only order qty",
    );
    floor.placed(0, { side: "sell", quantity: "0.1", isMarket: true });
    expect(floor.place(0, { ...close, price: "64300" })).toContain("110017");
  });

  it("is cut to the position, follows it down, and gives way to what is nearer", () => {
    const floor = linearFloor();
    floor.placed(0, { side: "buy", quantity: "0.5", isMarket: true });
    const far = floor.placed(0, { side: "sell", quantity: "9", price: "64300", reduceOnly: true });
    expect(floor.orderOf(0, far)).toMatchObject({ quantity: 500, reduceOnly: true });
    expect(floor.place(0, { side: "sell", quantity: "1", price: "64310", reduceOnly: true })).toBe(
      "110017 orderQty will be truncated to zero",
    );
    const near = floor.placed(0, {
      side: "sell",
      quantity: "0.2",
      price: "64290",
      reduceOnly: true,
    });
    expect(floor.orderOf(0, near)).toMatchObject({ quantity: 200 });
    expect(floor.orderOf(0, far)).toMatchObject({ quantity: 300 });
    // A plain order takes most of the position away.
    floor.placed(0, { side: "sell", quantity: "0.4", isMarket: true });
    expect(floor.orderOf(0, near)).toMatchObject({ quantity: 100, status: "New" });
    expect(floor.orderOf(0, far)).toMatchObject({
      status: "Cancelled",
      cancelType: "CancelByReduceOnly",
    });
  });

  it("closes a whole position with a market order of no quantity, over resting orders", () => {
    const floor = linearFloor();
    floor.placed(0, { side: "buy", quantity: "0.5", isMarket: true });
    floor.placed(0, { side: "sell", quantity: "0.5", price: "64300", reduceOnly: true });
    floor.placed(0, { side: "sell", quantity: "0", isMarket: true, reduceOnly: true });
    expect(floor.exchange.positions(0, linear)).toMatchObject([{ size: 0, side: undefined }]);
    expect(floor.exchange.openOrders(0, linear, true)).toEqual([]);
  });

  it("never turns the position, though one message reaches a plain order and it", () => {
    const floor = linearFloor();
    floor.placed(0, { side: "buy", quantity: "0.5", isMarket: true });
    floor.placed(0, { side: "sell", quantity: "0.4", price: "64250.3" });
    const far = { side: "sell", quantity: "0.5", price: "64250.4", reduceOnly: true } as const;
    const id = floor.placed(0, far);
    floor.markets[0]!.take(true, MID + 30, 20_000);
    floor.pass(10);
    expect(floor.exchange.positions(0, linear)).toMatchObject([{ size: 0, side: undefined }]);
    expect(floor.orderOf(0, id)).toMatchObject({ status: "Filled", quantity: 100 });
  });

  it("closes what is left however little it is worth", () => {
    const cheap = { ...LINEAR, minNotional: decimal("100") };
    const floor = new Floor({ instruments: [cheap], wallets: [{ USDT: "100000" }] });
    floor.markets[0]!.fill(MID, 20, 1_000);
    floor.placed(0, { side: "buy", quantity: "0.003", isMarket: true });
    floor.placed(0, { side: "sell", quantity: "0.002", isMarket: true, reduceOnly: true });
    // A thousandth of a bitcoin is worth less than 100 dollars.
    expect(floor.place(0, { side: "sell", quantity: "0.001", isMarket: true })).toContain("110094");
    floor.placed(0, { side: "sell", quantity: "0.001", isMarket: true, reduceOnly: true });
    expect(floor.exchange.positions(0, linear)).toMatchObject([{ size: 0 }]);
  });
});

describe("hedge mode", () => {
  const hedged = () => {
    const floor = linearFloor();
    expect(floor.exchange.setPositionMode(0, "linear", "BTCUSDT", true).ok).toBe(true);
    return floor;
  };

  it("holds a long and a short side by side", () => {
    const floor = hedged();
    expect(floor.place(0, { quantity: "0.1", isMarket: true })).toBe(
      "10001 position idx not match position mode",
    );
    floor.placed(0, { side: "buy", quantity: "0.3", isMarket: true, positionIndex: 1 });
    floor.placed(0, { side: "sell", quantity: "0.2", isMarket: true, positionIndex: 2 });
    expect(floor.exchange.positions(0, linear)).toMatchObject([
      { positionIndex: 1, side: "buy", size: 300 },
      { positionIndex: 2, side: "sell", size: 200 },
    ]);
  });

  it("closes a side with the other side's orders, which only reduce", () => {
    const floor = hedged();
    const close = { side: "sell", quantity: "0.5", price: "64300", positionIndex: 1 } as const;
    expect(floor.place(0, close)).toContain("110017");
    floor.placed(0, { side: "buy", quantity: "0.3", isMarket: true, positionIndex: 1 });
    const id = floor.placed(0, close);
    expect(floor.orderOf(0, id)).toMatchObject({ quantity: 300, reduceOnly: true });
    floor.placed(0, { side: "sell", quantity: "0.3", isMarket: true, positionIndex: 1 });
    expect(floor.orderOf(0, id)).toMatchObject({ cancelType: "CancelByReduceOnly" });
    expect(floor.exchange.positions(0, linear).map(({ size }) => size)).toEqual([0, 0]);
  });

  it("is left and entered only without orders and positions", () => {
    const floor = hedged();
    const mode = (isHedge: boolean) => {
      const answer = floor.exchange.setPositionMode(0, "linear", "BTCUSDT", isHedge);
      return answer.ok ? 0 : answer.error.retCode;
    };
    expect(mode(true)).toBe(110_025);
    const id = floor.placed(0, { quantity: "0.3", price: "64000", positionIndex: 1 });
    expect(mode(false)).toBe(110_028);
    floor.cancel(0, { orderId: id });
    floor.placed(0, { quantity: "0.3", isMarket: true, positionIndex: 1 });
    expect(mode(false)).toBe(110_024);
    floor.placed(0, { side: "sell", quantity: "0.3", isMarket: true, positionIndex: 1 });
    expect(mode(false)).toBe(0);
  });
});

describe("spot", () => {
  const spotFloor = (wallet: Record<string, string>) => {
    const floor = new Floor({ instruments: [SPOT], wallets: [wallet] });
    // 20 levels of a tenth of a bitcoin, a cent apart, around 64,250.
    floor.markets[0]!.fill(6_425_000, 20, 100_000);
    floor.limit(0, 6_425_000);
    return floor;
  };
  const spot = { category: "spot" } as const;

  it("moves coins, takes the fee out of what comes in, and locks what rests", () => {
    const floor = spotFloor({ USDT: "10000" });
    const resting = floor.placed(0, { ...spot, quantity: "0.1", price: "64250" });
    expect(floor.take()).toEqual(["0 order New 0/100000", "0 wallet 10000 USDT (6425 locked)"]);
    floor.markets[0]!.take(false, 6_425_000, 40_000);
    floor.pass(10);
    expect(floor.take()).toEqual([
      "0 Trade 40000 at 6425000 maker fee 0.00004 BTC",
      "0 order PartiallyFilled 40000/100000",
      "0 wallet 7430 USDT (3855 locked), 0.03996 BTC",
    ]);
    expect(floor.place(0, { ...spot, side: "sell", quantity: "0.04", price: "64300" })).toBe(
      "170131 Insufficient balance.",
    );
    floor.cancel(0, { ...spot, orderId: resting });
    floor.placed(0, { ...spot, side: "sell", quantity: "0.03996", isMarket: true });
    expect(floor.take()).toEqual([
      "0 order PartiallyFilledCanceled 40000/100000 CancelByUser",
      "0 wallet 7430 USDT, 0.03996 BTC",
      "0 Trade 39960 at 6424999 taker fee 2.5674296004 USDT",
      "0 order Filled 39960/39960",
      "0 wallet 9994.8621707996 USDT, 0 BTC",
    ]);
  });

  it("spends a value in quote coin, and not more", () => {
    const floor = spotFloor({ USDT: "20000" });
    const id = floor.placed(0, { ...spot, quantity: "15000", isMarket: true });
    const record = floor.orderOf(0, id)!;
    // As on Bybit: a rest that pays for no more lot is given back.
    expect(record).toMatchObject({
      status: "PartiallyFilledCanceled",
      rejectReason: "EC_NoError",
      value: "15000",
      marketUnit: "quoteCoin",
    });
    const spent = Number(record.cumulativeValue);
    expect(spent).toBeLessThanOrEqual(15_000);
    // Less than the market's minimum stays over.
    expect(spent).toBeGreaterThan(14_995);
    const { wallet } = floor.exchange.wallet(0).coins[0]!;
    expect(Number(wallet)).toBeCloseTo(20_000 - spent, 9);
  });

  it("ends an order by value where the market has too little, and refuses one not paid for", () => {
    const floor = spotFloor({ USDT: "200000" });
    expect(floor.place(0, { ...spot, quantity: "200001", isMarket: true })).toContain("170131");
    const id = floor.placed(0, { ...spot, quantity: "199999", isMarket: true });
    expect(floor.orderOf(0, id)).toMatchObject({
      status: "PartiallyFilledCanceled",
      cumulative: 2_000_000,
      quantity: 2_000_000,
      rejectReason: "EC_NoImmediateQtyToFill",
    });
  });

  it("counts a market order in base coin when told to, and sells by value", () => {
    const floor = spotFloor({ USDT: "20000", BTC: "0.2" });
    const bought = floor.placed(0, {
      ...spot,
      quantity: "0.05",
      isMarket: true,
      marketUnit: "baseCoin",
    });
    expect(floor.orderOf(0, bought)).toMatchObject({ cumulative: 50_000, value: undefined });
    const sold = floor.placed(0, {
      ...spot,
      side: "sell",
      quantity: "1000",
      isMarket: true,
      marketUnit: "quoteCoin",
    });
    const raised = Number(floor.orderOf(0, sold)!.cumulativeValue);
    expect(raised).toBeLessThanOrEqual(1_000);
    expect(raised).toBeGreaterThan(995);
  });

  it("never sells more by value than the account has", () => {
    const floor = new Floor({ instruments: [SPOT], wallets: [{ BTC: "1", USDT: "0" }] });
    const [market] = floor.markets;
    // A fifth at the best bid; the rest is worth less, so that the value takes more than a bitcoin.
    market!.crowd(true, 6_425_000, 200_000);
    market!.crowd(true, 6_300_000, 5_000_000);
    market!.crowd(false, 6_426_000, 1_000_000);
    floor.limit(0, 6_425_000);
    const sell = { ...spot, side: "sell", isMarket: true, marketUnit: "quoteCoin" } as const;
    const id = floor.placed(0, { ...sell, quantity: "64250" });
    expect(floor.orderOf(0, id)).toMatchObject({
      status: "PartiallyFilledCanceled",
      rejectReason: "EC_NoError",
      cumulative: 1_000_000,
    });
    const { coins } = floor.exchange.wallet(0);
    expect(coins.find(({ coin }) => coin === "BTC")!.wallet).toBe("0");
    expect(floor.place(0, { ...sell, quantity: "10" })).toContain("170131");
  });

  it("does not sell by value what a resting order has locked", () => {
    const floor = new Floor({ instruments: [SPOT], wallets: [{ BTC: "1", USDT: "0" }] });
    const [market] = floor.markets;
    market!.crowd(true, 6_425_000, 200_000);
    market!.crowd(true, 6_300_000, 5_000_000);
    market!.crowd(false, 6_426_000, 1_000_000);
    floor.limit(0, 6_425_000);
    floor.placed(0, { ...spot, side: "sell", quantity: "0.5", price: "64300" });
    const sell = { ...spot, side: "sell", isMarket: true, marketUnit: "quoteCoin" } as const;
    const id = floor.placed(0, { ...sell, quantity: "32125" });
    expect(floor.orderOf(0, id)).toMatchObject({ cumulative: 500_000 });
  });

  it("spends and sells what is there less what resting orders have locked", () => {
    const floor = spotFloor({ USDT: "100", BTC: "0.002" });
    const buy = { ...spot, price: "64000" } as const;
    // Of 100 dollars 80 are locked: 30 are not there, 19 are.
    const resting = floor.placed(0, { ...buy, quantity: "0.00125" });
    expect(floor.place(0, { ...buy, quantity: "0.000469" })).toBe("170131 Insufficient balance.");
    expect(floor.place(0, { ...spot, quantity: "30", isMarket: true })).toContain("170131");
    const second = floor.placed(0, { ...buy, quantity: "0.0003" });
    expect(floor.amend(0, { ...spot, orderId: second, quantity: "0.000469" })).toContain("170131");
    floor.cancel(0, { ...spot, orderId: resting });
    expect(floor.place(0, { ...buy, quantity: "0.000469" })).toBe("OK");
    const sell = { ...spot, side: "sell", price: "64500" } as const;
    floor.placed(0, { ...sell, quantity: "0.0015" });
    expect(floor.place(0, { ...sell, quantity: "0.0006" })).toContain("170131");
    expect(floor.place(0, { ...sell, quantity: "0.0005" })).toBe("OK");
  });

  it("refuses in spot's own numbers", () => {
    const floor = spotFloor({ USDT: "20000" });
    const refused = (request: Parameters<Floor["place"]>[1]) =>
      floor.place(0, { ...spot, quantity: "0.1", price: "64000", ...request });
    expect(refused({ symbol: "NOSUCH" })).toContain("170121");
    expect(refused({ quantity: "0.0000001" })).toContain("170137");
    expect(refused({ quantity: "101" })).toContain("170135");
    expect(refused({ quantity: "0" })).toContain("170136");
    expect(refused({ price: "64000.001" })).toContain("170134");
    expect(refused({ price: undefined })).toContain("170105");
    expect(refused({ price: "99999" })).toBe(
      "170372 Order price cannot be higher than 66177.50, the price limitation",
    );
    expect(refused({ side: "sell", price: "1" })).toContain("170371");
    expect(refused({ quantity: "0.00001" })).toContain("170140");
    expect(refused({ isMarket: true, quantity: "10.000000001" })).toContain("170148");
    expect(refused({ orderLinkId: "x" })).toBe("OK");
    expect(refused({ orderLinkId: "x" })).toContain("170141");
    expect(floor.cancel(0, { ...spot, orderId: "none" })).toBe("170213 Order does not exist.");
  });
});

describe("inverse", () => {
  it("counts money in the base coin", () => {
    const floor = new Floor({ instruments: [INVERSE], wallets: [{ BTC: "1" }] });
    // Ticks of 0.5: 64,250.
    floor.markets[0]!.fill(128_500, 20, 100_000);
    const inverse = { category: "inverse", symbol: "BTCUSD" } as const;
    floor.placed(0, { ...inverse, quantity: "6425", isMarket: true });
    const [bought] = floor.executions;
    const worth = 6_425 / 64_250.5;
    expect(Number(bought!.record.value)).toBeCloseTo(worth, 13);
    expect(Number(bought!.record.fee)).toBeCloseTo(worth * 0.00055, 13);
    floor.placed(0, {
      ...inverse,
      side: "sell",
      quantity: "6425",
      isMarket: true,
      reduceOnly: true,
    });
    const [, sold] = floor.executions;
    expect(Number(sold!.record.profit)).toBeCloseTo(worth - 6_425 / 64_249.5, 13);
    expect(floor.exchange.positions(0, inverse)).toMatchObject([{ size: 0, value: "0" }]);
    expect(floor.exchange.setPositionMode(0, "inverse", "BTCUSD", true)).toMatchObject({
      error: { retCode: 110_029 },
    });
  });
});

describe("what time brings", () => {
  it("settles funding as an execution: longs pay a positive rate", () => {
    const floor = linearFloor();
    floor.placed(0, { side: "buy", quantity: "1", isMarket: true });
    floor.placed(1, { side: "sell", quantity: "0.5", isMarket: true });
    floor.take();
    floor.markets[0]!.fund({
      rate: "0.0001",
      at: floor.exchange.now,
      markPrice: halfTicks(2 * MID),
    });
    floor.pass(100);
    expect(floor.take().filter((line) => line.includes("Funding"))).toEqual([
      "0 Funding 1000 at 642500 taker fee 6.425 USDT",
      "1 Funding 500 at 642500 taker fee -3.2125 USDT",
    ]);
    const { list } = floor.exchange.executions(0, { ...linear, limit: 1 });
    expect(list[0]).toMatchObject({ execType: "Funding", feeRate: "0.0001", closed: 0 });
  });

  it("closes by force what an account can no longer carry, its orders first", () => {
    const floor = linearFloor([{ USDT: "8000" }]);
    expect(floor.exchange.setLeverage(0, "linear", "BTCUSDT", "50", "50.0").ok).toBe(true);
    floor.placed(0, { side: "buy", quantity: "3", isMarket: true });
    floor.placed(0, { side: "buy", quantity: "0.1", price: "64000" });
    const [held] = floor.exchange.positions(0, linear);
    floor.take();
    const at = Math.round(Number(held!.liquidationPrice) * 10);
    floor.markets[0]!.setMark(halfTicks(2 * (at + 200)));
    floor.pass(10);
    expect(floor.take()).toEqual([]);
    floor.markets[0]!.setMark(halfTicks(2 * (at - 200)));
    floor.pass(10);
    const lines = floor.take();
    expect(lines[0]).toBe("0 order Cancelled 0/100 CancelAllBeforeLiq");
    expect(floor.exchange.positions(0, linear)).toMatchObject([{ size: 0 }]);
    const [forced] = floor.exchange.orderHistory(0, { ...linear, limit: 1 }).list;
    expect(forced).toMatchObject({ createType: "CreateByLiq", status: "Filled", reduceOnly: true });
  });

  it("withdraws all orders on contracts when the last connection has been gone for the window", () => {
    const floor = new Floor({
      instruments: [LINEAR, SPOT],
      wallets: [{ USDT: "100000" }],
    });
    floor.exchange.setDisconnectProtection(0, 10);
    floor.placed(0, { quantity: "0.1", price: "64000" });
    floor.placed(0, { category: "spot", quantity: "0.1", price: "64000" });
    floor.exchange.connectionsChanged(0, 1);
    floor.pass(60e6);
    floor.exchange.connectionsChanged(0, 0);
    floor.pass(9e6);
    floor.exchange.connectionsChanged(0, 1);
    floor.pass(60e6);
    floor.exchange.connectionsChanged(0, 0);
    floor.pass(9e6);
    expect(floor.exchange.openOrders(0, linear, true)).toHaveLength(1);
    floor.pass(1e6);
    expect(floor.exchange.openOrders(0, linear, true)).toHaveLength(0);
    expect(floor.exchange.openOrders(0, { category: "spot" }, true)).toHaveLength(1);
    expect(floor.orders.at(-1)!.record.cancelType).toBe("CancelByDCP");
  });
});

describe("leverage", () => {
  it("is set for both sides at once, within the market's limit and the account's margin", () => {
    const floor = linearFloor([{ USDT: "10000" }]);
    const set = (buy: string, sell = buy) => {
      const answer = floor.exchange.setLeverage(0, "linear", "BTCUSDT", buy, sell);
      return answer.ok ? 0 : answer.error.retCode;
    };
    expect([set("10"), set("10.00"), set("5", "6"), set("0.5"), set("x"), set("101")]).toEqual([
      110_043, 110_043, 10_001, 10_001, 10_001, 110_013,
    ]);
    expect(set("20")).toBe(0);
    floor.placed(0, { quantity: "2", isMarket: true });
    expect(set("5")).toBe(110_044);
    expect(set("25")).toBe(0);
    expect(floor.exchange.positions(0, linear)).toMatchObject([{ leverage: "25" }]);
  });
});

describe("queries", () => {
  it("shows the latest 500 closed orders until a restart, and history for good", () => {
    const floor = linearFloor();
    const ids: string[] = [];
    for (let k = 0; k < 600; k++) {
      floor.pass(1_000);
      const orderId = floor.placed(0, { quantity: "0.001", price: "63000" });
      floor.cancel(0, { orderId });
      ids.push(orderId);
    }
    const open = floor.placed(0, { quantity: "0.001", price: "63000" });
    const recent = floor.exchange.openOrders(0, linear, false);
    expect(recent).toHaveLength(501);
    expect(recent[0]!.orderId).toBe(open);
    expect(floor.exchange.openOrders(0, { ...linear, orderId: ids[50]! }, false)).toEqual([]);
    expect(floor.orderOf(0, ids[150]!)!.status).toBe("Cancelled");
    floor.exchange.clearClosedOrders();
    expect(floor.orderOf(0, ids[150]!)).toBeUndefined();
    expect(floor.exchange.openOrders(0, linear, false)).toHaveLength(1);
    const byId = floor.exchange.orderHistory(0, { ...linear, orderId: ids[50]!, limit: 20 });
    expect(byId.list).toMatchObject([{ orderId: ids[50], cumulative: 0 }]);
    const seen: string[] = [];
    let cursor: number | undefined;
    do {
      const page = floor.exchange.orderHistory(0, { ...linear, limit: 50, cursor });
      seen.push(...page.list.map(({ orderId }) => orderId));
      cursor = page.next;
      // Orders that close meanwhile do not shift the pages.
      floor.cancel(0, { orderId: floor.placed(0, { quantity: "0.001", price: "63000" }) });
    } while (cursor !== undefined);
    expect(seen).toEqual(ids.toReversed());
  });
});
