/**
 * Sweep worker: works the units it is told, in a thread of its own.
 *
 * It keeps one window open, because the units of one window come one after the other. What must
 * stay true: it decides nothing; what does not work is said, and what breaks ends the thread.
 */
import { parentPort, workerData } from "node:worker_threads";
import { invariant, ok, type Result } from "../core/domain/errors.ts";
import type { BacktestFault } from "./backtest.ts";
import { nativeNames, strategyNames } from "./compose.ts";
import type { OpenMarket } from "./market-source.ts";
import { type SharedMarket, unshared } from "./sweep-market.ts";
import { loadPlugins } from "./plugin.ts";
import { type SweepRequest, windowOf } from "./sweep-request.ts";
import { placeWindow, type SweepRow, workUnits } from "./sweep-unit.ts";
import type { Placed } from "./window.ts";
import { passesOf } from "./work-pass.ts";

export type ToWorker =
  | { readonly kind: "market"; readonly index: number; readonly market: SharedMarket }
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

/** The window that the units lie in, all of them in one. */
function openWindow(unit: number): Result<Placed, BacktestFault> {
  const number = windowOf(request, unit);
  if (open?.number === number) return ok(open.placed);
  open = undefined;
  const market = Math.floor(number / request.parents);
  const at = { market, window: number % request.parents };
  const held = recorded?.index === market ? recorded.market : undefined;
  const placed = placeWindow(request, at, held);
  if (placed.ok) open = { number, placed: placed.value };
  return placed;
}

function work(units: readonly number[]): void {
  const placed = openWindow(units[0]!);
  if (!placed.ok) {
    for (const unit of units) say({ kind: "fault", unit, text: placed.error.text });
    return;
  }
  for (const pass of passesOf(units)) workTogether(placed.value, pass);
}

/** In one pass. Where that breaks, one by one, so that it is known which unit breaks it. */
function workTogether(placed: Placed, units: readonly number[]): void {
  let rows: ReturnType<typeof workUnits>;
  try {
    rows = workUnits(request, placed, units, plugins);
  } catch (error) {
    const [unit, ...more] = units;
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    if (more.length === 0) say({ kind: "fault", unit: unit!, text });
    else for (const each of units) workTogether(placed, [each]);
    return;
  }
  rows.forEach((row, k) => {
    const unit = units[k]!;
    say(row.ok ? { kind: "row", row: row.value } : { kind: "fault", unit, text: row.error.text });
  });
}

port.on("message", (message: ToWorker) => {
  if (message.kind === "market") {
    recorded = { index: message.index, market: unshared(message.market) };
  } else work(message.units);
});
say({ kind: "ready" });
