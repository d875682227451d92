import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VirtualTime } from "./virtual-time.ts";

describe("virtual time", () => {
  it("calls what is due in order of time, and of asking at one time", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20), { maxLength: 30 }), (waits) => {
        const time = new VirtualTime();
        const called: [number, number][] = [];
        for (const [index, wait] of waits.entries()) {
          time.after(wait, () => void called.push([time.now, index]));
        }
        time.runTo(100);
        expect(time.now).toBe(100);
        const expected = waits
          .map((wait, index): [number, number] => [wait, index])
          .sort((a, b) => a[0] - b[0] || a[1] - b[1]);
        expect(called).toEqual(expected);
      }),
    );
  });

  it("calls late what fell due while it stood still", () => {
    const time = new VirtualTime();
    const called: string[] = [];
    for (const wait of [2, 1, 9])
      time.after(wait, () => void called.push(`${wait} at ${time.now}`));
    time.standStill(5);
    expect(called).toEqual([]);
    time.runTo(10);
    expect(called).toEqual(["1 at 5", "2 at 5", "9 at 9"]);
  });

  it("calls what was asked for on the way, and nothing that was taken back", () => {
    const time = new VirtualTime(5);
    const called: string[] = [];
    const takeBack = time.after(3, () => void called.push("never"));
    time.after(2, () => {
      takeBack();
      time.after(0, () => void called.push(`at ${time.now}`));
    });
    time.runTo(20);
    expect(called).toEqual(["at 7"]);
    expect(time.step()).toBe(false);
  });
});
