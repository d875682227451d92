/**
 * Sweep worker: works the units it is told, in a thread of its own.
 *
 * It keeps one window open, because the units of one window come one after the other. What must
 * stay true: it decides nothing; what does not work is said, and what breaks ends the thread.
 */
import { parentPort, workerData } from "node:worker_threads";
import { invariant } from "../core/domain/errors.ts";
import type { Placed } from "./compare.ts";
import { nativeNames, strategyNames } from "./compose.ts";
import type { OpenMarket } from "./market-source.ts";
import { loadPlugins } from "./plugin.ts";
import { type SweepRequest, windowOf } from "./sweep-request.ts";
import { placeWindow, type SweepRow, workUnit } from "./sweep-unit.ts";

export type ToWorker =
  | { readonly kind: "market"; readonly index: number; readonly market: OpenMarket }
  | { readonly kind: "units"; readonly units: readonly number[] };

export type FromWorker =
  | { readonly kind: "ready" }
  | { readonly kind: "row"; readonly row: SweepRow }
  | { readonly kind: "fault"; readonly unit: number; readonly text: string };

const port = parentPort;
invariant(port !== null, "the worker of a sweep runs in a thread of its own");
const request = workerData as SweepRequest;
const loaded = await loadPlugins(request.pluginPaths, [...strategyNames(), ...nativeNames()]);
if (!loaded.ok) throw new Error(loaded.error.text);
const plugins = loaded.value;
plugins.forEach(({ file, sha256 }, i) => {
  if (sha256 !== request.plugins[i]?.sha256) {
    throw new Error(`the plugin ${file} has changed since the sweep began`);
  }
});

const say = (message: FromWorker): void => port.postMessage(message);
let recorded: { readonly index: number; readonly market: OpenMarket } | undefined;
let open: { readonly number: number; readonly placed: Placed } | undefined;

function work(unit: number): FromWorker {
  const number = windowOf(request, unit);
  const at = {
    market: Math.floor(number / request.parents),
    window: number % request.parents,
  };
  if (open?.number !== number) {
    open = undefined;
    const market = recorded?.index === at.market ? recorded.market : undefined;
    const placed = placeWindow(request, at, market);
    if (!placed.ok) return { kind: "fault", unit, text: placed.error.text };
    open = { number, placed: placed.value };
  }
  const row = workUnit(request, open.placed, unit, plugins);
  return row.ok ? { kind: "row", row: row.value } : { kind: "fault", unit, text: row.error.text };
}

port.on("message", (message: ToWorker) => {
  if (message.kind === "market") recorded = message;
  else for (const unit of message.units) say(work(unit));
});
say({ kind: "ready" });
