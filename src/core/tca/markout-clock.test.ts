import { describe, expect, it } from "vitest";
import { micros, NEVER } from "../domain/units.ts";
import { MarkoutClock } from "./markout-clock.ts";

const seconds = (count: number) => micros(count * 1e6);

describe("the markout clock", () => {
  it("wants a look 1 s, 10 s, 1 min and 5 min after a fill, each once", () => {
    const clock = new MarkoutClock<string>();
    expect(clock.nextAt).toBe(NEVER);
    clock.add("p1", "x1", seconds(100));
    const looks: [number, number][] = [];
    while (clock.nextAt !== NEVER) {
      const now = clock.nextAt;
      for (const { owner, executionId, after } of clock.due(now)) {
        expect([owner, executionId]).toEqual(["p1", "x1"]);
        looks.push([now / 1e6, after / 1e6]);
      }
    }
    expect(looks).toEqual([
      [101, 1],
      [110, 10],
      [160, 60],
      [400, 300],
    ]);
  });

  it("hands out nothing early, and what is overdue all at once", () => {
    const clock = new MarkoutClock<string>();
    clock.add("p1", "x1", seconds(0));
    clock.add("p2", "x2", seconds(5));
    expect(clock.due(micros(999_999))).toEqual([]);
    const due = clock.due(seconds(12)).map(({ executionId, after }) => [executionId, after / 1e6]);
    expect(due).toEqual([
      ["x1", 1],
      ["x2", 1],
      ["x1", 10],
    ]);
    expect(clock.nextAt).toBe(seconds(15));
  });

  it("goes on with fills that come while older looks are still due", () => {
    const clock = new MarkoutClock<string>();
    clock.add("p1", "x1", seconds(0));
    expect(clock.due(seconds(1))).toHaveLength(1);
    clock.add("p1", "x2", seconds(2));
    expect(clock.nextAt).toBe(seconds(3));
    expect(clock.due(seconds(400))).toHaveLength(7);
    expect(clock.nextAt).toBe(NEVER);
  });

  it("hands out each look once, in order of time, where its queues never run empty", () => {
    const clock = new MarkoutClock<number>();
    const looks = new Map<number, number[]>();
    for (let second = 0; second < 5_300; second++) {
      if (second < 5_000) clock.add(second, `x${second}`, seconds(second));
      for (const { owner, after } of clock.due(seconds(second))) {
        expect(owner + after / 1e6).toBe(second);
        looks.set(owner, [...(looks.get(owner) ?? []), after / 1e6]);
      }
      if (second % 1_000 === 400) expect(clock.pending.counts).toEqual([1, 10, 60, 300]);
    }
    expect(clock.nextAt).toBe(NEVER);
    expect(looks.size).toBe(5_000);
    for (const each of looks.values()) expect(each).toEqual([1, 10, 60, 300]);
  });

  it("is taken up by another one as it stood", () => {
    const clock = new MarkoutClock<string>();
    for (const [id, at] of [0, 2, 2, 9, 50, 55].entries()) clock.add("p1", `x${id}`, seconds(at));
    for (const until of [1, 11, 60, 100, 301, 400]) {
      clock.due(seconds(until));
      const [again, also] = [new MarkoutClock<string>(), new MarkoutClock<string>()];
      again.restore(clock.pending);
      also.restore(again.pending);
      expect(again.nextAt).toBe(clock.nextAt);
      expect(also.pending).toEqual(clock.pending);
      expect(also.due(seconds(390))).toEqual(again.due(seconds(390)));
    }
    const whole = new MarkoutClock<string>();
    whole.add("p1", "x", seconds(5));
    const taken = new MarkoutClock<string>();
    taken.restore(whole.pending);
    expect(taken.due(seconds(70))).toEqual(whole.due(seconds(70)));
    expect(taken.due(seconds(400))).toEqual(whole.due(seconds(400)));
  });
});
