/**
 * The order tracker in any world: whatever goes wrong, the engine ends up with the truth.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ClientOrderId } from "../../core/domain/child-order.ts";
import { type Mood, World } from "../../../test/venues/order-world.ts";

const moods = (engineLagMs: number, crashes = 0) =>
  fc.record({
    seed: fc.integer(),
    loss: fc.constantFrom(0, 0.1, 0.3),
    repeat: fc.constantFrom(0, 0.5),
    delayMs: fc.constantFrom(1, 50, 1500),
    outages: fc.constantFrom(0, 0.3, 0.7),
    engineLagMs: fc.constant(engineLagMs),
    unsaid: fc.constantFrom(0, 0.3),
    crashes: fc.constant(crashes),
  });

/** Worlds in which it went wrong once. */
const FOUND: readonly Mood[] = [
  // An amendment of unknown fate had made the order larger, and then the venue made it smaller.
  {
    seed: 1_428_749_897,
    loss: 0,
    repeat: 0.5,
    delayMs: 1500,
    outages: 0,
    engineLagMs: 0,
    unsaid: 0.3,
    crashes: 0,
  },
];

/** In the end the engine knows of each order what the venue knows. */
function requireAgreement(world: World): void {
  for (const [id, order] of world.engine) {
    const story = `${id}: ${(world.heard.get(id) ?? []).map(({ kind }) => kind).join(" ")}`;
    const there = world.venue.get(id);
    expect(world.placed.get(id) ?? 0, story).toBeLessThanOrEqual(1);
    expect(order.cumulative, story).toBe(there?.cumulative ?? 0);
    const kinds = new Set((world.heard.get(id) ?? []).map(({ kind }) => kind));
    if (there === undefined) {
      expect(order.closeReason, story).toBe("rejected");
      // Received is not accepted, and unanswered even less.
      expect(kinds.has("accepted"), story).toBe(false);
    } else if (there.standing === "open") {
      expect(order.phase, story).toBe("working");
      expect(order.limitPrice, story).toBe(there.price);
    } else {
      expect(order.phase, story).toBe("closed");
      expect(order.finalCumulative ?? order.cumulative, story).toBe(there.cumulative);
      if (there.isShrunk) continue;
      expect(order.closeReason, story).toBe(there.standing);
      if (there.standing === "filled") expect(kinds.has("canceled"), story).toBe(false);
    }
    // What had ended before a crash is not looked at any more.
    const isSettled = world.tracker.order(id)?.isSettled ?? world.crashes > 0;
    expect(isSettled || there?.standing === "open", story).toBe(true);
  }
  // An order that the venue made smaller just as much as an amendment on its way would have shows
  // that amendment as done: when it arrives behind another one, a person is called.
  const isShrunk = (text: string): boolean => world.venue.get(idIn(text))?.isShrunk === true;
  expect(world.alarms.filter((text) => !isShrunk(text))).toEqual([]);
  expect(world.executionsTold.length).toBe(new Set(world.executionsTold).size);
}

const idIn = (text: string): ClientOrderId => /t-\d+/.exec(text)![0] as ClientOrderId;

describe("OrderTracker in any world", () => {
  it("tells the engine what its life cycle allows, and in the end the truth", () => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(moods(0), (mood) => {
        const world = new World(mood);
        world.run(12);
        expect(world.illegal).toEqual([]);
        requireAgreement(world);
        for (const reports of world.heard.values()) {
          for (const { kind } of reports) seen.set(kind, (seen.get(kind) ?? 0) + 1);
        }
      }),
      { numRuns: 150, examples: FOUND.map((mood) => [mood]) },
    );
    // What was to be shown has happened.
    for (const kind of ["accepted", "filled", "canceled", "rejected", "amended", "timed-out"]) {
      expect(seen.get(kind) ?? 0, kind).toBeGreaterThan(20);
    }
    for (const kind of ["amend-rejected", "cancel-rejected"]) {
      expect(seen.get(kind) ?? 0, kind).toBeGreaterThan(5);
    }
  });

  it("brings an engine that hears everything late to the same end", () => {
    fc.assert(
      fc.property(moods(400), (mood) => {
        const world = new World(mood);
        world.run(8);
        requireAgreement(world);
        // Two crossed: a cancel was sent before its order was heard to be of unknown fate.
        const isCrossing = /: (cancel-rejected|timed-out) in /;
        expect(world.illegal.filter((text) => !isCrossing.test(text))).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it.each([0, 400])("brings a process that goes on after others to the same end (%i ms)", (lag) => {
    let adopted = 0;
    fc.assert(
      fc.property(moods(lag, 3), (mood) => {
        const world = new World(mood);
        world.run(10);
        requireAgreement(world);
        adopted += world.adopted;
        const isCrossing = /: (cancel-rejected|timed-out) in /;
        expect(world.illegal.filter((text) => lag === 0 || !isCrossing.test(text))).toEqual([]);
      }),
      { numRuns: 100 },
    );
    expect(adopted).toBeGreaterThan(500);
  });
});
