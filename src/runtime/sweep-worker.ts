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
import { loadPlugins } from "./plugin.ts";
import { type RecordedWindow, recordedWindows } from "./recorded-windows.ts";
import { type SharedMarket, unshared } from "./sweep-market.ts";
import { isToured, longestOf, type SweepRequest, unitAt, windowOf } from "./sweep-request.ts";
import { placeWindow, type SweepRow, tourUnits, workUnits } from "./sweep-unit.ts";
import type { Placed } from "./window.ts";
import { passesOf } from "./work-pass.ts";

export type ToWorker =
  | { readonly kind: "market"; readonly index: number; readonly market: SharedMarket }
  | { readonly kind: "units"; readonly units: readonly number[] };

export type FromWorker =
  | { readonly kind: "ready" }
  | { readonly kind: "rows"; readonly rows: readonly SweepRow[] }
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

/** Rows that are said at once: each message costs both threads. */
const ROWS_AT_ONCE = 32;

const say = (message: FromWorker): void => port.postMessage(message);
let worked: SweepRow[] = [];
/** Units in hand of which nothing was said yet. */
let left = new Set<number>();

function tell(unit: number, row: Result<SweepRow, BacktestFault>): void {
  left.delete(unit);
  if (!row.ok) return say({ kind: "fault", unit, text: row.error.text });
  worked.push(row.value);
  if (worked.length === ROWS_AT_ONCE) sayWorked();
}

function sayWorked(): void {
  if (worked.length > 0) say({ kind: "rows", rows: worked });
  worked = [];
}

function tellError(unit: number, error: unknown): void {
  left.delete(unit);
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  say({ kind: "fault", unit, text });
}

interface Recorded {
  readonly index: number;
  readonly market: OpenMarket;
  /** Placed when the first of them is wanted. */
  windows?: Result<readonly RecordedWindow[], BacktestFault>;
}
let recorded: Recorded | undefined;
let open: { readonly number: number; readonly placed: Placed } | undefined;

/** Units of one market: of one window, or such as may go round together. */
function work(units: readonly number[]): void {
  left = new Set(units);
  const { market } = unitAt(request, units[0]!);
  if (recorded?.index === market && isToured(request, market)) goRound(recorded, units);
  else workWindow(units);
  sayWorked();
}

function goRound(held: Recorded, units: readonly number[]): void {
  held.windows ??= recordedWindows(held.market, longestOf(request), request.parents);
  const { windows, market } = held;
  apart(units, (some) => {
    if (!windows.ok) return some.forEach((unit) => tell(unit, windows));
    for (const told of tourUnits(request, market, windows.value, some, plugins)) {
      if ("error" in told) tellError(told.unit, told.error);
      else tell(told.unit, told.row);
    }
  });
}

function workWindow(units: readonly number[]): void {
  const placed = openWindow(units[0]!);
  for (const pass of passesOf(units)) {
    apart(pass, (some) => {
      const rows = placed.ok
        ? workUnits(request, placed.value, some, plugins)
        : some.map(() => placed);
      for (const [k, unit] of some.entries()) tell(unit, rows[k]!);
    });
  }
}

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

/**
 * All together. Where that breaks, what is left by halves: so it is known which unit breaks it, and
 * that costs no other.
 */
function apart(units: readonly number[], workThem: (units: readonly number[]) => void): void {
  try {
    workThem(units);
  } catch (error) {
    const rest = units.filter((unit) => left.has(unit));
    if (rest.length < 2) return rest.forEach((unit) => tellError(unit, error));
    const middle = Math.ceil(rest.length / 2);
    for (const half of [rest.slice(0, middle), rest.slice(middle)]) apart(half, workThem);
  }
}

port.on("message", (message: ToWorker) => {
  if (message.kind === "market") {
    recorded = { index: message.index, market: unshared(message.market) };
  } else work(message.units);
});
say({ kind: "ready" });
