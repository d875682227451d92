import { createHmac } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";
import { afterEach, describe, expect, it, vi } from "vitest";
import { AnchoredClock } from "../../data/recorder/clock.ts";
import { Credentials } from "./credentials.ts";
import { hostsOf } from "./hosts.ts";
import { RatePump } from "./rate-pump.ts";
import { BybitRest, faultOf, type RestOptions, type RestOutcome } from "./rest-client.ts";

const KEY = "kTestKey12345678";
const SECRET = "plAntedSecretThatMustNotShow";

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly body: string;
  readonly headers: IncomingMessage["headers"];
}

const open: { server: Server; stop: AbortController; pump: RatePump }[] = [];
afterEach(async () => {
  for (const { server, stop, pump } of open.splice(0)) {
    stop.abort();
    pump.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

interface Stage {
  readonly rest: BybitRest;
  readonly asked: Asked[];
  readonly stop: AbortController;
  readonly pump: RatePump;
}

type Reply = (asked: Asked, response: ServerResponse, count: number) => void;

/** A client, and a server on this machine that answers as it is told. */
async function stage(reply: Reply, options: Partial<RestOptions> = {}): Promise<Stage> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (part) => (body += String(part)));
    request.on("end", () => {
      const url = new URL(request.url!, "http://127.0.0.1");
      const one: Asked = {
        method: request.method!,
        path: url.pathname,
        query: url.search.slice(1),
        body,
        headers: request.headers,
      };
      asked.push(one);
      reply(one, response, asked.length);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const hosts = hostsOf("local", `http://127.0.0.1:${port}`);
  if (!hosts.ok) throw new Error(hosts.error.text);
  const stop = new AbortController();
  const pump = new RatePump();
  open.push({ server, stop, pump });
  const rest = new BybitRest({
    hosts: hosts.value,
    credentials: new Credentials(KEY, SECRET),
    clock: new AnchoredClock(),
    pump,
    random: () => 0,
    signal: stop.signal,
    timeoutMs: 2000,
    backoff: { firstMs: 1, mostMs: 2 },
    ...options,
  });
  return { rest, asked, stop, pump };
}

const json = (response: ServerResponse, body: unknown, status = 200, headers = {}): void => {
  response.writeHead(status, { "Content-Type": "application/json", ...headers });
  response.end(JSON.stringify(body));
};
const done = (result: object = {}): object => ({ retCode: 0, retMsg: "OK", result, time: 1 });
const no = (retCode: number, retMsg = "no"): object => ({ retCode, retMsg, result: {} });

const ORDER = { path: "/v5/order/create", body: { symbol: "BTCUSDT", qty: "1" } };
const textOf = (outcome: RestOutcome): string =>
  outcome.kind === "answered" ? "answered" : outcome.text;

describe("the REST client", () => {
  it("signs what it sends, byte for byte", async () => {
    const { rest, asked } = await stage((_, response) => json(response, done()));
    await rest.get({ path: "/v5/order/realtime", query: { category: "linear", cursor: "a%2C=" } });
    await rest.post(ORDER);
    for (const { method, query, body, headers } of asked) {
      const payload = method === "GET" ? query : body;
      const text = `${String(headers["x-bapi-timestamp"])}${KEY}5000${payload}`;
      const sign = createHmac("sha256", SECRET).update(text).digest("hex");
      expect([method, headers["x-bapi-sign"]]).toEqual([method, sign]);
      expect(headers["x-bapi-api-key"]).toBe(KEY);
    }
    expect(asked[0]!.query).toBe("category=linear&cursor=a%252C%3D");
    expect(asked[1]!.body).toBe('{"symbol":"BTCUSDT","qty":"1"}');
  });

  it("asks public questions without a key, and private ones not at all without one", async () => {
    const { rest, asked } = await stage((_, response) => json(response, done()), {
      credentials: undefined,
    });
    await rest.get({ path: "/v5/market/time" });
    expect(asked[0]!.headers).not.toHaveProperty("x-bapi-api-key");
    const outcome = await rest.get({ path: "/v5/account/info" });
    expect(outcome).toMatchObject({ kind: "refused", meaning: "credentials" });
    expect(asked).toHaveLength(1);
  });

  it.each([
    [no(110_007), 200, "refused", "funds"],
    [no(110_072), 200, "refused", "duplicate"],
    [no(10_006), 200, "refused", "rate-limited"],
    [no(10_016), 200, "unknown", undefined],
    [no(10_001), 502, "unknown", undefined],
    [done(), 500, "unknown", undefined],
    ["<html>", 502, "unknown", undefined],
    ["<html>", 200, "unknown", undefined],
    ["<html>", 403, "refused", "rate-limited"],
    [{ retCode: "0" }, 200, "unknown", undefined],
  ])("after an order answered %j (%i) says %s (%s)", async (body, status, kind, meaning) => {
    const { rest, asked } = await stage((_, response) => json(response, body, status));
    const outcome = await rest.post(ORDER);
    expect(outcome).toMatchObject(meaning === undefined ? { kind } : { kind, meaning });
    expect(asked).toHaveLength(1);
  });

  it("never sends an order twice: not after a broken connection, a redirect or silence", async () => {
    const broken = await stage((_, response) => response.destroy());
    expect(await broken.rest.post(ORDER)).toMatchObject({ kind: "unknown", retCode: 0 });
    expect(broken.asked).toHaveLength(1);

    const silent = await stage(() => undefined, { timeoutMs: 30 });
    const outcome = await silent.rest.post(ORDER);
    expect(textOf(outcome)).toMatch(/not answered in 30 ms/);
    expect(outcome.kind).toBe("unknown");
    expect(silent.asked).toHaveLength(1);

    const elsewhere = await stage((_, response) => {
      response.writeHead(307, { Location: "/v5/order/create" }).end();
    });
    expect(await elsewhere.rest.post(ORDER)).toMatchObject({ kind: "unknown" });
    expect(elsewhere.asked).toHaveLength(1);
  });

  it("asks a question again until it is answered, and gives up after some tries", async () => {
    const shaky = await stage((_, response, count) => {
      if (count === 1) response.destroy();
      else if (count === 2) json(response, no(10_016));
      else json(response, done({ a: 1 }));
    });
    const outcome = await shaky.rest.get({ path: "/v5/order/realtime" });
    expect(outcome).toMatchObject({ kind: "answered", answer: { result: { a: 1 } } });
    const down = await stage((_, response) => response.destroy());
    expect((await down.rest.get({ path: "/v5/order/realtime" })).kind).toBe("unknown");
    expect(down.asked).toHaveLength(4);
    const firm = await stage((_, response) => json(response, no(10_005)));
    expect((await firm.rest.get({ path: "/v5/order/realtime" })).kind).toBe("refused");
    expect(firm.asked).toHaveLength(1);
  });

  it("sends a setting again only where twice is as good as once", async () => {
    const reply: Reply = (_, response, count) =>
      count === 1 ? response.destroy() : json(response, done());
    const body = { path: "/v5/position/set-leverage", body: {} };
    const repeated = await stage(reply);
    expect(await repeated.rest.post({ ...body, isIdempotent: true })).toMatchObject({
      kind: "answered",
    });
    const once = await stage(reply);
    expect(await once.rest.post(body)).toMatchObject({ kind: "unknown" });
  });

  it("sets its clock by the venue's, and again where the venue finds it wrong", async () => {
    const ahead = 3_600_000;
    let refused = 0;
    const { rest, asked } = await stage(({ path, headers }, response) => {
      const now = Date.now() + ahead;
      if (path === "/v5/market/time") {
        json(response, done({ timeNano: `${now}000000` }));
      } else if (Math.abs(Number(headers["x-bapi-timestamp"]) - now) > 5000) {
        refused += 1;
        json(response, no(10_002));
      } else json(response, done());
    });
    const outcome = await rest.get({ path: "/v5/account/info" });
    expect(outcome.kind).toBe("answered");
    expect(refused).toBe(1);
    expect(rest.clockOffset.nanos / 1e6).toBeGreaterThan(ahead - 1000);
    expect(asked.filter(({ path }) => path === "/v5/market/time")).toHaveLength(5);
  });

  it("says that nothing was sent where nobody listens, and why", async () => {
    const { rest } = await stage(() => undefined);
    const { server } = open.at(-1)!;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    const outcome = await rest.post(ORDER);
    expect(outcome.kind).toBe("not-sent");
    expect(textOf(outcome)).toMatch(/refuses the connection/);
  });

  it.each([
    ["connect", "not-sent"],
    ["read", "unknown"],
    ["write", "unknown"],
  ])("takes a host out of reach while it has to %s for %s", async (syscall, kind) => {
    const { rest } = await stage(() => undefined);
    // No machine of a test can be out of reach on demand.
    const cause = Object.assign(new Error("out of reach"), { code: "EHOSTUNREACH", syscall });
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("fetch failed", { cause })));
    try {
      expect(await rest.post(ORDER)).toMatchObject({ kind });
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it("does not send an order whose time has passed while it waited for its turn", async () => {
    const { rest, asked, pump } = await stage((_, response) => json(response, done()));
    pump.block("create", 60);
    const outcome = await rest.post({ ...ORDER, notAfterMs: pump.nowMs() + 20 });
    expect(outcome).toMatchObject({ kind: "not-sent" });
    expect(textOf(outcome)).toMatch(/time had passed/);
    expect(asked).toEqual([]);
  });

  it("stops at once, what waits and what is under way", async () => {
    const { rest, stop, pump, asked } = await stage(() => undefined);
    const underWay = rest.get({ path: "/v5/order/realtime" });
    await expect.poll(() => asked.length).toBe(1);
    pump.block("create", 5000);
    const waiting = rest.post(ORDER);
    stop.abort();
    expect((await underWay).kind).toBe("unknown");
    expect((await waiting).kind).toBe("not-sent");
    expect(await rest.post(ORDER)).toMatchObject({ kind: "not-sent" });
  });

  it("learns limits from headers", async () => {
    const { rest, pump } = await stage((_, response) =>
      json(response, done(), 200, {
        "X-Bapi-Limit": "200",
        "X-Bapi-Limit-Status": "199",
        "X-Bapi-Limit-Reset-Timestamp": "1700000000000",
      }),
    );
    await rest.post(ORDER);
    expect(pump.scheduler.limitOf("create")).toBe(200);
  });

  it("does not read an answer without end", async () => {
    const { rest } = await stage((_, response) => {
      response.writeHead(200);
      const part = Buffer.alloc(1 << 20, "x");
      const more = (): void => {
        while (!response.destroyed && response.write(part));
        if (!response.destroyed) response.once("drain", more);
      };
      more();
    });
    expect(textOf(await rest.post(ORDER))).toMatch(/without end/);
  });

  it("shows a planted secret in no outcome, fault or inspection of it", async () => {
    const echo = { retMsg: `error sign! origin_string[1700000000000${KEY}5000] ${SECRET}` };
    const replies: Reply[] = [
      (_, response) => json(response, { retCode: 10_004, ...echo }),
      (_, response) => json(response, { retCode: 10_016, ...echo }),
      (_, response) => json(response, echo.retMsg, 502),
      (_, response) => response.destroy(),
      () => undefined,
    ];
    const shown: string[] = [];
    for (const reply of replies) {
      const { rest } = await stage(reply, { timeoutMs: 30, tries: 1 });
      for (const outcome of [
        await rest.post(ORDER),
        await rest.get({ path: "/v5/account/info" }),
      ]) {
        expect(outcome.kind).not.toBe("answered");
        const fault = outcome.kind === "answered" ? undefined : faultOf(outcome);
        shown.push(JSON.stringify({ outcome, fault }), inspect({ outcome, rest }, { depth: 9 }));
      }
    }
    expect(shown.join("\n")).toMatch(/\[secret\]/);
    expect(shown.join("\n")).not.toContain(SECRET);
    expect(shown.join("\n")).not.toContain(KEY);
  });
});
