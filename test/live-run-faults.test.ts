/**
 * A live run on a local exchange that does all that an exchange and a network do wrong: connections
 * break in mid-order, answers never come, the exchange stalls and restarts.
 *
 * What is lost if this fails: the account is not what the program says it is. So the venue is asked
 * in the end, by somebody else, and its position must be what the engine counted.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { streamOf, uniformAt } from "../src/core/domain/random.ts";
import { micros, SECOND } from "../src/core/domain/units.ts";
import { parseConfig } from "../src/runtime/config.ts";
import { openLiveRun } from "../src/runtime/live/open-run.ts";
import { chooseVenue, type VenueChoice } from "../src/runtime/live/venue-choice.ts";
import { type LocalExchange, startExchange } from "../src/runtime/local-exchange.ts";
import { replay } from "../src/runtime/replay.ts";

const folder = mkdtempSync(join(tmpdir(), "arrival-faults-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Pegged orders that move often, so that faults fall on placing, amending and canceling alike. */
const CONFIG = parseConfig({
  strategy: {
    name: "twap",
    parameters: { intervalSeconds: 2 },
    tactic: { name: "peg", parameters: { repegSeconds: 0.1 } },
  },
  execution: { maxParticipation: 0.5 },
  limits: { participation: 0.5, ordersPerMinute: 100, aggressiveSpacing: "500ms" },
});
const OVER = micros(8 * SECOND);
const FAULT_MS = 700;

/** One fault every now and then, drawn by the seed. @returns what ends them. */
function disturb({ server }: LocalExchange, seed: number): () => void {
  let drawn = 0;
  const random = (): number => uniformAt(seed, streamOf("faults"), drawn++);
  const timer = setInterval(() => {
    const what = random();
    if (what < 0.35) server.dropConnections();
    else if (what < 0.75) server.loseAnswers(1 + Math.floor(random() * 3));
    else if (what < 0.9) {
      server.pause();
      setTimeout(() => server.resume(), 1000 * random());
    } else server.restart();
  }, FAULT_MS);
  return () => {
    clearInterval(timer);
    server.resume();
    server.loseAnswers(0);
  };
}

function venueOn(exchange: LocalExchange, parentId: string) {
  if (!CONFIG.ok) throw new Error(CONFIG.error.map(({ text }) => text).join());
  const { apiKey, secret } = exchange.accounts[0]!;
  const choice: VenueChoice = {
    venue: "bybit",
    network: "local",
    localUrl: exchange.url,
    symbol: "BTCUSDT",
    category: "linear",
    side: "buy",
    config: CONFIG.value,
    seed: 1,
    parentId,
    environment: { ARRIVAL_BYBIT_KEY: apiKey, ARRIVAL_BYBIT_SECRET: secret },
  };
  const venue = chooseVenue(choice);
  if (!venue.ok) throw new Error(venue.error.text);
  return { venue: venue.value, config: CONFIG.value };
}

/** What the account holds, and what rests there, as somebody else sees it. */
async function truthOf(exchange: LocalExchange) {
  const session = await venueOn(exchange, "onlooker").venue.open(new AbortController().signal);
  if (!session.ok) throw new Error(session.error.text);
  await session.value.close();
  const { positionLots, foreignOrders } = session.value.account;
  return { positionLots, foreignOrders };
}

async function play(seed: number) {
  const market = `linear:BTCUSDT=generated:seed=${seed}`;
  const exchange = await startExchange({ symbols: [market], speed: 5, seed });
  try {
    const { venue, config } = venueOn(exchange, "rfaults");
    const journal = join(folder, `${seed}.journal`);
    const opened = await openLiveRun({
      venue,
      parentId: "rfaults",
      journal,
      request: {
        side: "buy",
        quantity: "3",
        isNotional: false,
        over: OVER,
        constraints: { mayCrossSpread: true, residual: "cross" },
        acceptInfeasible: true,
        config,
        seed: 1,
      },
    });
    if (!opened.ok) throw new Error(opened.error.text);
    const run = opened.value;
    const ready = await run.ready();
    const begun = run.begin();
    if (!ready.ok || !begun.ok) throw new Error("the run does not begin");
    const calm = disturb(exchange, seed);
    setTimeout(calm, OVER / 1000);
    const result = await run.finish();
    calm();
    const { filled } = run.parent!;
    return {
      result,
      filled,
      truth: await truthOf(exchange),
      again: await replay(journal),
    };
  } finally {
    await exchange.close();
  }
}

describe.concurrent("a live run under faults", () => {
  it.each([2])("ends with the account that it tells of (seed %i)", async (seed) => {
    const { result, filled, truth, again } = await play(seed);
    expect(result.end).toEqual({ kind: "over" });
    expect(truth).toEqual({ positionLots: filled, foreignOrders: 0 });
    expect(result.alerts.map(({ code }) => code)).not.toContain("RUN_POSITION");
    expect(again).toMatchObject({ ok: true, value: { identical: true, warnings: [] } });
  });
});
