/** `arrival doctor` as a user meets it: a real process, keys in the environment and in files. */
import { execFile } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LocalExchange, startExchange } from "../../src/runtime/local-exchange.ts";

const BIN = fileURLToPath(new URL("../../bin/arrival.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "arrival-doctor-"));
let exchange: LocalExchange;
beforeAll(async () => {
  exchange = await startExchange({ symbols: ["linear:BTCUSDT=generated:seed=7"], history: 1 });
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await exchange.close();
});

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function doctor(args: readonly string[], keys: Record<string, string> = {}): Promise<Ended> {
  const environment = Object.entries(process.env).filter(([name]) => !name.startsWith("ARRIVAL_"));
  const env = { ...Object.fromEntries(environment), ...keys };
  return new Promise((resolve) => {
    execFile(process.execPath, [BIN, "doctor", ...args], { env }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr }),
    );
  });
}

const local = (...more: string[]): string[] => [
  "--network",
  "local",
  "--local-url",
  exchange.url,
  ...more,
];

describe("arrival doctor", () => {
  it("says that nothing stands in the way, as text and as JSON, and shows no secret", async () => {
    const { apiKey, secret } = exchange.accounts[0]!;
    const file = join(folder, "keys");
    writeFileSync(file, `key = ${apiKey}\nsecret = ${secret}\n`, { mode: 0o600 });
    const [text, json] = await Promise.all([
      doctor(local("--symbol", "btcusdt"), {
        ARRIVAL_BYBIT_KEY: apiKey,
        ARRIVAL_BYBIT_SECRET: secret,
      }),
      doctor(local("--credentials", file, "--json")),
    ]);
    expect(text).toMatchObject({ code: 0, stderr: "" });
    expect(text.stdout).toMatch(/^Bybit local, linear BTCUSDT\n/);
    expect(text.stdout).toContain(`with the key ${apiKey.slice(0, 4)}…`);
    expect(json).toMatchObject({ code: 0, stderr: "" });
    const report = JSON.parse(json.stdout) as { worst: string; findings: { about: string }[] };
    expect(report.worst).not.toBe("problem");
    expect(report.findings.map(({ about }) => about)).toContain("order entry");
    for (const output of [text.stdout, json.stdout]) {
      expect(output).not.toContain(secret);
      expect(output).not.toContain(apiKey);
    }
  });

  it("ends with 1 where the key is refused, and shows no secret then either", async () => {
    const { apiKey } = exchange.accounts[0]!;
    const keys = { ARRIVAL_BYBIT_KEY: apiKey, ARRIVAL_BYBIT_SECRET: "plAntedAndWrongSecret" };
    const ended = await doctor(local(), keys);
    expect(ended.code).toBe(1);
    expect(ended.stdout).toMatch(/PROBLEM {2}keys/);
    expect(ended.stdout).toMatch(/check the secret/);
    expect(ended.stdout + ended.stderr).not.toMatch(/plAnted/);
    expect(ended.stdout).not.toContain(apiKey);
  });

  it("ends with 2 and says what to do where it cannot begin", async () => {
    const open = join(folder, "open");
    writeFileSync(open, "key = plAntedKey01\nsecret = plAntedSecret\n");
    chmodSync(open, 0o644);
    const [readable, half, nowhere, odd] = await Promise.all([
      doctor(local("--credentials", open)),
      doctor(local(), { ARRIVAL_BYBIT_SECRET: "plAntedSecret" }),
      doctor(["--network", "local"]),
      doctor(local("--symbol", "BTC/USDT")),
    ]);
    expect(readable.stderr).toMatch(/chmod 600.*\[VENUE_CREDENTIALS\]/);
    expect(half.stderr).toMatch(/ARRIVAL_BYBIT_KEY is not.*\[VENUE_CREDENTIALS\]/);
    expect(nowhere.stderr).toMatch(/arrival exchange.*\[VENUE_UNREACHABLE\]/);
    expect(odd.stderr).toMatch(/no symbol \[USAGE\]/);
    for (const { code, stdout, stderr } of [readable, half, nowhere, odd]) {
      expect(code).toBe(2);
      expect(stdout + stderr).not.toMatch(/plAnted/);
    }
  });
});
