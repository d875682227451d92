/**
 * Several orders on one run that stands, under the simulator's faults and crashes. What is lost if
 * this fails: an order that was taken on and is forgotten, or a fill that is counted twice.
 */
import { expect, it } from "vitest";
import type { Venue } from "../../src/venues/venue.ts";
import { runStanding } from "./standing-world.ts";

const RUNS = 25;

it("brings every order to its end, nothing lost and nothing doubled", async () => {
  let [taken, fills, crashes] = [0, 0, 0];
  for (let seed = 1; seed <= RUNS; seed++) {
    const outcome = await runStanding(seed);
    expect(outcome.broken, `seed ${seed}`).toEqual([]);
    taken += outcome.taken;
    fills += outcome.fills;
    crashes += outcome.crashes;
  }
  expect(taken).toBeGreaterThan(2 * RUNS);
  expect(fills).toBeGreaterThan(2 * RUNS);
  expect(crashes).toBeGreaterThan(RUNS);
}, 240_000);

/** After a restart it knows of one open order alone. */
const forgetful = (venue: Venue): Venue => ({
  name: venue.name,
  async open(signal, terms) {
    const opened = await venue.open(signal, terms);
    if (!opened.ok) return opened;
    const session = opened.value;
    const { adopt } = session;
    session.adopt = (orders) => adopt.call(session, orders.slice(0, 1));
    return opened;
  },
});

it("finds a restart that forgets all open orders but one", async () => {
  let found = 0;
  for (let seed = 1; seed <= RUNS && found === 0; seed++) {
    const { broken } = await runStanding(seed, forgetful);
    if (broken.length > 0) found = seed;
  }
  expect(found).toBeGreaterThan(0);
}, 240_000);
