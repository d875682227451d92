/**
 * How a run's venue is found again. What is lost if this fails: a restart from another folder looks
 * for its keys elsewhere, or goes on where nobody knows its orders.
 */
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { configJson, DEFAULT_CONFIG } from "../runtime/config.ts";
import type { JournalHeader } from "../runtime/journal/journal.ts";
import type { RunFlags } from "./run.ts";
import { accessOf, venueOf } from "./venue-access.ts";

const FLAGS = {
  venue: "bybit",
  network: "local",
  localUrl: "http://127.0.0.1:8080",
  symbol: "BTCUSDT",
  category: "linear",
  side: "buy",
  quantity: "1",
} as RunFlags;

const header = (account?: unknown, access: object = accessOf(FLAGS)): JournalHeader => ({
  format: 1,
  program: "arrival 0.1.0",
  nodeMajor: 24,
  instrument: {},
  market: {},
  config: configJson(DEFAULT_CONFIG),
  seed: 1,
  access,
  ...(account === undefined ? {} : { account }),
});

describe("the access of a run", () => {
  it("names the file of its keys by its whole path", () => {
    expect(accessOf({ ...FLAGS, credentials: "keys.txt" })).toMatchObject({
      credentials: resolve("keys.txt"),
    });
    expect(accessOf(FLAGS).credentials).toBeUndefined();
  });

  it("leads to no other address, where the journal says nothing of the account", () => {
    const there = { localUrl: "http://127.0.0.1:8081/" };
    expect(venueOf(header(), "r1", there)).toMatchObject({
      error: {
        code: "RUN_RESUME",
        text: "it was begun at http://127.0.0.1:8080, and http://127.0.0.1:8081 does not know its orders",
      },
    });
    // Where it does, the account is looked at once it is known.
    for (const [known, url] of [
      [undefined, "http://127.0.0.1:8080/"],
      [{ host: "127.0.0.1:8080" }, there.localUrl],
    ]) {
      const made = venueOf(header(known), "r1", { localUrl: String(url) });
      expect(made.ok || made.error.code).toBe("VENUE_CREDENTIALS");
    }
    // Nothing rests on paper.
    const paper = { ...accessOf(FLAGS), venue: "paper" };
    expect(venueOf(header(undefined, paper), "r1", there).ok).toBe(true);
  });

  it("needs the run's own settings to go on with it, and not to withdraw it", () => {
    const strange = { ...header(), config: { of: "another program" } };
    expect(venueOf(strange, "r1", {})).toMatchObject({ error: { code: "RUN_RESUME" } });
    const made = venueOf(strange, "r1", {}, false);
    expect(made.ok || made.error.code).toBe("VENUE_CREDENTIALS");
  });
});
