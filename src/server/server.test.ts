import { mkdirSync, writeFileSync } from "node:fs";
import { request as rawRequest } from "node:http";
import { join } from "node:path";
import { connect } from "node:net";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { JOURNAL } from "../../test/server/memory-desk.ts";
import {
  answerOf,
  emptyFolder,
  type Name,
  serve,
  type Served,
  serveDesk,
} from "../../test/server/served.ts";
import { MemoryDesk } from "../../test/server/memory-desk.ts";
import { Access } from "./access.ts";
import { API, isEnough, type RouteNeed, ROUTES } from "./route-table.ts";
import { openServer } from "./server.ts";

const FORM = { symbol: "BTCUSDT", side: "buy", quantity: "1.5", over: "30m" };

/** A way in of each route, such as it must be taken. */
function pathOf({ url }: RouteNeed, id: string): string {
  return url
    .replace(":parentId", "p1")
    .replace(":instrument", "bybit:linear:BTCUSDT")
    .replace(":journal", JOURNAL)
    .replace(":id", id)
    .replace("/*", "/some-file.js");
}
const BODIES: Readonly<Record<string, unknown>> = {
  logIn: { token: "wrong" },
  submit: FORM,
  preview: FORM,
  propose: FORM,
  kill: { reason: "test" },
  setLimits: { set: { maxOrderNotional: 5 } },
  switch: { strategy: "twap" },
};

