import { once } from "node:events";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { textFrames } from "./text-frames.ts";

describe("text frames", () => {
  it("are read by a client as the texts they were made of", async () => {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    const accepted = once(server, "connection");
    const client = new WebSocket(`ws://127.0.0.1:${port}`);
    const received: string[] = [];
    client.on("message", (data) => received.push(String(data)));
    const [, request] = await accepted;
    const lengths = [0, 1, 125, 126, 127, 65_535, 65_536, 70_000];
    const texts = [...lengths.map((length) => "x".repeat(length)), "é€😀", '{"a":1}'];
    request.socket.write(textFrames(texts));
    request.socket.write(textFrames([Buffer.from("the end")]));
    while (received.length <= texts.length) await once(client, "message");
    expect(received).toEqual([...texts, "the end"]);
    client.terminate();
    server.close();
  });

  it("are whole, whatever the texts", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: "binary", maxLength: 150 }), { maxLength: 5 }),
        (texts) => {
          const bytes = textFrames(texts);
          const apart = Buffer.concat(texts.map((text) => textFrames([text])));
          expect(bytes.equals(apart)).toBe(true);
        },
      ),
    );
  });
});
