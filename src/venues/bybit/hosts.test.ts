import { describe, expect, it } from "vitest";
import { hostsOf, publicStream } from "./hosts.ts";

function must(...question: Parameters<typeof hostsOf>): ReturnType<typeof hostsOf> & { ok: true } {
  const hosts = hostsOf(...question);
  if (!hosts.ok) throw new Error(hosts.error.text);
  return hosts;
}

describe("hosts", () => {
  it("keep each network's key at that network", () => {
    const { value: test } = must("testnet");
    expect(test.rest).toBe("https://api-testnet.bybit.com");
    expect(publicStream(test, "inverse")).toBe("wss://stream-testnet.bybit.com/v5/public/inverse");
    expect(test.privateStream).toBe("wss://stream-testnet.bybit.com/v5/private");
    expect(test.tradeStream).toBe("wss://stream-testnet.bybit.com/v5/trade");
  });

  it("give a demo account the true market's data, and no trade stream", () => {
    const { value: demo } = must("demo");
    expect(publicStream(demo, "linear")).toBe("wss://stream.bybit.com/v5/public/linear");
    expect(demo.privateStream).toBe("wss://stream-demo.bybit.com/v5/private");
    expect(demo.tradeStream).toBeUndefined();
  });

  it("make the local exchange's streams of its address", () => {
    const { value: local } = must("local", "http://127.0.0.1:8080");
    expect(local.rest).toBe("http://127.0.0.1:8080");
    expect(local.tradeStream).toBe("ws://127.0.0.1:8080/v5/trade");
    expect(must("local", "https://exchange.example/").value.privateStream).toBe(
      "wss://exchange.example/v5/private",
    );
  });

  it.each([
    ["local", undefined, /arrival exchange/],
    ["local", "127.0.0.1:8080", /no http address/],
    ["local", "ftp://127.0.0.1", /no http address/],
    ["local", "http://192.168.0.7:8080", /another machine/],
    ["local", "http://127.0.0.1.evil.example", /another machine/],
    ["local", "http://user:pass@127.0.0.1", /host and a port/],
    ["local", "http://127.0.0.1/v5", /host and a port/],
    ["mainnet", "http://127.0.0.1", /own address/],
  ] as const)("refuse %s at %s", (network, url, words) => {
    const hosts = hostsOf(network, url);
    expect(hosts.ok ? "taken" : hosts.error.text).toMatch(words);
  });
});
