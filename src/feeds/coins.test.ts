import { describe, expect, it } from "vitest";
import { COINS, coinOf, coinsIn } from "./coins.ts";

const of = (text: string, instrument = "BTCUSDT") => coinsIn(text, coinOf(instrument));

describe("coins", () => {
  it("are known by their instrument", () => {
    for (const name of ["BTCUSDT", "BTC-PERP", "BTCUSD", "BTC/USDT", "BTCUSDT-27MAR26", "XBTUSD"]) {
      expect(coinOf(name).ticker, name).toBe("BTC");
    }
    expect(coinOf("1000PEPEUSDT").ticker).toBe("PEPE");
    expect(coinOf("ETHBTC").ticker).toBe("ETH");
    expect(coinOf("WLDUSDT")).toEqual({ ticker: "WLD", names: [] });
  });

  it.each(["Bitcoin's fall", "$btc", "BTC/USD up", "#BTC", "KRAKEN:BTCUSD", "btcusdt", "XBT"])(
    "are found in: %s",
    (text) => expect(of(text)).toEqual({ ours: true, others: false }),
  );

  it.each([
    "the link to dot on me",
    "near the sun",
    "one sol ution",
    "BTCS shares",
    "a ton of ada",
  ])("are not found in: %s", (text) => expect(of(text)).toEqual({ ours: false, others: false }));

  it("are told apart", () => {
    expect(of("Bitcoin Cash rises")).toEqual({ ours: false, others: true });
    expect(of("Bitcoin and ether rise")).toEqual({ ours: true, others: true });
    expect(of("$WLD and FOOUSDT")).toEqual({ ours: false, others: true });
    expect(of("$WLD unlocks", "WLDUSDT")).toEqual({ ours: true, others: false });
  });

  it("have no name twice, or one would pass for the other", () => {
    const names = COINS.flatMap(({ ticker, names: more }) => [ticker, ...more]).map((name) =>
      name.toLowerCase(),
    );
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
  });
});
