/** The doctor on the local exchange: what it says of a venue that it was not written with. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ContractKind } from "../core/domain/instrument.ts";
import { AnchoredClock } from "../data/recorder/clock.ts";
import { Credentials } from "../venues/bybit/credentials.ts";
import { hostsOf } from "../venues/bybit/hosts.ts";
import { type DoctorReport, examine } from "./doctor.ts";
import { type LocalExchange, startExchange } from "./local-exchange.ts";

let exchange: LocalExchange;
beforeAll(async () => {
  const kinds = ["linear:BTCUSDT", "spot:BTCUSDT", "inverse:BTCUSD"];
  const symbols = kinds.map((symbol) => `${symbol}=generated:seed=7`);
  exchange = await startExchange({ symbols, history: 1, seed: 1 });
});
afterAll(() => exchange.close());

async function look(
  category: ContractKind,
  symbol: string,
  secret?: string,
): Promise<DoctorReport> {
  const hosts = hostsOf("local", exchange.url);
  if (!hosts.ok) throw new Error(hosts.error.text);
  const account = exchange.accounts[0]!;
  return examine({
    hosts: hosts.value,
    credentials: new Credentials(account.apiKey, secret ?? account.secret),
    category,
    symbol,
    clock: new AnchoredClock(),
    random: () => 0,
    signal: new AbortController().signal,
  });
}

describe("the doctor on the local exchange", () => {
  it.each([
    ["linear", "BTCUSDT"],
    ["spot", "BTCUSDT"],
    ["inverse", "BTCUSD"],
  ] as const)("finds that %s %s can be traded", async (category, symbol) => {
    const report = await look(category, symbol);
    expect(report.findings.filter(({ severity }) => severity === "problem")).toEqual([]);
    const abouts = new Set(report.findings.map(({ about }) => about));
    for (const about of [
      "keys",
      "permissions",
      "fees",
      "balance",
      "private stream",
      "order entry",
    ]) {
      expect([...abouts]).toContain(about);
    }
  });

  it("finds that a wrong secret is refused, everywhere, and shows neither", async () => {
    const report = await look("linear", "BTCUSDT", "thisIsAnotherSecret");
    const wrong = report.findings.filter(({ severity }) => severity === "problem");
    expect(wrong.map(({ about }) => about)).toEqual(["keys", "private stream", "order entry"]);
    const shown = JSON.stringify(report);
    expect(shown).not.toContain("thisIsAnotherSecret");
    expect(shown).not.toContain(exchange.accounts[0]!.apiKey);
  });
});
