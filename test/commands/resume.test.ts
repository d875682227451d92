/**
 * `arrival resume` where a run cannot, or must not, be gone on with: other accounts, kills while
 * nobody was there, journals that the engine does not take. What is lost if this fails: orders that
 * rest at the venue and that nobody is told of, or one that is sent twice.
 */
import { type ChildProcess, spawn } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { micros, MINUTE, ticks } from "../../src/core/domain/units.ts";
import { parseConfig } from "../../src/runtime/config.ts";
import { openJournal } from "../../src/runtime/journal/reader.ts";
import { resumeJournal } from "../../src/runtime/journal/resumer.ts";
import { openLiveRun } from "../../src/runtime/live/open-run.ts";
import { chooseVenue } from "../../src/runtime/live/venue-choice.ts";
import {
  type ExchangeAccess,
  type LocalExchange,
  startExchange,
} from "../../src/runtime/local-exchange.ts";
import { RawRest } from "../clients/raw-client.ts";

const BIN = fileURLToPath(new URL("../../bin/arrival.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "arrival-resume-"));
const children = new Set<ChildProcess>();
const alerts: string[] = [];
const server = createServer((request, response) => {
  let body = "";
  request.on("data", (data) => (body += String(data)));
  request.on("end", () => {
    alerts.push(body);
    response.end('{"ok":true}');
  });
});
let exchange: LocalExchange;

beforeAll(async () => {
  const symbols = ["linear:BTCUSDT=generated:seed=7"];
  exchange = await startExchange({ symbols, accounts: 5, seed: 3 });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  server.closeAllConnections();
  server.close();
  await exchange.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Image {
  readonly journal: string;
  readonly order: string;
  readonly account: ExchangeAccess;
  /** What rests at the exchange by the account's own word. */
  resting(): Promise<readonly string[]>;
}

/** A run whose order rests a little under the market, and what the disk has when it dies there. */
async function crashed(name: string, account: ExchangeAccess): Promise<Image> {
  const { port } = server.address() as AddressInfo;
  const config = parseConfig({
    strategy: { name: "peg" },
    alerts: { telegram: { chat: 1, server: `http://127.0.0.1:${port}` } },
  });
  if (!config.ok) throw new Error(JSON.stringify(config.error));
  const access = {
    venue: "bybit",
    network: "local",
    localUrl: exchange.url,
    symbol: "BTCUSDT",
    category: "linear",
    side: "buy",
    quantity: "0.4",
  } as const;
  const venue = chooseVenue({
    ...access,
    config: config.value,
    seed: 1,
    parentId: name,
    environment: { ARRIVAL_BYBIT_KEY: account.apiKey, ARRIVAL_BYBIT_SECRET: account.secret },
  });
  if (!venue.ok) throw new Error(venue.error.text);
  const alive = join(folder, `${name}-alive.journal`);
  const { promise: placed, resolve: rests } = Promise.withResolvers<string>();
  const opened = await openLiveRun({
    venue: venue.value,
    access,
    parentId: name,
    journal: alive,
    request: {
      side: "buy",
      quantity: "0.4",
      isNotional: false,
      over: micros(10 * MINUTE),
      constraints: { mayCrossSpread: false, residual: "leave", limitPrice: ticks(500_000) },
      acceptInfeasible: true,
      config: config.value,
      seed: 1,
    },
    onStep: (event) => {
      const isTaken = event.kind === "order-reported" && event.report.kind === "accepted";
      if (isTaken) rests(event.clientOrderId);
    },
  });
  if (!opened.ok) throw new Error(opened.error.text);
  const run = opened.value;
  const ready = await run.ready();
  if (!ready.ok) throw new Error(ready.error.text);
  run.begin();
  const order = await placed;
  await new Promise((resolve) => setTimeout(resolve, 50));
  const journal = join(folder, `${name}.journal`);
  for (const tail of ["", "-wal"]) copyFileSync(alive + tail, journal + tail);
  run.interrupt("leave", "test");
  await run.finish();
  const rest = new RawRest(exchange.url, account);
  const resting = async () => {
    const query = { category: "linear", symbol: "BTCUSDT" };
    const { body } = await rest.get("/v5/order/realtime", query);
    return (body.result.list as { orderLinkId: string }[]).map(({ orderLinkId }) => orderLinkId);
  };
  expect(await resting()).toEqual([order]);
  return { journal, order, account, resting };
}

interface Said {
  readonly code: number | null;
  readonly out: string;
  readonly notes: string;
}

function resume(
  journal: string,
  { apiKey, secret }: ExchangeAccess,
  args: readonly string[] = [],
  environment: Record<string, string> = {},
): Promise<Said> {
  const keys = { ARRIVAL_BYBIT_KEY: apiKey, ARRIVAL_BYBIT_SECRET: secret };
  const child = spawn(process.execPath, [BIN, "resume", journal, ...args], {
    cwd: folder,
    env: { ...process.env, ...keys, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.add(child);
  let [out, notes] = ["", ""];
  child.stdout.on("data", (data) => (out += String(data)));
  child.stderr.on("data", (data) => (notes += String(data)));
  return new Promise((resolve) => {
    child.on("close", (code) => resolve({ code, out, notes }));
  });
}

/** What a journal would hold if its writer had come so far. */
function append(journal: string, make: (time: number) => object): void {
  const resumed = resumeJournal(journal);
  if (!resumed.ok) throw new Error(resumed.error.text);
  const { records, sink } = resumed.value;
  let time = 0;
  let position = 0;
  for (const record of records()) {
    ({ position } = record);
    if (record.kind === "event") ({ time } = JSON.parse(record.body) as { time: number });
  }
  sink.append("event", position, JSON.stringify(make(time)));
  sink.close();
}

const countOf = (journal: string): number => {
  const opened = openJournal(journal);
  if (!opened.ok) throw new Error(opened.error.text);
  opened.value.close();
  return opened.value.count;
};

const fill = (id: string, executionId: string, quantity: number) => (time: number) => ({
  kind: "order-reported",
  time,
  clientOrderId: id,
  report: {
    kind: "filled",
    fill: {
      executionId,
      price: 500_000,
      quantity,
      liquidity: "maker",
      fee: "0",
      feeCoin: "USDT",
      exchangeTime: time,
    },
  },
});

const TOKEN = { ARRIVAL_ALERT_TELEGRAM_TOKEN: "planted-token-0123456789" };

describe.concurrent("arrival resume", () => {
  it("is refused on another account and at another address, and tells what may rest", async () => {
    const image = await crashed("account", exchange.accounts[0]!);
    expect(statSync(join(folder, "account-alive.journal")).mode & 0o777).toBe(0o600);
    const other = await resume(image.journal, exchange.accounts[1]!, [], TOKEN);
    const symbols = ["linear:BTCUSDT=generated:seed=7"];
    const second = await startExchange({ symbols, accounts: 5, seed: 3 });
    const elsewhere = await resume(image.journal, image.account, ["--local-url", second.url]);
    await second.close();
    for (const { code, notes } of [other, elsewhere]) {
      expect(notes).toMatch(/it was of account 10000001 since .*, this is account 1000000/);
      expect(notes).toContain("[RUN_RESUME]");
      expect(notes).toContain(`MAY STILL REST AT THE VENUE: ${image.order} buy 0.`);
      expect(notes).toMatch(/at 50000\.0 \((?:working|pending-amend)\)/);
      expect(notes).toMatch(/resume .*account\.journal --withdraw-only/);
      for (const { apiKey, secret } of exchange.accounts) {
        expect(notes).not.toContain(apiKey);
        expect(notes).not.toContain(secret);
      }
      expect(code).toBe(2);
    }
    expect(await image.resting()).toEqual([image.order]);
    const told = alerts.filter((body) => body.includes("MAY STILL REST"));
    expect(told.join()).toContain(image.order);
  }, 90_000);

  it("withdraws, and ends, where the kill file was laid while nobody was there", async () => {
    const image = await crashed("file", exchange.accounts[2]!);
    writeFileSync(join(folder, "file.kill"), "wrong account\n");
    const { code, out, notes } = await resume(image.journal, image.account);
    expect(notes).toMatch(/killed by .*file\.kill: wrong account; everything is being withdrawn/);
    expect(notes).toMatch(/open when it was killed: file-1 buy 0\.\d+ at 50000\.0 \(canceled\)/);
    // Nobody set the secret this time: that keeps no order at the venue.
    expect(notes).toMatch(/alerts: .*ARRIVAL_ALERT_TELEGRAM_TOKEN.*it goes on without/);
    expect(out).toMatch(/canceled: killed by .*file\.kill: wrong account/);
    expect(code).toBe(130);
    expect(await image.resting()).toEqual([]);
  }, 90_000);

  it("withdraws, and ends, where it was killed just before it was cut off", async () => {
    const image = await crashed("killed", exchange.accounts[3]!);
    append(image.journal, (time) => ({ kind: "kill-switched", time, by: "ann", reason: "stop" }));
    const { code, out, notes } = await resume(image.journal, image.account, [], TOKEN);
    expect(notes).toMatch(/killed by the kill before the restart/);
    expect(out).toMatch(/canceled: killed by ann: stop/);
    expect(code).toBe(130);
    expect(await image.resting()).toEqual([]);
  }, 90_000);

  it("takes back what rests by a journal that the engine does not take", async () => {
    const image = await crashed("poison", exchange.accounts[4]!);
    append(image.journal, fill(image.order, "never-was", 4_000_000));
    const count = countOf(image.journal);
    const refused = await resume(image.journal, image.account, [], TOKEN);
    expect(refused.notes).toMatch(/cannot be folded \(.*overfill.*\); MAY STILL REST AT THE VENUE/);
    expect(refused.notes).toMatch(/poison-1 buy 0\.\d+ at 50000\.0 \(working\)/);
    expect(refused.code).toBe(2);
    expect(await image.resting()).toEqual([image.order]);
    const taken = await resume(image.journal, image.account, ["--withdraw-only"], TOKEN);
    expect(taken.out).toMatch(/poison-1 .*: working by the journal, canceled at the venue/);
    expect(taken.code).toBe(0);
    expect(await image.resting()).toEqual([]);
    expect(countOf(image.journal)).toBe(count);
    const report = join(folder, "poison.withdrawal.json");
    expect(statSync(report).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(report, "utf8"))).toMatchObject({
      parentId: "poison",
      placed: 1,
      unread: 1,
      orders: [{ clientOrderId: image.order, is: "canceled", fills: [] }],
    });
    expect(existsSync(join(folder, "poison.market.2.arrival"))).toBe(false);
  }, 90_000);
});
