/**
 * Desk process: a desk on the local exchange in a process of its own, told what to do by lines of
 * JSON: so that it can be killed like any process.
 *
 * Usage: node desk-process.ts FOLDER URL; the keys come from the environment.
 */
import { createInterface } from "node:readline";
import { DEFAULT_CONFIG } from "../../src/runtime/config.ts";
import { openDesk } from "../../src/runtime/desk/desk.ts";
import type { OrderForm } from "../../src/runtime/desk/order-form.ts";
import { chooseVenue } from "../../src/runtime/live/venue-choice.ts";

const [, , folder = "", localUrl = ""] = process.argv;
const config = {
  ...DEFAULT_CONFIG,
  limits: { ...DEFAULT_CONFIG.limits, participation: 0.9, ordersPerMinute: 600 },
};

const say = (told: unknown): void => void process.stdout.write(`${JSON.stringify(told)}\n`);

const opened = await openDesk({
  folder,
  place: `bybit local ${localUrl}`,
  config,
  seed: 1,
  venueFor({ category, symbol, runId }) {
    const venue = chooseVenue({
      venue: "bybit",
      network: "local",
      localUrl,
      category,
      symbol,
      side: "buy",
      config,
      seed: 1,
      parentId: runId,
      environment: process.env,
    });
    return venue.ok ? { ok: true, value: { venue: venue.value } } : venue;
  },
});
if (!opened.ok) throw new Error(`${opened.error.code}: ${opened.error.text}`);
const desk = opened.value;
say({ isOpen: true });

for await (const line of createInterface({ input: process.stdin })) {
  const { command, form } = JSON.parse(line) as { command: string; form?: OrderForm };
  if (command === "submit") say(await desk.submit("ann", form!));
  else if (command === "state") {
    say({
      runs: desk.runs(),
      orders: desk.rows().map(({ parentId }) => desk.order(parentId) ?? null),
    });
  } else if (command === "close") {
    await desk.close("leave");
    say({ isClosed: true });
    break;
  }
}
process.exit(0);
