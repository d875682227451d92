/**
 * Sweep request: what a sweep works, its units in their one order, and what makes it that sweep.
 *
 * A unit is one parent by one arm under one queue model. Units are numbered; market, window, side,
 * arm and queue follow from the number. What must stay true: the identity holds everything that a
 * number in the result depends on, so two sweeps of one identity have the same results.
 */
import { createHash } from "node:crypto";
import type { ParentConstraints } from "../core/domain/parent-order.ts";
import type { Side } from "../core/domain/side.ts";
import { type Micros, micros } from "../core/domain/units.ts";
import type { QueueModelName } from "../simulation/queue.ts";
import { canonicalJson } from "../core/domain/canonical-json.ts";
import { QUEUES } from "./comparison.ts";
import { kindOf } from "./compose.ts";
import { type ArrivalConfig, configJson } from "./config.ts";
import type { FileMarket } from "./market-source.ts";
import type { PluginNote } from "./plugin.ts";
import { NODE_MAJOR, PROGRAM } from "./program.ts";
import type { SweepArm } from "./sweep-grid.ts";
import { type GeneratedMarket, generatedWindow } from "./window.ts";

/** One market: every window of it is worked by every arm. */
export type SweepMarket =
  | {
      readonly kind: "generated";
      readonly name: string;
      /** Of the first window; the others are spread over the hours of a day. */
      readonly startAt: Micros;
      readonly knobs: Omit<GeneratedMarket, "kind" | "seed" | "startAt" | "duration">;
    }
  | { readonly kind: "recorded"; readonly name: string; readonly files: FileMarket };

/** Plain data: it is sent to the workers as it is. */
export interface SweepRequest {
  readonly markets: readonly SweepMarket[];
  /** Keys of the grid, in its order. */
  readonly axes: readonly string[];
  /** The first is what the others are compared with. */
  readonly arms: readonly SweepArm[];
  readonly sides: readonly Side[];
  /** Windows in each market. */
  readonly parents: number;
  readonly constraints: ParentConstraints;
  readonly config: ArrivalConfig;
  readonly seed: number;
  readonly plugins: readonly PluginNote[];
  /** Where the plugins are: each worker loads its own. */
  readonly pluginPaths: readonly string[];
}

export interface SweepUnit {
  readonly market: number;
  /** Within its market. */
  readonly window: number;
  readonly side: Side;
  readonly arm: SweepArm;
  readonly queue: QueueModelName;
}

/** Units that share a window, one after the other: the market is opened once for them. */
export const unitsPerWindow = ({ sides, arms }: SweepRequest): number =>
  sides.length * arms.length * QUEUES.length;

export const unitCount = (request: SweepRequest): number =>
  request.markets.length * request.parents * unitsPerWindow(request);

/** Number of the window that a unit lies in, over all markets. */
export const windowOf = (request: SweepRequest, unit: number): number =>
  Math.floor(unit / unitsPerWindow(request));

export function unitAt(request: SweepRequest, unit: number): SweepUnit {
  const { sides, arms, parents } = request;
  const windows = windowOf(request, unit);
  const queue = unit % QUEUES.length;
  const arm = Math.floor(unit / QUEUES.length) % arms.length;
  const side = Math.floor(unit / (QUEUES.length * arms.length)) % sides.length;
  return {
    market: Math.floor(windows / parents),
    window: windows % parents,
    side: sides[side]!,
    arm: arms[arm]!,
    queue: QUEUES[queue]!,
  };
}

/** `is urgency=0.1, buy, window 3 of day.gz, risk-averse` */
export function unitText(request: SweepRequest, unit: number): string {
  const { market, window, side, arm, queue } = unitAt(request, unit);
  return `${arm.label}, ${side}, window ${window} of ${request.markets[market]!.name}, ${queue}`;
}

/** Whether windows of a market are worked in tours: a recording that nothing of ours moves. */
export function isToured({ markets, config }: SweepRequest, market: number): boolean {
  const source = markets[market]!;
  return source.kind === "recorded" && kindOf({ spec: source.files }, config) === "recorded";
}

/** Windows begin where an order of this length still fits, so that every arm has the same ones. */
export const longestOf = ({ arms }: Pick<SweepRequest, "arms">): Micros =>
  micros(Math.max(...arms.map(({ over }) => over)));

/** The market of one generated window of a sweep. */
export const sweepWindow = (
  { startAt, knobs }: Extract<SweepMarket, { kind: "generated" }>,
  request: Pick<SweepRequest, "arms" | "seed">,
  window: number,
): GeneratedMarket =>
  generatedWindow({ startAt, ...knobs }, longestOf(request), request.seed, window);

type Json = { readonly [key: string]: unknown };

/** Everything that the results depend on, as plain JSON. Where files lie is no part of it. */
export function identityOf(request: SweepRequest): Json {
  const { markets, axes, arms, sides, parents, constraints, config, seed, plugins } = request;
  const identity = {
    program: PROGRAM,
    nodeMajor: NODE_MAJOR,
    markets: markets.map((market) =>
      market.kind === "generated"
        ? { kind: market.kind, startAt: market.startAt, knobs: market.knobs }
        : {
            kind: market.kind,
            symbol: market.files.symbol,
            contract: market.files.contract,
            sources: market.files.sources,
          },
    ),
    axes,
    arms,
    sides,
    parents,
    constraints,
    config: configJson(config),
    seed,
    plugins,
  };
  return JSON.parse(canonicalJson(identity)) as Json;
}

/** SHA-256 of the identity, hex. */
export const hashOf = (identity: Json): string =>
  createHash("sha256").update(canonicalJson(identity)).digest("hex");

/** Where two identities differ: `arms.2.urgency: 0.5 there, 0.9 now`. Empty when they do not. */
export function differences(there: unknown, now: unknown, path = ""): readonly string[] {
  if (isBranch(there) && isBranch(now)) {
    const keys = [...new Set([...Object.keys(there), ...Object.keys(now)])];
    return keys.flatMap((key) =>
      differences(there[key], now[key], path === "" ? key : `${path}.${key}`),
    );
  }
  const [before, after] = [told(there), told(now)];
  return before === after ? [] : [`${path}: ${before} there, ${after} now`];
}

const isBranch = (value: unknown): value is Json => typeof value === "object" && value !== null;

const LONGEST_VALUE = 60;

function told(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = canonicalJson(value);
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text;
}
