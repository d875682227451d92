/**
 * A link in virtual time: what a program makes of a connection that stood still with it.
 */
import { describe, expect, it } from "vitest";
import { ScriptedTransport } from "../../../test/venues/scripted-transport.ts";
import { StreamLink } from "./stream-link.ts";

function stage() {
  const transport = new ScriptedTransport();
  const heard: string[] = [];
  const link = new StreamLink(
    {
      url: "wss://venue.invalid/stream",
      greetings: ["hello"],
      heartbeat: "beat",
      pace: { handshakeMs: 1000, spacingMs: 100, heartbeatMs: 20_000, silenceMs: 60_000 },
      clock: { nanos: () => BigInt(transport.time.now) },
      transport,
    },
    {
      opened: () => heard.push("opened"),
      frame: (text, nanos) => heard.push(`${text} at ${nanos / 1_000_000n}`),
      ended: (reason) => heard.push(reason),
    },
  );
  return { transport, heard, link, socket: transport.sockets[0]! };
}

describe("a stream link", () => {
  it("sends what it has been given in order and at its pace, once it is open", async () => {
    const { transport, link, socket } = stage();
    link.send("first");
    await transport.pass(1000);
    expect(socket.sent).toEqual([]);
    socket.open();
    link.send("second");
    expect(socket.sent).toEqual(["hello"]);
    await transport.pass(100);
    expect(socket.sent).toEqual(["hello", "first"]);
    await transport.pass(20_000);
    expect(socket.sent).toEqual(["hello", "first", "second", "beat"]);
  });

  it("ends, once, where the other side is silent for too long", async () => {
    const { transport, heard, socket } = stage();
    socket.open();
    await transport.pass(50_000);
    socket.events.alive();
    await transport.pass(59_000);
    expect(heard).toEqual(["opened"]);
    await transport.pass(60_000);
    expect(heard).toEqual(["opened", "silent for 60 s"]);
    expect(socket.isOpen).toBe(false);
    socket.events.message("late");
    socket.events.ended({ kind: "closed", code: 1006, reason: "" });
    expect(heard).toHaveLength(2);
  });

  it("takes nothing for news that waited while the program stood still", async () => {
    const { transport, heard, socket } = stage();
    socket.open();
    socket.events.message("new");
    transport.standStill(300_000);
    // The network is looked at before any timer is.
    socket.events.message("old");
    socket.events.message("old, too");
    expect(heard).toEqual(["opened", "new at 0", "silent for 60 s"]);
    await transport.pass(100_000);
    expect(heard).toHaveLength(3);
  });
});
