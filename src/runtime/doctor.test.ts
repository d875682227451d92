import { createHmac } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocketServer } from "ws";
import { AnchoredClock } from "../data/recorder/clock.ts";
import { Credentials } from "../venues/bybit/credentials.ts";
import { hostsOf } from "../venues/bybit/hosts.ts";
import { type DoctorOptions, type DoctorReport, examine, type Finding } from "./doctor.ts";

const KEY = "kTestKey12345678";
const SECRET = "plAntedSecretThatMustNotShow";

const PERPETUAL = {
  symbol: "BTCUSDT",
  status: "Trading",
  baseCoin: "BTC",
  quoteCoin: "USDT",
  leverageFilter: { maxLeverage: "100.00" },
  priceFilter: { tickSize: "0.10" },
  lotSizeFilter: {
    qtyStep: "0.001",
    minOrderQty: "0.001",
    maxOrderQty: "1190.000",
    maxMktOrderQty: "119.000",
    minNotionalValue: "5",
  },
};

const GOOD_KEY = {
  readOnly: 0,
  permissions: { ContractTrade: ["Order", "Position"], Spot: ["SpotTrade"], Wallet: [] },
  ips: ["192.0.2.7"],
  deadlineDay: -2,
  uta: 1,
};
const SLOT = { symbol: "BTCUSDT", positionIdx: 0, side: "", size: "0", leverage: "10" };
const POSITION = { ...SLOT, liqPrice: "", positionStatus: "Normal", updatedTime: "1700000000000" };
const COIN = { coin: "USDT", equity: "1000", walletBalance: "1000" };
const RESTING = {
  symbol: "BTCUSDT",
  orderId: "1",
  orderLinkId: "mine",
  side: "Buy",
  orderType: "Limit",
  price: "60000.0",
  qty: "0.010",
  cumExecQty: "0.000",
  leavesQty: "0.010",
  orderStatus: "New",
  createdTime: "1700000000000",
  updatedTime: "1700000000000",
};

/** The `result` of each question, in the shapes of the venue. */
const healthy = (): Record<string, object> => ({
  "/v5/market/instruments-info": { category: "linear", list: [PERPETUAL] },
  "/v5/user/query-api": GOOD_KEY,
  "/v5/account/info": { marginMode: "REGULAR_MARGIN", unifiedMarginStatus: 5, smpGroup: 0 },
  "/v5/position/list": { category: "linear", list: [POSITION] },
  "/v5/account/wallet-balance": {
    list: [{ accountType: "UNIFIED", totalAvailableBalance: "900", coin: [COIN] }],
  },
  "/v5/account/fee-rate": {
    list: [{ symbol: "BTCUSDT", makerFeeRate: "0.0002", takerFeeRate: "0.00055" }],
  },
  "/v5/order/realtime": { category: "linear", list: [] },
  "/v5/account/query-dcp-info": {
    dcpInfos: [{ product: "DERIVATIVES", dcpStatus: "ON", timeWindow: "10" }],
  },
});

interface Venue {
  readonly url: string;
  readonly answers: Record<string, object>;
  /** Instead of an answer. */
  readonly refusals: Map<string, { readonly retCode: number; readonly retMsg: string }>;
  aheadMs: number;
  secret: string;
  hasStreams: boolean;
}

