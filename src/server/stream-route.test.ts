import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { INSTRUMENT, JOURNAL } from "../../test/server/memory-desk.ts";
import { serve, type Served } from "../../test/server/served.ts";
import { StreamClient } from "../../test/server/stream-client.ts";
import type { ServerOptions } from "./server-terms.ts";
import { parseWatch } from "./stream-messages.ts";

let served: Served;
const clients: StreamClient[] = [];
afterEach(async () => {
  for (const { socket } of clients.splice(0)) socket.terminate();
  await served.close();
});

const begin = async (options: Partial<ServerOptions> = {}): Promise<Served> =>
  (served = await serve(options));
const join = async (by: "vera" | "tom" = "vera"): Promise<StreamClient> => {
  const client = new StreamClient(served.url, { authorization: `Bearer ${served.tokens[by]}` });
  clients.push(client);
  expect(await client.opened()).toBe(101);
  await client.until(() => client.epoch !== "", "hello");
  return client;
};
const statusOf = async (headers: Record<string, string>): Promise<number> => {
  const client = new StreamClient(served.url, headers);
  clients.push(client);
  return client.opened();
};
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const metric = async (name: string): Promise<number> => {
  const { text } = await served.ask("GET", "/metrics", "vera");
  return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]);
};

describe("who may look on", () => {
  it("needs a token or a session, and of a page its own origin", async () => {
    await begin();
    expect(await statusOf({})).toBe(401);
    expect(await statusOf({ authorization: "Bearer wrong" })).toBe(401);
    const authorization = `Bearer ${served.tokens.vera}`;
    expect(await statusOf({ authorization, origin: "https://evil.example" })).toBe(403);
    expect(await statusOf({ authorization, host: "evil.example" })).toBe(421);
    expect(await statusOf({ authorization, origin: served.url })).toBe(101);
    const body = { token: served.tokens.vera };
    const session = await served.ask("POST", "/api/v1/session", undefined, body);
    const cookie = session.headers.get("set-cookie")!.split(";")[0]!;
    expect(await statusOf({ cookie })).toBe(403);
    expect(await statusOf({ cookie, origin: "https://evil.example" })).toBe(403);
    expect(await statusOf({ cookie, origin: served.url })).toBe(101);
    const looking = clients.at(-1)!;
    await served.ask("DELETE", "/api/v1/session", undefined, undefined, {
      cookie,
      origin: served.url,
    });
    await looking.until(() => looking.closed !== undefined, "closed with its session");
    expect(looking.closed).toEqual({ code: 1008, reason: "the session has ended" });
  });

  it("is so many and no more", async () => {
    await begin({ mostViewers: 2 });
    const [one] = [await join(), await join()];
    const third = new StreamClient(served.url, {
      authorization: `Bearer ${served.tokens.vera}`,
    });
    clients.push(third);
    await third.until(() => third.closed !== undefined, "refused");
    expect(third.closed?.code).toBe(1013);
    one.socket.close();
    await one.until(() => served.server.viewers === 1, "left");
    await join();
  });

  it("says what it wants in few words, or is told what those are", async () => {
    await begin();
    const client = await join();
    for (const said of ["{", "[]", '{"type":"watch"}', '{"type":"watch","topics":["<script>"]}']) {
      client.socket.send(said);
    }
    await client.until(() => client.messages.length === 5, "refusals");
    expect(client.messages.slice(1).map(({ type }) => type)).toEqual(Array(4).fill("refused"));
    for (let i = 0; i < 60; i += 1) client.socket.send("{");
    await client.until(() => client.closed !== undefined, "let go");
    expect(client.closed?.code).toBe(1008);
    const loud = await join();
    loud.socket.send("x".repeat(20_000));
    await loud.until(() => loud.closed !== undefined, "let go");
    expect(loud.closed?.code).toBe(1009);
  });
});