describe("the table of roles", () => {
  const callers = [undefined, "vera", "tom", "ada"] as const;
  const roles = { vera: "viewer", tom: "trader", ada: "admin" } as const;
  let served: Served;
  beforeAll(async () => {
    served = await serve();
    served.desk.add("p1");
  });
  afterAll(() => served.close());

  it.each(Object.entries(ROUTES))("%s: lets in who may, and nobody else", async (name, route) => {
    for (const by of callers) {
      if (name === "logOut" && by === undefined) continue;
      const body = route.method === "GET" || route.method === "DELETE" ? undefined : {};
      const path = pathOf(route, "0123456789abcdef");
      const answer = await served.ask(route.method, path, by, BODIES[name] ?? body);
      const may = isEnough(by === undefined ? "anyone" : roles[by], route.need);
      const code = (answer.json as { readonly code?: string }).code;
      if (may) expect(["SERVER_ROLE", "SERVER_LOG_IN"]).not.toContain(code);
      else expect([by, answer.status, code]).toEqual(refusedOf(by));
      // A journal without a chain of reasons: whatever was asked was asked in somebody's name.
      expect(answer.status, `${name} by ${by}: ${answer.text}`).not.toBe(500);
    }
  });
  const refusedOf = (by: string | undefined) =>
    by === undefined ? [by, 401, "SERVER_LOG_IN"] : [by, 403, "SERVER_ROLE"];

  it("names each route once, and the document names those of the API", async () => {
    const named = Object.values(ROUTES).map(({ method, url }) => `${method} ${url}`);
    expect(new Set(named).size).toBe(named.length);
    const { json } = await served.ask("GET", `${API}/openapi.json`);
    const { paths, openapi } = json as unknown as {
      openapi: string;
      paths: Record<string, Record<string, { summary?: string }>>;
    };
    expect(openapi).toBe("3.1.0");
    const documented = Object.entries(paths).flatMap(([url, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${url}`),
    );
    const hidden = new Set(["/", "/*", "/metrics", `${API}/stream`]);
    const expected = Object.values(ROUTES)
      .filter(({ url }) => !hidden.has(url))
      .map(({ method, url }) => `${method} ${url.replaceAll(/:(\w+)/g, "{$1}")}`);
    expect(documented.sort()).toEqual(expected.sort());
    for (const methods of Object.values(paths)) {
      for (const { summary } of Object.values(methods)) expect(summary).toBeTruthy();
    }
  });
});

describe("getting in", () => {
  let served: Served;
  let now = Date.now();
  beforeAll(async () => {
    served = await serve({
      now: () => now,
      sessions: { idleMs: 60_000, longestMs: 300_000 },
    });
    served.desk.add("p1");
  });
  afterAll(() => served.close());

  const logIn = async (by: Name): Promise<string> => {
    const answer = await served.ask("POST", `${API}/session`, undefined, {
      token: served.tokens[by],
    });
    expect(answer.status).toBe(200);
    const cookie = answer.headers.get("set-cookie")!;
    expect(cookie).toMatch(/; HttpOnly/);
    expect(cookie).toMatch(/; SameSite=Strict/);
    return cookie.split(";")[0]!;
  };
  const own = () => ({ origin: served.url });

  it("trades a token for a cookie, which says who it is until it is logged out", async () => {
    const cookie = await logIn("tom");
    const who = await served.ask("GET", `${API}/session`, undefined, undefined, { cookie });
    expect(who.json).toMatchObject({ user: "tom", role: "trader", isReadOnly: false });
    const out = await served.ask("DELETE", `${API}/session`, undefined, undefined, {
      cookie,
      ...own(),
    });
    expect(out.status).toBe(204);
    const after = await served.ask("GET", `${API}/session`, undefined, undefined, { cookie });
    expect(after.status).toBe(401);
  });

  it("ends a session that nobody used for a while, and any in the end", async () => {
    const cookie = await logIn("vera");
    const ask = () => served.ask("GET", `${API}/runs`, undefined, undefined, { cookie });
    for (let i = 0; i < 5; i += 1) {
      now += 59_000;
      expect((await ask()).status).toBe(200);
    }
    now += 59_000;
    expect((await ask()).status).toBe(401);
    const idle = await logIn("vera");
    now += 61_000;
    const gone = await served.ask("GET", `${API}/runs`, undefined, undefined, { cookie: idle });
    expect(gone.status).toBe(401);
  });

  it("changes nothing for a cookie without the page's own origin", async () => {
    const cookie = await logIn("tom");
    const pause = (headers: Record<string, string>) =>
      served.ask("POST", `${API}/orders/p1/pause`, undefined, {}, { cookie, ...headers });
    const asked = served.desk.asked.length;
    for (const headers of [
      {},
      { origin: "https://evil.example" },
      { origin: "null" },
      { origin: served.url.replace("http:", "https:") },
      { origin: `${served.url}.evil.example` },
      { ...own(), "sec-fetch-site": "cross-site" },
    ] as Record<string, string>[]) {
      const answer = await pause(headers);
      expect([answer.status, answer.json["code"]]).toEqual([403, "SERVER_ORIGIN"]);
    }
    expect(served.desk.asked.length).toBe(asked);
    expect((await pause(own())).status).toBe(200);
    expect(served.desk.asked.at(-1)).toEqual({
      by: "tom",
      what: { parentId: "p1", command: "pause" },
    });
  });

  it("refuses a token of nobody, and after ten of them looks at none for a minute", async () => {
    const wrong = { authorization: `Bearer ${"x".repeat(50)}` };
    const ask = (headers: Record<string, string>) =>
      served.ask("GET", `${API}/orders`, undefined, undefined, headers);
    for (let i = 0; i < 10; i += 1) expect((await ask(wrong)).json["code"]).toBe("SERVER_TOKEN");
    expect((await ask(wrong)).json["code"]).toBe("SERVER_ATTEMPTS");
    expect((await served.ask("GET", `${API}/orders`, "vera")).status).toBe(429);
    now += 61_000;
    expect((await served.ask("GET", `${API}/orders`, "vera")).status).toBe(200);
    for (const authorization of ["Basic dG9tOnRvbQ==", "Bearer", `Bearer ${"y".repeat(900)}`]) {
      expect((await ask({ authorization })).status).toBe(401);
    }
    now += 61_000;
  });

  it("limits how often an address logs in", async () => {
    const statuses: number[] = [];
    for (let i = 0; i < 25; i += 1) {
      const body = { token: served.tokens.vera };
      statuses.push((await served.ask("POST", `${API}/session`, undefined, body)).status);
    }
    expect(statuses.at(-1)).toBe(429);
  });
});

describe("what comes from outside", () => {
  let served: Served;
  beforeAll(async () => {
    served = await serve();
    served.desk.add("p1");
  });
  afterAll(() => served.close());

  const withHost = (host: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(served.url);
      const asked = rawRequest(
        { hostname, port, path: `${API}/health`, headers: { host }, setHost: false },
        (answer) => {
          answer.resume();
          resolve(answer.statusCode!);
        },
      );
      asked.on("error", reject);
      asked.end();
    });

  it("answers to its own names alone", async () => {
    const { port } = new URL(served.url);
    expect(await withHost(`127.0.0.1:${port}`)).toBe(200);
    expect(await withHost(`LOCALHOST:${port}`)).toBe(200);
    for (const host of ["evil.example", `evil.example:${port}`, "127.0.0.1:1", "localhost", ""]) {
      expect([host, await withHost(host)]).not.toEqual([host, 200]);
    }
  });

  it("takes a body of 64 kB and none that is larger", async () => {
    const asked = served.desk.asked.length;
    const large = { ...FORM, parameters: { a: "x".repeat(70_000) } };
    const answer = await served.ask("POST", `${API}/orders`, "tom", large);
    expect([answer.status, answer.json["code"]]).toEqual([413, "SERVER_REQUEST"]);
    const fits = { ...FORM, parameters: { a: "x".repeat(60_000) } };
    expect((await served.ask("POST", `${API}/orders`, "tom", fits)).status).toBe(201);
    expect(served.desk.asked.length).toBe(asked + 1);
  });

  it.each([
    ["no JSON", "{", {}],
    ["nothing", "", {}],
    ["another kind", "a=b", { "content-type": "application/x-www-form-urlencoded" }],
    ["plain text, as a form of another site can send it", "{}", { "content-type": "text/plain" }],
    ["an unknown member", { ...FORM, leverage: 100 }, {}],
    ["a number for a text", { ...FORM, quantity: 1.5 }, {}],
    ["a quantity with a sign", { ...FORM, quantity: "-1" }, {}],
    ["a symbol with markup", { ...FORM, symbol: "<script>" }, {}],
    ["a prototype", '{"symbol":"BTCUSDT","__proto__":{"role":"admin"}}', {}],
    ["a maze", { ...FORM, parameters: { a: JSON.parse("[".repeat(200) + "]".repeat(200)) } }, {}],
    ["a lone surrogate", { ...FORM, parameters: { a: "\ud800" } }, {}],
    ["a list", [], {}],
  ])("refuses %s", async (_, body, headers) => {
    const asked = served.desk.asked.length;
    const answer = await served.ask("POST", `${API}/orders`, "tom", body, headers);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(answer.json["code"]).toBe("SERVER_REQUEST");
    expect(answer.text).not.toMatch(/node_modules|\n\s+at /);
    expect(served.desk.asked.length).toBe(asked);
  });

  it("takes any JSON for what it is, and never fails at it", async () => {
    const asked = served.desk.asked.length;
    const value = fc.oneof(fc.jsonValue(), fc.constantFrom("1.5", "buy", "BTCUSDT", "30m", null));
    const form = fc.dictionary(
      fc.constantFrom("symbol", "side", "quantity", "notional", "over", "parameters", "limit", "x"),
      value,
    );
    await fc.assert(
      fc.asyncProperty(fc.oneof(form, fc.jsonValue()), async (body) => {
        for (const path of ["/orders/preview", "/orders/p1/amend", "/orders/p1/switch", "/kill"]) {
          // As JSON: whatever it is, the answer is a refusal in words, or it is sound.
          const answer = await served.ask("POST", `${API}${path}`, "ada", JSON.stringify(body));
          expect([200, 202, 400, 409], answer.text).toContain(answer.status);
        }
      }),
      { numRuns: 40 },
    );
    for (const { what } of served.desk.asked.slice(asked)) {
      expect(Object.keys(what as object).every((key) => /^[a-zA-Z]+$/.test(key))).toBe(true);
    }
  });

  it("leads to no file outside, by whatever name", async () => {
    for (const name of [
      "..%2F..%2Fetc%2Fpasswd",
      "%2e%2e%2fsecret.journal",
      "....journal",
      "/etc/passwd",
      "a%00.journal",
      "C:\\x.journal",
      "missing.journal",
    ]) {
      const answer = await served.ask("GET", `${API}/journals/${name}`, "vera");
      expect([name, answer.status]).toEqual([name, 404]);
    }
    for (const path of ["/..%2f..%2fpackage.json", "/.env", "/assets/..%2f..%2fx"]) {
      const answer = await served.ask("GET", path);
      expect(answer.status).toBeGreaterThanOrEqual(400);
    }
  });

  it("answers 404 for what is not there and 409 for what the desk refuses", async () => {
    const gone = await served.ask("POST", `${API}/orders/p99/pause`, "tom", {});
    expect([gone.status, gone.json["code"]]).toEqual([404, "SERVER_NOT_FOUND"]);
    const no = await served.ask("POST", `${API}/orders/p1/switch`, "tom", { strategy: "nonsense" });
    expect([no.status, no.json["code"]]).toEqual([409, "PARENT_STRATEGY"]);
    const symbol = await served.ask("POST", `${API}/orders`, "tom", { ...FORM, symbol: "NOPE" });
    expect([symbol.status, symbol.json["code"]]).toEqual([409, "VENUE_SYMBOL"]);
  });

  it("survives bytes that are no HTTP, and headers without end", async () => {
    const { port } = new URL(served.url);
    for (const bytes of [
      "\u0000\u0001\u0002",
      `GET / HTTP/1.1\r\nx: ${"y".repeat(40_000)}\r\n\r\n`,
    ]) {
      await new Promise<void>((resolve) => {
        const socket = connect(Number(port), "127.0.0.1", () => socket.write(bytes));
        socket.on("data", () => socket.destroy());
        socket.on("error", () => undefined);
        socket.on("close", () => resolve());
        setTimeout(() => socket.destroy(), 1_000).unref();
      });
    }
    expect((await served.ask("GET", `${API}/health`)).status).toBe(200);
  });

  it("tells no secret, in no answer and no log", async () => {
    for (const by of ["vera", "tom", "ada"] as const) {
      await served.ask("POST", `${API}/session`, undefined, { token: served.tokens[by] });
      for (const route of Object.values(ROUTES)) {
        const body = route.method === "GET" || route.method === "DELETE" ? undefined : {};
        const answer = await served.ask(route.method, pathOf(route, "0123456789abcdef"), by, body);
        for (const token of Object.values(served.tokens)) {
          expect(answer.text).not.toContain(token);
          expect(JSON.stringify([...answer.headers])).not.toContain(token);
        }
      }
    }
    const log = served.log.join("");
    expect(log).toContain("logged in");
    for (const token of Object.values(served.tokens)) expect(log).not.toContain(token);
    expect(log).not.toMatch(/arrival-0=|authorization/i);
  });
});

describe("a second person's word", () => {
  it("is needed above the bound, is not the asker's, and survives a restart", async () => {
    const folder = emptyFolder();
    const desk = new MemoryDesk(folder);
    const first = await serveDesk(desk, folder, { secondApproval: "100000" });
    const small = await first.ask("POST", `${API}/orders`, "tom", FORM);
    expect(small.status).toBe(201);
    const raise = await first.ask("POST", `${API}/orders/p1/amend`, "tom", { quantity: "2" });
    expect(raise.status).toBe(202);
    const lower = await first.ask("POST", `${API}/orders/p1/amend`, "tom", { quantity: "1" });
    expect(lower.status).toBe(200);
    const large = { ...FORM, quantity: "2" };
    const asked = await first.ask("POST", `${API}/orders`, "tom", large);
    expect(asked.status).toBe(202);
    const { id, by, request } = (asked.json as unknown as { approval: Waiting }).approval;
    expect([by, request]).toEqual([
      "tom",
      { kind: "submit", form: { ...large, category: "linear" } },
    ]);
    const own = await first.ask("POST", `${API}/approvals/${id}/agree`, "tom", {});
    expect([own.status, own.json["code"]]).toEqual([403, "SERVER_OWN_REQUEST"]);
    await first.server.close();
    expect(desk.asked.filter(({ what }) => "submit" in (what as object)).length).toBe(1);

    const second = await serveDesk(desk, folder, { secondApproval: "100000" });
    const { waiting } = (await second.ask("GET", `${API}/approvals`, "vera")).json as unknown as {
      waiting: Waiting[];
    };
    expect(waiting.map((each) => each.id)).toContain(id);
    const agreed = await second.ask("POST", `${API}/approvals/${id}/agree`, "tina", {});
    expect(agreed.json).toMatchObject({ parentId: "p2" });
    expect(desk.asked.at(-1)).toEqual({
      by: "tom, agreed by tina",
      what: { submit: { ...large, category: "linear" } },
    });
    const again = await second.ask("POST", `${API}/approvals/${id}/agree`, "tina", {});
    expect(again.status).toBe(404);
    const other = waiting.find((each) => each.id !== id)!;
    expect(
      (await second.ask("POST", `${API}/approvals/${other.id}/refuse`, "tina", {})).status,
    ).toBe(200);
    expect((await second.ask("GET", `${API}/approvals`, "vera")).json).toEqual({ waiting: [] });
    await second.close();
  });

  it("makes a viewer's proposal an order, never by itself, and not for ever", async () => {
    let now = Date.now();
    const served = await serve({ now: () => now });
    const proposed = await served.ask("POST", `${API}/approvals`, "vera", FORM);
    expect(proposed.status).toBe(202);
    expect(served.desk.asked).toEqual([]);
    for (let i = 0; i < 9; i += 1) await served.ask("POST", `${API}/approvals`, "vera", FORM);
    const crowd = await served.ask("POST", `${API}/approvals`, "vera", FORM);
    expect([crowd.status, crowd.json["code"]]).toEqual([429, "SERVER_APPROVALS_FULL"]);
    const { id } = (proposed.json as unknown as { approval: Waiting }).approval;
    now += 3_600_001;
    const late = await served.ask("POST", `${API}/approvals/${id}/agree`, "tom", {});
    expect(late.status).toBe(404);
    expect(served.desk.asked).toEqual([]);
    await served.close();
  });
});

interface Waiting {
  readonly id: string;
  readonly by: string;
  readonly request: unknown;
}

describe("how it is opened", () => {
  it("listens beyond this machine only where TLS is spoken", async () => {
    const folder = emptyFolder();
    const opened = Access.open(folder, [], false);
    if (!opened.ok) throw new Error(opened.error.text);
    const made = await openServer({
      desk: new MemoryDesk(folder),
      access: opened.value.access,
      host: "0.0.0.0",
      port: 0,
      page: folder,
    });
    expect(made.ok ? "open" : made.error.code).toBe("SERVER_PLAIN");
  });

  it("says where another program listens", async () => {
    const served = await serve();
    const port = Number(new URL(served.url).port);
    await expect(serve({ port })).rejects.toThrow(/SERVER_ADDRESS/);
    await served.close();
  });

  it("only looks on where that was said", async () => {
    const served = await serve({ isReadOnly: true });
    served.desk.add("p1");
    for (const [name, route] of Object.entries(ROUTES)) {
      if (!(route as RouteNeed).changes) continue;
      const path = pathOf(route, "0123456789abcdef");
      const answer = await served.ask(route.method, path, "ada", BODIES[name] ?? {});
      expect([name, answer.json["code"]]).toEqual([name, "SERVER_READ_ONLY"]);
    }
    expect(served.desk.asked).toEqual([]);
    await served.close();
  });

  it("gives out the built page, hashed files for a year, and nothing beside them", async () => {
    const folder = emptyFolder();
    const page = join(folder, "page");
    mkdirSync(join(page, "assets"), { recursive: true });
    writeFileSync(join(page, "index.html"), "<!doctype html><title>the page</title>");
    writeFileSync(join(page, "assets", "index-BxY2a_7c.js"), "1;");
    writeFileSync(join(folder, "secret.txt"), "secret");
    const served = await serveDesk(new MemoryDesk(folder), folder, { page });
    const index = await served.ask("GET", "/");
    expect(index.text).toContain("the page");
    expect(index.headers.get("cache-control")).toBe("no-cache");
    expect(index.headers.get("content-security-policy")).toContain("default-src 'none'");
    const script = await served.ask("GET", "/assets/index-BxY2a_7c.js");
    expect(script.headers.get("cache-control")).toContain("immutable");
    expect(script.headers.get("content-type")).toContain("javascript");
    const missing = await served.ask("GET", "/assets/none.js");
    expect([missing.status, missing.json["code"]]).toEqual([404, "SERVER_NOT_FOUND"]);
    for (const path of ["/..%2fsecret.txt", "/%2e%2e/secret.txt", "/assets/..%2f..%2fsecret.txt"]) {
      expect((await served.ask("GET", path)).text).not.toContain("secret");
    }
    await served.close();
  });

  it("behind a proxy that speaks TLS answers to its name there, with cookies for TLS alone", async () => {
    const served = await serve({ isBehindTls: true, names: ["desk.example"] });
    const ask = (headers: Record<string, string>) =>
      new Promise<{ status: number; cookie: string; hsts: string }>((resolve, reject) => {
        const { hostname, port } = new URL(served.url);
        const body = JSON.stringify({ token: served.tokens.tom });
        const asked = rawRequest(
          {
            hostname,
            port,
            path: `${API}/session`,
            method: "POST",
            setHost: false,
            headers: { "content-type": "application/json", ...headers },
          },
          ({ statusCode = 0, headers: { "set-cookie": cookies, ...others } }) =>
            resolve({
              status: statusCode,
              cookie: String(cookies),
              hsts: String(others["strict-transport-security"]),
            }),
        );
        asked.on("error", reject);
        asked.end(body);
      });
    const host = "desk.example";
    const own = await ask({ host, origin: "https://desk.example" });
    expect(own.status).toBe(200);
    expect(own.cookie).toMatch(
      /^__Host-arrival-\d+=[^;]+;.*; Path=\/; HttpOnly; Secure; SameSite=Strict/,
    );
    expect(own.hsts).toContain("max-age=");
    expect((await ask({ host, origin: "http://desk.example" })).status).toBe(403);
    expect((await ask({ host: "other.example", origin: "https://other.example" })).status).toBe(
      421,
    );
    await served.close();
  });

  it("counts for Prometheus what it did", async () => {
    const served = await serve();
    served.desk.add("p1");
    await served.ask("GET", `${API}/orders`, "vera");
    const { text, headers } = await served.ask("GET", "/metrics", "vera");
    expect(headers.get("content-type")).toContain("text/plain");
    expect(text).toContain(
      'arrival_http_requests_total{method="GET",route="/api/v1/orders",status="200"} 1',
    );
    expect(text).toContain('arrival_orders{phase="active"} 1');
    expect(text).toMatch(/arrival_event_loop_delay_seconds\{quantile="0.99"\} [\d.e-]+/);
    expect((await answerOf(await fetch(new URL("/metrics", served.url)))).status).toBe(401);
    await served.close();
  });
});
