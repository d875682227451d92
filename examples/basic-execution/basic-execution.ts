/**
 * Basic execution: half a bitcoin in eight seconds, on paper, in a live market of your own.
 *
 * The market is a local exchange that this program starts; `network: "mainnet"` instead of "local"
 * looks at the true one, and is as harmless: paper sends no order anywhere and needs no key.
 *
 *     node_modules/.bin/node examples/basic-execution/basic-execution.ts
 */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chooseVenue, DEFAULT_CONFIG, micros, newParentId, openLiveRun } from "../../src/index.ts";
import { startExchange } from "../../src/runtime/local-exchange.ts";

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const exchange = await startExchange({ symbols: ["linear:BTCUSDT=generated:seed=7"], speed: 10 });

const config = DEFAULT_CONFIG;
const parentId = newParentId(Date.now(), Math.random);
const venue = chooseVenue({
  venue: "paper",
  network: "local",
  localUrl: exchange.url,
  symbol: "BTCUSDT",
  category: "linear",
  side: "buy",
  config,
  seed: 1,
  parentId,
  environment: {},
});
if (!venue.ok) throw new Error(venue.error.text);

const opened = await openLiveRun({
  venue: venue.value,
  parentId,
  journal: join(mkdtempSync(join(tmpdir(), "arrival-")), `${parentId}.journal`),
  request: {
    side: "buy",
    quantity: "0.5",
    isNotional: false,
    over: micros(8_000_000),
    constraints: { mayCrossSpread: true, residual: "cross" },
    acceptInfeasible: false,
    config,
    seed: 1,
  },
});
if (!opened.ok) throw new Error(opened.error.text);
const run = opened.value;

const ready = await run.ready(); // The book is there.
if (!ready.ok) throw new Error(ready.error.text);
const begun = run.begin(); // From here on orders are sent, and everything is journaled.
if (!begun.ok) throw new Error(begun.error.text);
const result = await run.finish();
await exchange.close();

const { report } = result;
say(`${result.phase}: ${result.reason}`);
say(`bought ${report?.quantity.filled} at ${report?.prices.vwap}`);
say(`shortfall ${report?.shortfall.total.bps?.toFixed(2)} bps, fees included`);
say(`check it: arrival replay ${result.journal}`);