describe("what is told", () => {
  it("is the whole at first, then what is another, then nothing", async () => {
    await begin();
    served.desk.add("p1");
    served.desk.add("p2");
    const client = await join();
    client.watch({ topics: ["orders", "timeline", "approvals", "order:p1"] });
    await client.until(() => client.orders.has("p1"), "the order");
    expect([...client.rows.keys()].sort()).toEqual(["p1", "p2"]);
    expect(client.messages.map(({ type }) => type).sort()).toEqual(
      ["approvals", "hello", "order", "orders", "runs", "timeline"].sort(),
    );
    const before = client.messages.length;
    served.desk.change("p2", { reason: "another" });
    await client.until(() => client.rows.get("p2")?.reason === "another", "the row");
    const told = client.messages.slice(before);
    const rows = told.flatMap((each) => (each.type === "orders" ? each.rows : []));
    expect(rows.map(({ parentId }) => parentId)).toEqual(["p2"]);
    expect(told.some(({ type }) => type === "order")).toBe(false);
    await pause(250);
    expect(client.messages.length).toBe(before + told.length);
    served.desk.remove("p2");
    await client.until(() => !client.rows.has("p2"), "gone");
    await served.ask("POST", "/api/v1/approvals", "vera", {
      symbol: "BTCUSDT",
      side: "buy",
      quantity: "1",
      over: "1m",
    });
    await client.until(
      () => client.messages.some((each) => each.type === "approvals" && each.waiting.length === 1),
      "the approval",
    );
    const entries = client.messages.flatMap((each) =>
      each.type === "timeline" ? each.entries : [],
    );
    expect(entries.map(({ record, journal }) => [record, journal])).toEqual([
      [1, JOURNAL],
      [2, JOURNAL],
      [3, JOURNAL],
    ]);
  });

  it("after a break is what has changed since, and no more", async () => {
    await begin();
    for (const id of ["p1", "p2", "p3"]) served.desk.add(id);
    const first = await join();
    const topics = ["orders", "order:p1", "order:p2"] as const;
    first.watch({ topics });
    await first.until(() => first.orders.size === 2, "all of it");
    const { epoch, seq } = first;
    first.socket.terminate();
    served.desk.change("p2", { reason: "while away" });

    const second = await join();
    second.watch({ topics, epoch, since: seq });
    await second.until(() => second.orders.has("p2"), "what changed");
    await pause(250);
    expect([...second.rows.keys()]).toEqual(["p2"]);
    expect([...second.orders.keys()]).toEqual(["p2"]);
    expect(second.messages.some(({ type }) => type === "runs")).toBe(false);

    const other = await join();
    other.watch({ topics, epoch: "of another start", since: seq });
    await other.until(() => other.orders.size === 2 && other.rows.size === 3, "all of it");
    const topicMore = await join();
    topicMore.watch({ topics: ["orders"], epoch, since: second.seq });
    topicMore.watch({ topics: ["orders", "order:p3"] });
    await topicMore.until(() => topicMore.orders.has("p3"), "what is named for the first time");
    expect(topicMore.rows.size).toBe(0);
  });

  it("misses no change, wherever the connection breaks", async () => {
    await begin({ updatesPerSecond: 200 });
    const ids = Array.from({ length: 8 }, (_, i) => `p${i}`);
    for (const id of ids) served.desk.add(id, { reason: "0" });
    const held = { rows: new Map<string, string>(), orders: new Map<string, string>() };
    let epoch: string | undefined;
    let seq = 0;
    const topics = ["orders", ...ids.slice(0, 4).map((id) => `order:${id}` as const)] as const;
    for (let life = 0; life < 12; life += 1) {
      const client = await join();
      client.onMessage = (message) => {
        if (message.type === "orders") {
          for (const row of message.rows) held.rows.set(row.parentId, row.reason);
        }
        if (message.type === "order") held.orders.set(message.parentId, message.view!.row.reason);
      };
      client.watch({ topics, ...(epoch === undefined ? {} : { epoch, since: seq }) });
      for (let i = 0; i < 40; i += 1) {
        served.desk.change(ids[(life * 7 + i * 3) % 8]!, { reason: `${life}-${i}` });
        if (i % 8 === 0) await pause(7);
      }
      if (life < 11) client.socket.terminate();
      else await pause(300);
      if (client.seq > 0) ({ epoch, seq } = client);
    }
    for (const id of ids) {
      expect([id, held.rows.get(id)]).toEqual([id, served.desk.rowsNow.get(id)!.reason]);
    }
    for (const id of ids.slice(0, 4)) {
      expect([id, held.orders.get(id)]).toEqual([id, served.desk.rowsNow.get(id)!.reason]);
    }
  });

  it("of a long list is told in parts, only what is another, and resumes in the middle", async () => {
    await begin({ updatesPerSecond: 100 });
    const { desk } = served;
    const ids = Array.from({ length: 600 }, (_, i) => `p${i}`);
    for (const id of ids) desk.add(id, { reason: "0" });
    const first = await join();
    first.watch({ topics: ["orders"] });
    await first.until(() => first.rows.size === 600, "the whole list");
    first.messages.length = 0;
    // Marked, and as they were: nothing is told of them but the one that is another.
    desk.rowsNow.set("p7", { ...desk.rowsNow.get("p7")!, reason: "other" });
    desk.tell({ kind: "orders", parentIds: ids });
    await first.until(() => first.rows.get("p7")?.reason === "other", "the one that is another");
    await pause(100);
    const told = first.messages.flatMap((each) => (each.type === "orders" ? each.rows : []));
    expect(told.map(({ parentId }) => parentId)).toEqual(["p7"]);

    for (const id of ids) desk.rowsNow.set(id, { ...desk.rowsNow.get(id)!, reason: "1" });
    // Cut off at the first part of them.
    first.onMessage = () => first.socket.terminate();
    desk.tell({ kind: "orders", parentIds: ids });
    await first.until(() => first.closed !== undefined, "cut off");
    const parts = first.messages.slice(1).flatMap((each) => (each.type === "orders" ? [each] : []));
    expect(parts.length).toBeGreaterThan(0);
    for (const { rows, isWhole } of parts) {
      expect(isWhole).toBe(false);
      expect(rows.length).toBeLessThanOrEqual(128);
    }
    // What has gone while nobody looked is gone, too.
    desk.rowsNow.delete("p3");
    desk.tell({ kind: "runs" });
    const second = await join();
    for (const [id, row] of first.rows) second.rows.set(id, row);
    second.watch({ topics: ["orders"], epoch: first.epoch, since: first.seq });
    await second.until(() => second.rows.size === 599, "one less");
    const differing = ids.filter(
      (id) => second.rows.get(id)?.reason !== desk.rowsNow.get(id)?.reason,
    );
    expect(differing).toEqual([]);
  });

  it("ends with how things stand, when the server ends", async () => {
    await begin({ updatesPerSecond: 1 });
    served.desk.add("p1");
    const client = await join();
    client.watch({ topics: ["orders"] });
    await client.until(() => client.rows.has("p1"), "the order");
    served.desk.change("p1", { reason: "the end" });
    await served.close();
    await client.until(() => client.closed !== undefined, "closed");
    expect(client.rows.get("p1")?.reason).toBe("the end");
  });

  it("is at most so often, whatever the market does", async () => {
    await begin({ updatesPerSecond: 10 });
    const client = await join();
    client.watch({ topics: [`market:${INSTRUMENT}`] });
    const timer = setInterval(() => served.desk.trade(), 1);
    await pause(1_000);
    clearInterval(timer);
    const told = client.messages.filter(({ type }) => type === "market").length;
    expect(told).toBeGreaterThan(4);
    expect(told).toBeLessThanOrEqual(13);
  });
});

