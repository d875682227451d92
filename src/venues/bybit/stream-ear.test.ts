import { expect, it } from "vitest";
import { StreamEar } from "./stream-ear.ts";

it("is suspected of what it has kept to itself for long, while it stood, and once", () => {
  const restarts: string[] = [];
  const ear = new StreamEar(10_000, 5000, (reason) => {
    // It is lost within the call.
    ear.lost();
    restarts.push(reason);
  });
  // Before it stood, and a moment ago.
  ear.found(9000, 60_000);
  ear.found(58_000, 60_000);
  expect(restarts).toEqual([]);
  ear.found(50_000, 60_000);
  ear.found(51_000, 61_000);
  expect(restarts).toEqual(["after 10.0 s it had not told what the venue lists"]);
  ear.stands(70_000);
  ear.found(52_000, 80_000);
  expect(restarts).toHaveLength(1);
  ear.found(71_000, 80_000);
  expect(restarts).toHaveLength(2);
});