const servers: { server: Server; sockets: WebSocketServer }[] = [];
afterEach(async () => {
  for (const { server, sockets } of servers.splice(0)) {
    for (const client of sockets.clients) client.terminate();
    sockets.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

const signatureOf = (secret: string, text: string): string =>
  createHmac("sha256", secret).update(text).digest("hex");

/** A venue on this machine that checks signatures and answers what it was told to. */
async function startVenue(): Promise<Venue> {
  const refusals: Venue["refusals"] = new Map();
  const server = createServer((request, response) => {
    const url = new URL(request.url!, "http://127.0.0.1");
    const now = Date.now() + venue.aheadMs;
    const { headers } = request;
    const isSigned = !url.pathname.startsWith("/v5/market/");
    const key = String(headers["x-bapi-api-key"]);
    const signed = `${String(headers["x-bapi-timestamp"])}${key}5000${url.search.slice(1)}`;
    const isKnown = key === KEY && headers["x-bapi-sign"] === signatureOf(venue.secret, signed);
    const refusal =
      isSigned && !isKnown
        ? { retCode: 10_004, retMsg: `error sign! origin_string[${signed}] ${SECRET}` }
        : refusals.get(url.pathname);
    const result =
      url.pathname === "/v5/market/time"
        ? { timeNano: `${now}000000` }
        : (venue.answers[url.pathname] ?? {});
    response.setHeader("X-Bapi-Limit", "50").setHeader("X-Bapi-Limit-Status", "49");
    response.end(JSON.stringify(refusal ?? { retCode: 0, retMsg: "OK", result, time: now }));
  });
  const sockets = new WebSocketServer({ noServer: true });
  server.on("upgrade", (request, socket, head) => {
    if (!venue.hasStreams) {
      socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
      return;
    }
    sockets.handleUpgrade(request, socket, head, (link) =>
      link.on("message", (data) => {
        const message = JSON.parse(String(data)) as { op: string; args: unknown[]; reqId?: string };
        if (message.op === "subscribe") {
          link.send(JSON.stringify({ success: true, ret_msg: "", op: "subscribe" }));
          link.send(JSON.stringify({ topic: message.args[0], type: "snapshot", data: {} }));
        }
        if (message.op !== "auth") return;
        const [key, expires, signature] = message.args;
        const isOk =
          key === KEY && signature === signatureOf(venue.secret, `GET/realtime${String(expires)}`);
        link.send(
          JSON.stringify(
            message.reqId === undefined
              ? { success: isOk, ret_msg: isOk ? "" : `wrong ${SECRET}`, op: "auth" }
              : { retCode: isOk ? 0 : 10_004, retMsg: "sign", op: "auth", reqId: message.reqId },
          ),
        );
      }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  servers.push({ server, sockets });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const venue: Venue = {
    url,
    answers: healthy(),
    refusals,
    aheadMs: 0,
    secret: SECRET,
    hasStreams: true,
  };
  return venue;
}

async function look(venue: Venue, options: Partial<DoctorOptions> = {}): Promise<DoctorReport> {
  const hosts = hostsOf("local", venue.url);
  if (!hosts.ok) throw new Error(hosts.error.text);
  return examine({
    hosts: hosts.value,
    credentials: new Credentials(KEY, SECRET),
    category: "linear",
    symbol: "BTCUSDT",
    clock: new AnchoredClock(),
    random: () => 0,
    signal: new AbortController().signal,
    timeoutMs: 1000,
    ...options,
  });
}

const about = (report: DoctorReport, what: string): Finding[] =>
  report.findings.filter((finding) => finding.about === what);

describe("the doctor", () => {
  it("finds nothing wrong with a good account, and tells it all", async () => {
    const venue = await startVenue();
    const told: string[] = [];
    const report = await look(venue, { onFinding: (finding) => told.push(finding.about) });
    expect(report.findings.filter(({ severity }) => severity !== "ok")).toEqual([]);
    expect(report.worst).toBe("ok");
    expect(told).toEqual(report.findings.map((finding) => finding.about));
    expect(told).toEqual([
      "connection and clock",
      "instrument",
      "keys",
      "permissions",
      "address binding",
      "account",
      "disconnect protection",
      "position mode",
      "position",
      "balance",
      "fees",
      "open orders",
      "public stream",
      "private stream",
      "order entry",
      "rate limits",
    ]);
    expect(about(report, "instrument")[0]!.text).toBe(
      "BTCUSDT, settled in USDT: tick 0.1, lot 0.001 BTC; an order is at least 0.001 BTC and " +
        "5 USDT, at most 1190.000 BTC (market 119.000 BTC); leverage up to 100.00",
    );
    expect(about(report, "fees")[0]).toMatchObject({ figures: { makerBps: 2, takerBps: 5.5 } });
  });

  it("looks at what is public without a key", async () => {
    const report = await look(await startVenue(), { credentials: undefined });
    expect(report.worst).toBe("note");
    expect(report.key).toBeUndefined();
    expect(report.findings.map((finding) => finding.about)).toEqual([
      "connection and clock",
      "instrument",
      "keys",
      "public stream",
      "rate limits",
    ]);
    expect(about(report, "keys")[0]!.todo).toMatch(/ARRIVAL_BYBIT_KEY/);
  });

  it.each([
    ["query-api", { ...GOOD_KEY, readOnly: 1 }, "permissions", "problem", /may read/],
    ["query-api", { ...GOOD_KEY, permissions: {} }, "permissions", "problem", /may not trade/],
    ["query-api", { ...GOOD_KEY, ips: ["*"] }, "address binding", "note", /every address/],
    ["query-api", { ...GOOD_KEY, ips: ["*"], deadlineDay: 3 }, "expiry", "note", /3 days/],
  ] as const)(
    "says of a key in %s what is wrong with it",
    async (path, answer, what, severity, words) => {
      const venue = await startVenue();
      venue.answers[`/v5/user/${path}`] = answer;
      const report = await look(venue);
      const found = about(report, what).find((finding) => finding.severity === severity);
      expect(found?.text).toMatch(words);
      expect(found?.todo).toBeTruthy();
    },
  );

  it("warns of a key that could empty the account, and does not call it a problem", async () => {
    const venue = await startVenue();
    const permissions = { ...GOOD_KEY.permissions, Wallet: ["Withdraw"] };
    venue.answers["/v5/user/query-api"] = { ...GOOD_KEY, permissions };
    const report = await look(venue);
    expect(report.worst).toBe("note");
    expect(about(report, "permissions").map(({ text }) => text)).toContainEqual(
      expect.stringMatching(/withdraw/),
    );
  });

  it("sees what stands in the way on the account", async () => {
    const venue = await startVenue();
    Object.assign(venue.answers, {
      "/v5/account/info": { marginMode: "REGULAR_MARGIN", unifiedMarginStatus: 1 },
      "/v5/position/list": {
        category: "linear",
        list: [
          { ...POSITION, positionIdx: 1, side: "Buy", size: "0.5", avgPrice: "60000" },
          { ...POSITION, positionIdx: 2, positionStatus: "Liq" },
          {
            ...POSITION,
            positionIdx: 2,
            side: "Sell",
            size: "0.2",
            liqPrice: "64000",
            markPrice: "60000",
          },
        ],
      },
      "/v5/account/wallet-balance": { list: [{ accountType: "UNIFIED", coin: [] }] },
      "/v5/order/realtime": { category: "linear", list: [RESTING] },
      "/v5/account/query-dcp-info": {},
    });
    const report = await look(venue);
    expect(about(report, "account")[0]).toMatchObject({ severity: "problem" });
    expect(about(report, "position mode")[0]!.text).toMatch(/hedge/);
    expect(about(report, "position").map(({ severity }) => severity)).toEqual([
      "ok",
      "problem",
      "note",
    ]);
    expect(about(report, "position")[0]!.text).toBe("long side: long 0.500 at 60000, leverage 10");
    expect(about(report, "balance")[0]).toMatchObject({
      severity: "note",
      text: /nothing to trade/,
    });
    expect(about(report, "open orders")[0]).toMatchObject({ figures: { count: 1 } });
    expect(about(report, "disconnect protection")[0]).toMatchObject({ severity: "note" });
  });

  it("signs by the venue's clock where this one is wrong, and says so", async () => {
    const venue = await startVenue();
    venue.aheadMs = 90_000;
    const report = await look(venue);
    const [clock] = about(report, "connection and clock");
    expect(clock).toMatchObject({ severity: "note" });
    expect(clock!.text).toMatch(/9\d{4} ms behind|89\d{3} ms behind/);
    expect(about(report, "keys")[0]!.severity).toBe("ok");
  });

  it("says which symbol is not there, and still looks at the key", async () => {
    const venue = await startVenue();
    const report = await look(venue, { symbol: "NOSUCH" });
    expect(about(report, "instrument")[0]).toMatchObject({ severity: "problem" });
    expect(about(report, "instrument")[0]!.todo).toMatch(/--symbol/);
    expect(about(report, "keys")[0]!.severity).toBe("ok");
    expect(about(report, "fees")).toEqual([]);
  });

  it("says that a stream cannot be opened, and what may be in the way", async () => {
    const venue = await startVenue();
    venue.hasStreams = false;
    const report = await look(venue);
    for (const what of ["public stream", "private stream", "order entry"]) {
      expect(about(report, what)[0]).toMatchObject({ severity: "problem" });
      expect(about(report, what)[0]!.todo).toMatch(/firewall/);
    }
  });

  it("ends with one problem per thing where nobody listens", async () => {
    const venue = await startVenue();
    const { server, sockets } = servers.at(-1)!;
    sockets.close();
    await new Promise((resolve) => server.close(resolve));
    const report = await look(venue);
    expect(report.worst).toBe("problem");
    expect(about(report, "connection and clock")[0]!.text).toMatch(/refuses the connection/);
    expect(about(report, "keys")).toEqual([]);
  });

  it("shows a planted secret nowhere, whatever the venue answers", async () => {
    const reports: DoctorReport[] = [];
    const venue = await startVenue();
    reports.push(await look(venue));
    reports.push(await look(venue, { credentials: new Credentials("wrongKey0001", SECRET) }));
    venue.secret = "another0001";
    reports.push(await look(venue));
    venue.secret = SECRET;
    for (const path of Object.keys(venue.answers)) {
      venue.refusals.set(path, { retCode: 10_005, retMsg: `no ${KEY} ${SECRET}` });
    }
    reports.push(await look(venue));
    venue.refusals.clear();
    for (const path of Object.keys(venue.answers)) venue.answers[path] = { list: SECRET };
    reports.push(await look(venue));
    expect(reports.map(({ worst }) => worst)).toEqual(["ok", ...Array(4).fill("problem")]);
    const shown = reports.map((report) => JSON.stringify(report) + inspect(report, { depth: 9 }));
    expect(shown.join("\n")).toContain("[secret]");
    expect(shown.join("\n")).toContain("[key kTes]");
    expect(shown.join("\n")).not.toContain("plAnted");
    expect(shown.join("\n")).not.toContain(KEY);
  });
});
