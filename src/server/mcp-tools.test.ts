import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { INSTRUMENT, JOURNAL } from "../../test/server/memory-desk.ts";
import { serve, type Served } from "../../test/server/served.ts";
import { apiClient } from "./api-client.ts";
import { mcpTools } from "./mcp-tools.ts";

let served: Served;
beforeEach(async () => {
  served = await serve();
  served.desk.add("p1");
  served.desk.add("p2", { isLive: false });
});
afterEach(() => served.close());

async function connected(token: string, allowsProposals = false): Promise<Client> {
  const server = mcpTools(apiClient(served.url, token), allowsProposals);
  const [ours, theirs] = InMemoryTransport.createLinkedPair();
  const client = new Client({ name: "test", version: "1" });
  await Promise.all([server.connect(ours), client.connect(theirs)]);
  return client;
}

async function call(client: Client, name: string, args: Record<string, unknown> = {}) {
  const answer = await client.callTool({ name, arguments: args });
  const [content] = answer.content as { readonly text: string }[];
  return { isError: answer.isError === true, text: content!.text };
}
const FORM = { symbol: "BTCUSDT", side: "buy", quantity: "1", over: "10m" };

describe("the tools of a language model", () => {
  it("read, and none of them sends, changes or ends an order", async () => {
    const client = await connected(served.tokens.vera);
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name).sort()).toEqual([
      "get_market",
      "get_order",
      "journal_at",
      "list_journals",
      "list_markets",
      "list_orders",
      "preview",
      "timeline",
      "why",
    ]);
    for (const { annotations } of tools) expect(annotations?.readOnlyHint).toBe(true);
  });

  it("tell what the API tells", async () => {
    const client = await connected(served.tokens.vera);
    const orders = JSON.parse((await call(client, "list_orders")).text);
    expect(orders.orders.map(({ parentId }: { parentId: string }) => parentId)).toEqual([
      "p2",
      "p1",
    ]);
    const live = JSON.parse((await call(client, "list_orders", { liveOnly: true })).text);
    expect(live).toMatchObject({ of: 1, orders: [{ parentId: "p1" }] });
    const order = JSON.parse((await call(client, "get_order", { parentId: "p1" })).text);
    expect(order).toMatchObject({ row: { parentId: "p1" }, prices: { decision: "60000" } });
    expect(order.trajectory).toBeUndefined();
    const why = JSON.parse((await call(client, "why", { parentId: "p1" })).text);
    expect(why).toMatchObject({ phase: "active", decisions: { of: 0 } });
    const market = JSON.parse((await call(client, "get_market", { instrument: INSTRUMENT })).text);
    expect(market.bids[0].price).toBe("60000");
    const moment = JSON.parse(
      (await call(client, "journal_at", { journal: JOURNAL, record: 1 })).text,
    );
    expect(moment).toMatchObject({ record: 1, timeline: { of: 1 } });
    const preview = JSON.parse((await call(client, "preview", FORM)).text);
    expect(preview).toMatchObject({ canSubmit: true, notional: "60000" });
    for (const name of ["list_markets", "list_journals", "timeline"]) {
      expect((await call(client, name)).isError).toBe(false);
    }
    expect(served.desk.asked).toEqual([]);
  });

  it("refuse what is not there, what is no form and what leads elsewhere", async () => {
    const client = await connected(served.tokens.vera);
    const gone = await call(client, "get_order", { parentId: "p99" });
    expect(gone.isError).toBe(true);
    expect(gone.text).toContain("SERVER_NOT_FOUND");
    for (const [name, args] of [
      ["get_order", { parentId: "../session" }],
      ["get_order", {}],
      ["preview", { ...FORM, side: "hold" }],
      ["journal_at", { journal: "../secret.journal" }],
      ["propose_order", FORM],
    ] as const) {
      const answer = await client.callTool({ name, arguments: args }).catch(() => "refused");
      if (answer !== "refused") expect((answer as { isError?: boolean }).isError).toBe(true);
    }
    const nobody = await connected("wrong");
    expect((await call(nobody, "list_orders")).text).toContain("SERVER_TOKEN");
  });

  it("propose where that was allowed, and a person has the word", async () => {
    const client = await connected(served.tokens.vera, true);
    const proposed = JSON.parse((await call(client, "propose_order", FORM)).text);
    expect(served.desk.asked).toEqual([]);
    const { id } = proposed.approval as { id: string };
    const agreed = await served.ask("POST", `/api/v1/approvals/${id}/agree`, "tom", {});
    expect(agreed.status).toBe(200);
    expect(served.desk.asked).toEqual([
      { by: "vera, agreed by tom", what: { submit: { ...FORM, category: "linear" } } },
    ]);
  });

  it("say so where no server answers", async () => {
    const ask = apiClient("http://127.0.0.1:1", "x");
    const answer = await ask("GET", "/orders");
    expect(answer.ok ? "" : answer.error.code).toBe("SERVER_UNREACHABLE");
  });
});
