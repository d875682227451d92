/**
 * REST client against a venue on this machine that is slow, broken, strict or without end.
 */
import { afterEach, describe, expect, it } from "vitest";
import { type HttpAnswer, VenueServer } from "../../../test/venues/venue-server.ts";
import { RestClient } from "./rest-client.ts";

const servers: VenueServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

async function client(
  answers: readonly HttpAnswer[],
  { time = 1_800_000_000_000_000_000n, timeoutMs = 100 } = {},
): Promise<{
  readonly rest: RestClient;
  readonly server: VenueServer;
  readonly waits: string[];
  readonly abort: AbortController;
}> {
  let next = 0;
  const server = await VenueServer.start({
    rest: () => answers[next++] ?? { body: { last: true } },
    request: () => undefined,
  });
  servers.push(server);
  const waits: string[] = [];
  const abort = new AbortController();
  const rest = new RestClient({
    host: server.rest,
    clock: { nanos: () => time },
    random: () => 0,
    signal: abort.signal,
    timeoutMs,
    backoff: { firstMs: 2, mostMs: 4 },
    onWait: (text) => void waits.push(text),
  });
  return { rest, server, waits, abort };
}

const textOf = (answer: Awaited<ReturnType<RestClient["get"]>>): string =>
  answer.ok ? JSON.stringify(answer.value.value) : answer.error.text;

describe("a question", () => {
  it("is asked again after errors, silence and nonsense, and not after a refusal", async () => {
    const { rest, server, waits } = await client([
      { status: 503, body: "away" },
      { body: "<html>" },
      { body: {}, afterMs: 300 },
      { isBroken: true, body: "" },
      { body: { here: 1 } },
      { status: 400, body: { code: -1121, msg: "Invalid symbol." } },
    ]);
    expect(textOf(await rest.get("/a?b=1"))).toBe('{"here":1}');
    expect(server.questions).toHaveLength(5);
    expect(waits.join("\n")).toMatch(
      /\/a answers 503 away; .*\n.* is no JSON; .*\n.* within 100 ms; .*\n.*; asking again/,
    );
    const refused = textOf(await rest.get("/a"));
    expect(refused).toContain('/a answers 400 {"code":-1121,"msg":"Invalid symbol."}');
    expect(server.questions).toHaveLength(6);
  });

  it("gives up after its tries, and waits as long as the venue asks for", async () => {
    const away = { status: 500, body: "" };
    const busy = { status: 429, headers: { "retry-after": "0.2" }, body: "" };
    const { rest, server, waits } = await client([away, away, away, busy, { body: { ok: 1 } }]);
    expect(textOf(await rest.get("/a", 3))).toContain("answers 500");
    expect(server.questions).toHaveLength(3);
    const before = performance.now();
    const [one, two] = await Promise.all([rest.get("/b"), rest.get("/c")]);
    expect([textOf(one!), textOf(two!)]).toEqual(['{"ok":1}', '{"last":true}']);
    expect(performance.now() - before).toBeGreaterThanOrEqual(199);
    expect(waits.some((text) => text.includes("without questions"))).toBe(true);
    expect(server.questions.slice(3)).toEqual(["/b", "/b", "/c"]);
  });

  it("is not asked into a ban of an hour, unless it can wait", async () => {
    const ban = { status: 418, headers: { "retry-after": "3600" }, body: "banned" };
    const { rest, server, abort } = await client([ban]);
    expect(textOf(await rest.get("/a"))).toContain("asks to be left alone for 60 minutes");
    expect(textOf(await rest.get("/a"))).toContain("left alone");
    expect(server.questions).toHaveLength(1);
    const patient = rest.get("/a", Number.POSITIVE_INFINITY);
    setTimeout(() => abort.abort(), 20);
    expect(textOf(await patient)).toContain("stopped");
    expect(server.questions).toHaveLength(1);
  });

  it("waits for the next minute when the venue's weight is nearly used up", async () => {
    const heavy = { headers: { "x-mbx-used-weight-1m": "2000" }, body: { heavy: 1 } };
    // Half a second before the minute is over.
    const { rest } = await client([heavy], { time: 1_800_000_059_500_000_000n });
    rest.weightLimit = 2400;
    await rest.get("/a");
    const before = performance.now();
    await rest.get("/b");
    expect(performance.now() - before).toBeGreaterThan(100);
  });

  it("is not answered without end", async () => {
    const { rest } = await client([{ body: "x".repeat(70 << 20) }], { timeoutMs: 20_000 });
    const endless = await rest.get("/a", 1);
    expect(endless.ok).toBe(false);
    expect(textOf(endless)).toContain("answers without end");
  });
});
