/**
 * Bybit execution: a sale through the Bybit adapter, its child orders shown as they happen.
 *
 * Bybit is a local exchange here that this program starts, with keys that it makes up. For the true
 * one leave that out, say `network: "testnet"` or `"demo"`, and give keys by the environment
 * (ARRIVAL_BYBIT_KEY, ARRIVAL_BYBIT_SECRET).
 *
 *     node_modules/.bin/node examples/bybit-execution/bybit-execution.ts
 */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  chooseVenue,
  formatPrice,
  formatQuantity,
  hindrances,
  micros,
  newParentId,
  openLiveRun,
  parseConfig,
} from "../../src/index.ts";
import { startExchange } from "../../src/runtime/local-exchange.ts";

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const exchange = await startExchange({ symbols: ["linear:BTCUSDT=generated:seed=7"], speed: 10 });
const account = exchange.accounts[0]!;

// Pegged to the touch, at most 20 % of the volume, no order worth more than 50,000 dollars.
const config = parseConfig({
  strategy: { name: "peg" },
  execution: { maxParticipation: 0.2 },
  limits: { participation: 0.2 },
  live: { maxOrderValue: 50_000 },
});
if (!config.ok) throw new Error(config.error.map(({ text }) => text).join());

const parentId = newParentId(Date.now(), Math.random);
const venue = chooseVenue({
  venue: "bybit",
  network: "local",
  localUrl: exchange.url,
  symbol: "BTCUSDT",
  category: "linear",
  side: "sell",
  config: config.value,
  seed: 1,
  parentId,
  environment: { ARRIVAL_BYBIT_KEY: account.apiKey, ARRIVAL_BYBIT_SECRET: account.secret },
});
if (!venue.ok) throw new Error(venue.error.text);

const opened = await openLiveRun({
  venue: venue.value,
  parentId,
  journal: join(mkdtempSync(join(tmpdir(), "arrival-")), `${parentId}.journal`),
  request: {
    side: "sell",
    quantity: "1",
    isNotional: false,
    over: micros(10_000_000),
    constraints: { mayCrossSpread: true, residual: "cross" },
    acceptInfeasible: false,
    config: config.value,
    seed: 1,
  },
  onStep(_event, outputs) {
    for (const output of outputs) {
      if (output.kind !== "place-order") continue;
      const { quantity, limitPrice } = output.order;
      const { instrument } = run.session.header;
      const price = limitPrice === undefined ? "market" : formatPrice(instrument, limitPrice);
      say(`sell ${formatQuantity(instrument, quantity)} at ${price}`);
    }
  },
  onNotice: ({ severity, text }) => say(`${severity}: ${text}`),
});
if (!opened.ok) throw new Error(opened.error.text);
const run = opened.value;

const ready = await run.ready();
if (!ready.ok) throw new Error(ready.error.text);

// What would it mean? Nothing has been sent yet.
const looked = await run.preflight();
if (!looked.ok) throw new Error(looked.error.text);
say(looked.value.worstText);
for (const { name, text } of hindrances(looked.value)) throw new Error(`${name}: ${text}`);

const begun = run.begin();
if (!begun.ok) throw new Error(begun.error.text);
process.once("SIGINT", () => run.interrupt("cancel", "operator"));
const result = await run.finish();
await exchange.close();

const { report } = result;
say(`${result.phase}: ${report?.quantity.filled} sold at ${report?.prices.vwap}`);
say(`shortfall ${report?.shortfall.total.bps?.toFixed(2)} bps, fees included`);
