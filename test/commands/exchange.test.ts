/**
 * `arrival exchange` as a user meets it: a real process, its way in, a signal; what it prints, and
 * what it says to the wrong things, in this process, for a process of its own takes a second each.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { addExchange, welcome } from "../../src/cli/exchange.ts";
import { startExchange } from "../../src/runtime/local-exchange.ts";
import { RawRest } from "../clients/raw-client.ts";

const MAIN = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
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
    const symbols = ["linear:ETHUSDT=generated"];
    const opened = await startExchange({ symbols, accounts: 2, history: 0 });
    const text = welcome(opened);
    await opened.close();
    expect(text.match(/ key \w{18} {2}secret \w{36}/g)).toHaveLength(2);
    for (const name of ["arrival run --venue bybit", "RestClientV5", "ccxt.pro", "pybit:"]) {
      expect(text).toContain(name);
    }
  });

  it("says what is wrong with an option, and starts nothing", async () => {
    const written = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    onTestFinished(() => written.mockRestore());
    const cases: [string[], RegExp, string][] = [
      [["--host", "0.0.0.0"], /this machine alone/, "commander.invalidArgument"],
      [["--fees", "linear=1"], /CATEGORY=MAKER,TAKER/, "commander.invalidArgument"],
      [["--rate-limits", "1.5"], /bybit, off, or a number/, "commander.invalidArgument"],
      [["--market", "foo"], /is no market/, "EXCHANGE_MARKET"],
      [["--speed", "1000", "--market", "foo"], /is no market/, "EXCHANGE_MARKET"],
    ];
    for (const [args, words, code] of cases) {
      const program = new Command().exitOverride().configureOutput({ writeErr: () => {} });
      addExchange(program);
      program.commands[0]!.exitOverride().configureOutput({ writeErr: () => {} });
      const asked = program.parseAsync(["exchange", "--port", "0", ...args], { from: "user" });
      await expect(asked).rejects.toMatchObject({ code, message: expect.stringMatching(words) });
    }
    // Only of the one whose history takes long to make.
    expect(written.mock.calls).toEqual([
      ["the markets first live through 16.7 h of their own; --history 0 begins at once\n"],
    ]);
  });
});