describe("a viewer who does not read", () => {
  it("costs nobody anything, and is told the newest once it reads again", async () => {
    await begin({ updatesPerSecond: 200 });
    const long = "x".repeat(400_000);
    const ids = ["p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8"];
    for (const id of ids) served.desk.add(id, { reason: long });
    const topics = ids.map((id) => `order:${id}` as const);
    const [slow, quick] = [await join(), await join()];
    for (const client of [slow, quick]) client.watch({ topics });
    await quick.until(() => quick.orders.size === 8, "the orders");
    const raw = (slow.socket as unknown as { readonly _socket: { pause(): void; resume(): void } })
      ._socket;
    raw.pause();
    // As long as it takes: how much fits into the connection, nobody says.
    let changes = 0;
    while ((await metric("arrival_stream_conflated_total")) === 0 || changes < 50) {
      changes += 1;
      for (const id of ids) served.desk.change(id, { reason: `${changes} ${long}` });
      await pause(10);
    }
    const newest = `${changes} `;
    await quick.until(() => reasonOf(quick).startsWith(newest), "the newest");
    const toldSlow = slow.messages.length;
    raw.resume();
    await slow.until(() => reasonOf(slow).startsWith(newest), "the newest");
    expect(slow.messages.length - toldSlow).toBeLessThan(quick.messages.length);
    await slow.until(() => slow.seq === quick.seq, "the same");
  });
  const reasonOf = (client: StreamClient): string => client.orders.get("p8")?.row.reason ?? "";

  it("holds ten others up by nothing, at 200 changes a second", async () => {
    await begin({ updatesPerSecond: 200 });
    served.desk.add("p1");
    const viewers = await Promise.all(Array.from({ length: 10 }, () => join()));
    for (const viewer of viewers) viewer.watch({ topics: ["orders", "order:p1"] });
    await Promise.all(viewers.map((each) => each.until(() => each.orders.has("p1"), "the order")));
    const told = (): number[] =>
      viewers.map(({ messages }) => messages.filter(({ type }) => type === "order").length);
    // Each is told fifty times in 200 changes; a slow machine may take five times as many.
    const began = performance.now();
    let sent = 0;
    while (sent < 200 || (sent < 1000 && Math.min(...told()) <= 50)) {
      served.desk.change("p1", { reason: `change ${sent}` });
      sent += 1;
      await pause(Math.max(0, began + sent * 5 - performance.now()));
    }
    const last = `change ${sent - 1}`;
    await Promise.all(
      viewers.map((each) => each.until(() => each.rows.get("p1")?.reason === last, "the last")),
    );
    expect(Math.min(...told())).toBeGreaterThan(50);
    // None of them is told less for the others.
    expect(Math.min(...told())).toBeGreaterThan(Math.max(...told()) / 2);
    for (const viewer of viewers) {
      expect(viewer.orders.get("p1")?.row.reason).toBe(last);
      const numbers = viewer.messages.flatMap((each) => ("seq" in each ? [each.seq] : []));
      expect(numbers.every((seq, i) => i === 0 || seq >= numbers[i - 1]!)).toBe(true);
    }
  });
});

describe("what a client may say", () => {
  it("is a watch request, or nothing", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        const parsed = parseWatch(text);
        if (parsed !== undefined) expect(parsed.type).toBe("watch");
      }),
    );
    const wish = fc.record(
      {
        type: fc.constantFrom("watch", "WATCH", 1),
        topics: fc.array(
          fc.oneof(fc.string(), fc.constantFrom("orders", "order:p1", "market:a:b:C")),
        ),
        epoch: fc.oneof(fc.string(), fc.integer()),
        since: fc.oneof(fc.integer(), fc.double(), fc.string()),
        more: fc.anything(),
      },
      { requiredKeys: ["type"] },
    );
    fc.assert(
      fc.property(wish, (value) => {
        const parsed = parseWatch(JSON.stringify(value));
        if (parsed === undefined) return;
        expect(parsed.topics.length).toBeLessThanOrEqual(32);
        for (const topic of parsed.topics) expect(topic).toMatch(/^[\w:.-]+$/);
        if (parsed.since !== undefined) expect(parsed.since).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
