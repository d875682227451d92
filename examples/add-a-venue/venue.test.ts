/**
 * The venue suite on a venue, as somebody who has written one runs it. The venue here is Bybit, and
 * Bybit is an exchange on this machine, so nothing is needed and nothing can be lost.
 */
import { chooseVenue, DEFAULT_CONFIG } from "arrival";
import { type LocalExchange, startExchange } from "arrival/exchange";
import { venueSuite, type VenueStage } from "arrival/testing";
import { afterAll, beforeAll, test } from "vitest";

let exchange: LocalExchange;
let opened = 0;

beforeAll(async () => {
  const symbols = ["linear:BTCUSDT=generated:seed=7"];
  exchange = await startExchange({ symbols, accounts: 40, rateLimits: 100 });
});
afterAll(() => exchange.close());

/** One session of one account. The next on it is what a process finds that goes on. */
async function session(account: number): Promise<VenueStage["session"]> {
  const { apiKey, secret } = exchange.accounts[account]!;
  const venue = chooseVenue({
    venue: "bybit",
    network: "local",
    localUrl: exchange.url,
    category: "linear",
    symbol: "BTCUSDT",
    side: "buy",
    config: DEFAULT_CONFIG,
    seed: 1,
    parentId: `c${account}`,
    environment: { ARRIVAL_BYBIT_KEY: apiKey, ARRIVAL_BYBIT_SECRET: secret },
  });
  if (!venue.ok) throw new Error(venue.error.text);
  const begun = await venue.value.open(new AbortController().signal);
  if (!begun.ok) throw new Error(begun.error.text);
  return begun.value;
}

/** A session of its own for each case, on an account of its own. */
async function open(): Promise<VenueStage> {
  const account = opened++;
  return {
    session: await session(account),
    prefix: `c${account}`,
    burst: 10,
    wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    loseAnswers: (count) => exchange.server.loseAnswers(count),
    reopen: () => session(account),
    close: () => Promise.resolve(),
  };
}

const LATER = "this stage cannot cut connections yet";
const LONG = "this venue looks for 30 seconds before it gives an order up";

const suite = venueSuite({
  name: "my venue",
  open,
  skips: {
    "loses no fill and tells none twice when its connections are cut in mid-order": LATER,
    "tells of the lost market as a gap, and begins a new book": LATER,
    "does not take an adopted order that was accepted for one that never came": LONG,
  },
});

for (const { name, run, skipped } of suite) {
  test(skipped === undefined ? name : `${name} (left out: ${skipped})`, run);
}
