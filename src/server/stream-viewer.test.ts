import { expect, it } from "vitest";
import type { WebSocket } from "ws";
import { bodyOf } from "./stream-messages.ts";
import { StreamViewer } from "./stream-viewer.ts";

it("says that all was told only with the last of a batch", () => {
  const sent: string[] = [];
  const socket = { send: (bytes: Buffer) => void sent.push(String(bytes)), bufferedAmount: 0 };
  const viewer = new StreamViewer(
    socket as unknown as WebSocket,
    { name: "vera", role: "viewer" },
    undefined,
  );
  viewer.watch(["orders", "runs"], 7);
  const bodies = [
    bodyOf("runs", { runs: [] }),
    bodyOf("orders", { isWhole: false, rows: [] }),
    bodyOf("timeline", { entries: [] }),
  ];
  viewer.send(bodies, 12);
  const told = sent.map((text) => JSON.parse(text) as { type: string; seq: number });
  // Whoever is cut off behind the first or the second asks for what changed since 7.
  expect(told.map(({ type, seq }) => [type, seq])).toEqual([
    ["runs", 7],
    ["orders", 7],
    ["timeline", 12],
  ]);
});
