/**
 * `arrival exchange` as a user meets it: a real process, its way in, a signal, the wrong things.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { RawRest } from "./clients/raw-client.ts";

const MAIN = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));
const children = new Set<ChildProcess>();
afterEach(() => {
  for (const child of children) child.kill("SIGKILL");
  children.clear();
});

function exchange(...args: string[]) {
  const child = spawn(process.execPath, [MAIN, "exchange", "--port", "0", ...args]);
  children.add(child);
  const heard = { stdout: "", stderr: "" };
  child.stdout.on("data", (data) => (heard.stdout += String(data)));
  child.stderr.on("data", (data) => (heard.stderr += String(data)));
  const ended = once(child, "close").then(([code]) => code as number);
  return { child, heard, ended };
}

const QUICK = ["--history", "1", "--market", "linear:ETHUSDT"];

describe("arrival exchange", () => {
  it("tells the way in as one line of JSON, trades, and closes when asked", async () => {
    const { child, heard, ended } = exchange("--json", "--balance", "USDT=1234.5", ...QUICK);
    await once(child.stdout, "data");
    const told = JSON.parse(heard.stdout.trim());
    expect(heard.stdout.trim().split("\n")).toHaveLength(1);
    expect(told).toMatchObject({ symbols: ["linear:ETHUSDT"] });
    const rest = new RawRest(told.url, told.accounts[0]);
    const wallet = await rest.get("/v5/account/wallet-balance", { accountType: "UNIFIED" });
    expect(wallet.body.result.list[0].coin).toMatchObject([
      { coin: "USDT", walletBalance: "1234.5" },
    ]);
    child.kill("SIGINT");
    expect(await ended).toBe(0);
    expect(heard.stderr).toBe("closed\n");
  });

  it("prints lines to paste for each client", async () => {
    const { child, heard, ended } = exchange("--accounts", "2", "--seed", "3", ...QUICK);
    await once(child.stdout, "data");
    child.kill("SIGTERM");
    expect(await ended).toBe(0);
    expect(heard.stdout.match(/ key \w{18} {2}secret \w{36}/g)).toHaveLength(2);
    for (const name of ["arrival run --venue bybit", "RestClientV5", "ccxt.pro", "pybit:"]) {
      expect(heard.stdout).toContain(name);
    }
  });

  it("says what is wrong with an option, and starts nothing", async () => {
    const cases: [string[], RegExp][] = [
      [["--host", "0.0.0.0"], /this machine alone/],
      [["--market", "foo"], /is no market.*EXCHANGE_MARKET/],
    ];
    const started = cases.map(([args, words]) => ({ ...exchange(...args), words }));
    for (const { heard, ended, words } of started) {
      expect(await ended).toBe(2);
      expect(heard.stderr).toMatch(words);
      expect(heard.stdout).toBe("");
    }
  });
});
