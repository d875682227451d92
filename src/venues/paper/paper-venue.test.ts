/**
 * The venue suite on paper: a generated market as the live one, in virtual time.
 */
import { describe, expect, it } from "vitest";
import { fedFeed } from "../../../test/fed-market.ts";
import { micros, MINUTE } from "../../core/domain/units.ts";
import { composeVenue, feeRates } from "../../runtime/compose.ts";
import { DEFAULT_CONFIG } from "../../runtime/config.ts";
import { openGenerated } from "../../runtime/market-source.ts";
import { VENUE_CASES } from "../../testing/venue-cases.ts";
import { venueSuite, type VenueStage } from "../../testing/venue-suite.ts";
import { VirtualTime } from "../../data/network/virtual-time.ts";
import { paperVenue } from "./paper-venue.ts";

const START = micros(Date.UTC(2026, 0, 5, 14) * 1000);

async function open(): Promise<VenueStage> {
  const market = openGenerated({
    kind: "generated",
    seed: 11,
    startAt: START,
    duration: micros(10 * MINUTE),
  });
  const time = new VirtualTime();
  const opened = await paperVenue({
    openFeed: fedFeed(market, time),
    exchange: (header) => composeVenue(header, { config: DEFAULT_CONFIG, seed: 1 }),
    fees: feeRates(DEFAULT_CONFIG.simulation),
    timers: time,
  }).open(new AbortController().signal);
  if (!opened.ok) throw new Error(opened.error.text);
  return {
    session: opened.value,
    prefix: "s",
    async wait(ms) {
      const until = time.now + ms * 1e6;
      while (time.step(until)) await Promise.resolve();
      time.runTo(until);
      await Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
}

const ONLY_LOOKS = "orders go to an exchange in this process: there is no connection to lose";
const GONE =
  "the simulated exchange ends with its process: paper-session.test.ts shows what is told";
const FED = "the market is fed by hand: what the feed does is shown by the recorder's tests";

describe("the venue suite, on paper", () => {
  const goesOn = VENUE_CASES.filter(({ needs }) => needs === "reopen");
  const suite = venueSuite({
    name: "paper",
    open,
    skips: {
      "loses no fill and tells none twice when its connections are cut in mid-order": ONLY_LOOKS,
      "finds out what became of requests whose answers are lost": ONLY_LOOKS,
      "tells of the lost market as a gap, and begins a new book": FED,
      ...Object.fromEntries(goesOn.map(({ name }) => [name, GONE])),
    },
  });
  const played = suite.filter(({ skipped }) => skipped === undefined);
  it.each(played)("$name", ({ run }) => run());

  it("leaves three cases out and those of a process that goes on, with their reasons", () => {
    expect(goesOn.length).toBeGreaterThan(5);
    expect(suite.length - played.length).toBe(3 + goesOn.length);
  });
});
