/**
 * Clients that are no clients: connections that are upgraded to nothing, reset, or never closed.
 * None may end the exchange, none may keep it from closing.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { startSaying } from "../../../test/clients/saying-exchange.ts";

const UPGRADE = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
const KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
const SAID: readonly (readonly [string, string, RegExp])[] = [
  [
    "an upgrade to an unknown path",
    `GET /v5/nowhere HTTP/1.1\r\nHost: x\r\n${UPGRADE}${KEY}`,
    /404/,
  ],
  ["an upgrade without a key", `GET /v5/trade HTTP/1.1\r\nHost: x\r\n${UPGRADE}`, /400/],
  ["a stream", `GET /v5/public/linear HTTP/1.1\r\nHost: x\r\n${UPGRADE}${KEY}`, /101/],
  ["a request", "GET /v5/market/time HTTP/1.1\r\nHost: x\r\n", /200/],
];

/** It never closes its own half. */
async function said(port: number, text: string, words: RegExp): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  socket.on("error", () => {});
  socket.write(`${text}\r\n`);
  const [answer] = await once(socket, "data");
  expect(String(answer).split("\r\n")[0]).toMatch(words);
  return socket;
}

describe.each(SAID)("%s", (_, text, words) => {
  it("that is reset is nobody's trouble", async () => {
    const { server, rest } = await startSaying();
    const socket = await said(server.port, text, words);
    socket.resetAndDestroy();
    await once(socket, "close");
    expect((await rest.plain("/v5/market/time")).status).toBe(200);
    await server.close();
  });

  it("that is reset before it is answered is nobody's trouble either", async () => {
    const { server, rest } = await startSaying();
    for (let k = 0; k < 20; k++) {
      const socket = connect({ port: server.port, host: "127.0.0.1" });
      socket.on("error", () => {});
      const closed = new Promise((resolve) => socket.on("close", resolve));
      socket.write(`${text}\r\n`, () => socket.resetAndDestroy());
      await closed;
    }
    expect((await rest.plain("/v5/market/time")).status).toBe(200);
    await server.close();
  });

  it("that stays open on its side does not keep the exchange from closing", async () => {
    const { server } = await startSaying();
    const socket = await said(server.port, text, words);
    await server.close();
    socket.destroy();
  });
});

describe("a request that is never whole", () => {
  it("does not keep the exchange from closing", async () => {
    const { server, rest } = await startSaying();
    const socket = connect({ port: server.port, host: "127.0.0.1", allowHalfOpen: true });
    socket.on("error", () => {});
    await new Promise((resolve) => socket.write("GET /v5/market/time HTTP/1.1\r\nHo", resolve));
    // Another's answer: by then the server has taken this one in.
    await rest.plain("/v5/market/time");
    await server.close();
    socket.destroy();
  });
});

describe("an upgrade to an unknown path", () => {
  it("is let go, whatever its client keeps open", async () => {
    const { server } = await startSaying();
    const [, text, words] = SAID[0]!;
    const socket = await said(server.port, text, words);
    socket.resume();
    // What is sent to a connection that is gone is answered by a reset.
    const closed = new Promise((resolve) => socket.on("close", resolve));
    const talking = setInterval(() => socket.write("still here"), 5);
    await closed;
    clearInterval(talking);
    await server.close();
  });
});
