/** An observer that tells of seconds sees what one that nobody watches sees. */
import { describe, expect, it } from "vitest";
import { type Micros, micros, MINUTE, SECOND } from "../core/domain/units.ts";
import { Observer } from "../core/market/observer.ts";
import { openGenerated } from "../runtime/market-source.ts";
import { WatchedObserver } from "./watched-observer.ts";

const START = micros(1_700_049_600_000_000);
const market = () =>
  openGenerated({ kind: "generated", seed: 3, startAt: START, duration: micros(MINUTE) });

/** Rows in pieces, as a loop shows them: up to some time, or until somebody is woken. */
function fold(observer: Observer, everyNanos: number): readonly string[] {
  const wake = observer.newWake();
  const seen: string[] = [];
  let until = everyNanos;
  for (const block of market().blocks) {
    for (let row = 0; row < block.length;) {
      // Woken now and then: by any touch above the last one.
      wake.bidAbove = observer.bid > 0 ? observer.bid + 3 : Number.POSITIVE_INFINITY;
      row = observer.observe(block, row, block.length, until);
      const { position, time, bid, ask, volume, wokeUp } = observer;
      seen.push([row, position, time, bid, ask, volume, wokeUp, wake.isDue].join(" "));
      if (!wokeUp) until += everyNanos;
    }
  }
  seen.push(JSON.stringify([observer.volumeDay, observer.volatilityHour, observer.turnover]));
  return seen;
}

describe("a watched observer", () => {
  it.each([0.7e9, 5e9, 60e9])("takes the same rows with the same stops, %d ns apart", (every) => {
    const { header } = market();
    const watched = new WatchedObserver(header);
    const told: Micros[] = [];
    watched.onRows = (at) => told.push(at);
    const alone = fold(new Observer(header), every);
    expect(fold(watched, every)).toEqual(alone);
    expect(alone.some((step) => step.includes("true"))).toBe(true);
    expect(told.length).toBeGreaterThan(50);
    expect(told.every((at) => at % SECOND === 0)).toBe(true);
    expect(told).toEqual([...new Set(told)].toSorted((a, b) => a - b));
  });

  it("tells of a second before any of its rows is seen", () => {
    const { header } = market();
    const watched = new WatchedObserver(header);
    const epoch = Number(header.epochNanos / 1000n);
    let looks = 0;
    watched.onRows = (at) => {
      looks += 1;
      if (watched.time >= 0) expect(epoch + watched.time / 1000).toBeLessThan(at);
    };
    for (const block of market().blocks) {
      watched.observe(block, 0, block.length, Number.POSITIVE_INFINITY);
    }
    expect(looks).toBeGreaterThan(50);
  });

  it("is an observer like any other where nobody watches", () => {
    const { header } = market();
    expect(fold(new WatchedObserver(header), 1e9)).toEqual(fold(new Observer(header), 1e9));
  });
});
