/**
 * Exchange client: the other side of exchange-orders.ts: it sends order requests as fast as they are
 * answered, several hundred ahead, and counts what comes back.
 */
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { WebSocket } from "ws";
import type { ClientOutcome, ClientTask } from "./exchange-orders.ts";

/** Requests under way. */
const AHEAD = 400;
/** An order and its cancel; of a hundred such pairs one is a pair of orders that take. */
const TAKE_EVERY = 200;

const [, , url = "", apiKey = ""] = process.argv;
const secret = process.env["EXCHANGE_SECRET"] ?? "";

const orders = await open("/v5/trade");
const fills = await open("/v5/private");
let told = 0;
fills.on("message", (data: Buffer) => {
  const message = JSON.parse(data.toString()) as { topic?: string; data?: unknown[] };
  if (message.topic === "execution") told += message.data?.length ?? 0;
});
fills.send(JSON.stringify({ op: "subscribe", args: ["execution"] }));

let sent = 0;
let answered = 0;
let refused = 0;
let wanted = 0;
let begun: ClientOutcome = { answered, refused, fills: told };

orders.on("message", (data: Buffer) => {
  answered += 1;
  // Answers begin with the id of the request, and its code comes next.
  if (!data.subarray(0, 80).toString().includes('"retCode":0,')) refused += 1;
  if (sent < wanted) send();
  else if (answered === wanted) finish();
});
process.on("message", ({ requests }: ClientTask) => {
  begun = { answered, refused, fills: told };
  wanted += requests;
  for (let k = 0; k < AHEAD && sent < wanted; k++) send();
});
process.send!("ready");

function finish(): void {
  const outcome: ClientOutcome = {
    answered: answered - begun.answered,
    refused: refused - begun.refused,
    fills: told - begun.fills,
  };
  process.send!(outcome);
}

function send(): void {
  const number = sent++;
  const takes = number % TAKE_EVERY < 2;
  const buys = takes ? number % 2 === 0 : (number >> 1) % 2 === 0;
  const id = `bench-${takes ? number : number - (number % 2)}`;
  if (!takes && number % 2 === 1) {
    request(number, "order.cancel", `"orderLinkId":"${id}"`);
    return;
  }
  const price = takes ? (buys ? "64800.0" : "63700.0") : buys ? "63900.0" : "64600.0";
  request(
    number,
    "order.create",
    `"side":"${buys ? "Buy" : "Sell"}","orderType":"Limit","qty":"0.002","price":"${price}",` +
      `"timeInForce":"${takes ? "IOC" : "GTC"}","orderLinkId":"${id}"`,
  );
}

function request(number: number, op: string, fields: string): void {
  orders.send(
    `{"reqId":"r${number}","header":{"X-BAPI-TIMESTAMP":"${Date.now()}",` +
      `"X-BAPI-RECV-WINDOW":"5000"},"op":"${op}",` +
      `"args":[{"category":"linear","symbol":"BTCUSDT",${fields}}]}`,
  );
}

async function open(path: string): Promise<WebSocket> {
  const socket = new WebSocket(url + path, { perMessageDeflate: false });
  await once(socket, "open");
  const expires = Date.now() + 10_000;
  const signature = createHmac("sha256", secret).update(`GET/realtime${expires}`).digest("hex");
  socket.send(JSON.stringify({ op: "auth", args: [apiKey, expires, signature] }));
  await once(socket, "message");
  return socket;
}
