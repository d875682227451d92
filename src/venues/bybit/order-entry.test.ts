/**
 * Orders over HTTP that wait for their turn: what is withdrawn or has become old meanwhile is not
 * sent.
 */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ScriptedTransport } from "../../../test/venues/scripted-transport.ts";
import type { ClientOrderId } from "../../core/domain/child-order.ts";
import { SYSTEM_TIMERS } from "../../data/network/timers.ts";
import { AnchoredClock } from "../../data/recorder/clock.ts";
import { Credentials } from "./credentials.ts";
import { type Hosts, hostsOf } from "./hosts.ts";
import { OrderEntry } from "./order-entry.ts";
import type { RequestAnswer, RequestKind } from "./order-sighting.ts";
import { RatePump } from "./rate-pump.ts";
import { BybitRest } from "./rest-client.ts";

let server: Server;
let entry: OrderEntry;
let pump: RatePump;
/** Of the requests that came, and how long the machine slept. */
let came: string[] = [];
let sleptMs = 0;
let told: string[] = [];

beforeEach(async () => {
  [came, told, sleptMs] = [[], [], 0];
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (part) => (body += String(part)));
    request.on("end", () => {
      came.push((JSON.parse(body) as { orderLinkId: string }).orderLinkId);
      const answer = { retCode: 0, retMsg: "OK", result: {}, time: 1 };
      response.setHeader("Content-Type", "application/json").end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const hosts = hostsOf("local", `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  if (!hosts.ok) throw new Error(hosts.error.text);
  pump = new RatePump({ limits: { create: 1, amend: 1, cancel: 1 }, windowMs: 60 });
  const rest = new BybitRest({
    hosts: hosts.value,
    credentials: new Credentials("AAAAbbbbCCCC", "planted-secret-1234567890"),
    clock: new AnchoredClock(),
    pump,
    random: () => 0.5,
    signal: new AbortController().signal,
  });
  entry = new OrderEntry({
    streams: [],
    rest,
    pump,
    venueNowMs: () => rest.venueNowMs() + sleptMs,
    onSent: () => undefined,
    timers: SYSTEM_TIMERS,
  });
});
afterEach(() => {
  entry.close();
  pump.close();
  server.closeAllConnections();
  server.close();
});

function submit(kind: RequestKind, id: string): void {
  const clientOrderId = id as ClientOrderId;
  const answered = (answer: RequestAnswer): void => {
    told.push(`${id} ${answer.kind}`);
  };
  const notAfter = Date.now() + 2000;
  entry.submit({
    kind,
    number: 0,
    clientOrderId,
    body: { orderLinkId: id },
    notAfter,
    answered,
  });
}

describe("OrderEntry over HTTP", () => {
  it("does not send what waits for its turn and is withdrawn; cancels go", async () => {
    submit("place", "first");
    for (const id of ["a", "b"]) submit("place", id);
    submit("amend", "first-amended");
    submit("amend", "c");
    submit("cancel", "d");
    submit("cancel", "e");
    expect(entry.hasCancelWaiting("e" as ClientOrderId)).toBe(true);
    entry.withdraw("all orders are being withdrawn");
    await vi.waitFor(() => expect(told).toHaveLength(7));
    expect(told.filter((text) => text.endsWith("not-sent")).toSorted()).toEqual([
      "a not-sent",
      "b not-sent",
      "c not-sent",
    ]);
    expect(came.toSorted()).toEqual(["d", "e", "first", "first-amended"]);
    expect(entry.hasCancelWaiting("e" as ClientOrderId)).toBe(false);
  });

  it("does not send what has become old while the machine slept", async () => {
    for (const id of ["a", "b", "c"]) submit("place", id);
    sleptMs = 60_000;
    await vi.waitFor(() => expect(told).toHaveLength(3));
    expect(told.toSorted()).toEqual(["a acknowledged", "b not-sent", "c not-sent"]);
    expect(came).toEqual(["a"]);
  });
});

describe("OrderEntry of a program that is stopped and goes on", () => {
  const COMMON = {
    hosts: hostsOfLocal(),
    credentials: new Credentials("AAAAbbbbCCCC", "planted-secret-1234567890"),
    random: () => 0.5,
    signal: new AbortController().signal,
  };

  /** One request a second of each kind, at a venue that takes all that comes. */
  function stopped() {
    const transport = new ScriptedTransport();
    transport.answer = () => ({ retCode: 0, retMsg: "OK", result: {}, time: 1 });
    const clock = { nanos: () => BigInt(transport.time.now) };
    const limits = { create: 1, amend: 1, cancel: 1 };
    const slow = new RatePump({ limits, windowMs: 1000 }, transport);
    const rest = new BybitRest({ ...COMMON, clock, pump: slow, transport });
    const orders = new OrderEntry({
      streams: [],
      rest,
      pump: slow,
      venueNowMs: () => rest.venueNowMs(),
      onSent: () => undefined,
      timers: transport.timers,
    });
    const heard: string[] = [];
    for (const [kind, patienceMs] of [
      ["place", 2000],
      ["amend", 2000],
      ["cancel", 10_000],
    ] as const) {
      for (const number of [1, 2, 3]) {
        const id = `${kind}-${number}`;
        orders.submit({
          kind,
          number: 0,
          clientOrderId: id as ClientOrderId,
          body: { orderLinkId: id },
          notAfter: rest.venueNowMs() + patienceMs,
          answered: (answer) => void heard.push(`${id} ${answer.kind}`),
        });
      }
    }
    const sent = (): string[] =>
      transport.requests.map(
        ({ body }) => (JSON.parse(body!) as { orderLinkId: string }).orderLinkId,
      );
    return { transport, heard, sent };
  }

  it("sends each in its turn where nothing stops it", async () => {
    const { transport, sent } = stopped();
    await transport.pass(5000);
    expect(sent()).toHaveLength(9);
  });

  it("sends no order and no amendment that waited meanwhile, and every cancel", async () => {
    const { transport, heard, sent } = stopped();
    await transport.pass(500);
    expect(sent().toSorted()).toEqual(["amend-1", "cancel-1", "place-1"]);
    transport.standStill(300_000);
    await transport.pass(10_000);
    expect(sent().slice(3)).toEqual(["cancel-2", "cancel-3"]);
    expect(heard.filter((text) => text.endsWith("not-sent")).toSorted()).toEqual([
      "amend-2 not-sent",
      "amend-3 not-sent",
      "place-2 not-sent",
      "place-3 not-sent",
    ]);
    expect(heard).toHaveLength(9);
  });
});

function hostsOfLocal(): Hosts {
  const hosts = hostsOf("local", "http://127.0.0.1:1");
  if (!hosts.ok) throw new Error(hosts.error.text);
  return hosts.value;
}
