import { describe, expect, it } from "vitest";
import { Wire } from "./wire.ts";

describe("a wire", () => {
  it("lets nothing overtake: what is faster arrives with what was sent before it", () => {
    const spans = [50, 10, 10];
    const wire = new Wire<string>((k) => spans[k]!);
    expect([wire.send("a", 0), wire.send("b", 1), wire.send("c", 70)]).toEqual([50, 50, 80]);
    const seen = [];
    while (!wire.isEmpty) seen.push([wire.nextAt, wire.take()]);
    expect(seen).toEqual([
      [50, "a"],
      [50, "b"],
      [80, "c"],
    ]);
    expect(wire.nextAt).toBe(Infinity);
    expect(wire.take()).toBe(undefined);
  });

  it("keeps count and order over thousands, whatever is taken between", () => {
    const wire = new Wire<number>(() => 7);
    let taken = 0;
    for (let k = 0; k < 10_000; k++) {
      expect(wire.send(k, k)).toBe(k + 7);
      if (k % 3 === 0) continue;
      expect(wire.nextAt).toBe(taken + 7);
      expect(wire.take()).toBe(taken++);
    }
    expect(wire.sent).toBe(10_000);
    while (!wire.isEmpty) expect(wire.take()).toBe(taken++);
    expect(taken).toBe(10_000);
  });
});
