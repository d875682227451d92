/**
 * Gather: observations from where they lie: journals of our own runs, fills from elsewhere, and
 * recordings of a market.
 *
 * What must stay true: an order that cannot be used is counted with the reason, never dropped in
 * silence and never filled up with guesses.
 */
import { err, ok, type Result } from "../../core/domain/errors.ts";
import { instrumentId } from "../../core/domain/instrument.ts";
import { executionOf } from "../../core/execution/execution-record.ts";
import { analyseImport } from "../analyse-import.ts";
import { canonicalJson } from "../../core/domain/canonical-json.ts";
import type { MarketKindFault } from "../compose.ts";
import type { ScaleFault } from "../day-scale.ts";
import type { ColumnMap } from "../fill-columns.ts";
import { type ImportFault, readFills } from "../imported-fills.ts";
import type { JournalFault } from "../journal/journal.ts";
import { openJournal } from "../journal/reader.ts";
import { besideJournal } from "../live/live-market.ts";
import {
  type MarketFault,
  openMarket,
  type OpenMarket,
  parseMarketSpec,
} from "../market-source.ts";
import type { Plugin } from "../plugin.ts";
import { replay, type ReplayFault } from "../replay.ts";
import { leaveOut, type Unclustered } from "./calibration-observation.ts";
import { executionObservation } from "./execution-observation.ts";
import { MarketPath } from "./market-path.ts";
import {
  metaorderObservations,
  type MetaorderRecord,
  pseudoMetaorders,
  type StatedMarket,
} from "./path-observations.ts";

export interface GatheredOrders {
  readonly observations: readonly Unclustered[];
  /** By reason, how many were left out. */
  readonly leftOut: ReadonlyMap<string, number>;
  /** What was read, in words. */
  readonly source: string;
  /** The instruments, or the generated market: what the values are true of, if of anything. */
  readonly market: string;
}

export type GatherFault =
  JournalFault | MarketFault | ReplayFault | ImportFault | ScaleFault | MarketKindFault;

/** A market that may know who worked large orders in it, once its blocks have been read. */
export type WatchedMarket = OpenMarket & { readonly metaorders?: () => Iterable<MetaorderRecord> };

/** The metaorders that a market knows of; in a recording, runs of one-sided market orders. */
export function gatherMarket(market: WatchedMarket, stated: StatedMarket): GatheredOrders {
  const id = instrumentId(market.header.instrument);
  const path = new MarketPath(market);
  const isGenerated = market.spec.kind === "generated";
  const name = isGenerated ? market.label : id;
  const known = market.metaorders?.();
  const found =
    known === undefined
      ? pseudoMetaorders(path, name, stated)
      : metaorderObservations(path, known, name, stated);
  const count = (number: number, what: string): string =>
    `${number.toLocaleString("en-US")} ${what} of ${market.label}`;
  const source =
    known === undefined
      ? count(path.orders.length, "market orders")
      : count(found.observations.length, "metaorders");
  return { ...found, source, market: isGenerated ? `a generated ${id}` : id };
}

/** Orders of at least so much of a day's volume: very small ones follow laws of their own. */
export function ofSize(gathered: GatheredOrders, least: number): GatheredOrders {
  const leftOut = new Map(gathered.leftOut);
  const observations = gathered.observations.filter(({ quantity, dailyVolume }) => {
    const isEnough = quantity >= least * dailyVolume;
    if (!isEnough) leaveOut(leftOut, `smaller than ${least} of a day's volume`);
    return isEnough;
  });
  return { ...gathered, observations, leftOut };
}

/** Several sources as one. */
export function together(parts: readonly GatheredOrders[]): GatheredOrders {
  const leftOut = new Map<string, number>();
  for (const part of parts) for (const [why, times] of part.leftOut) leaveOut(leftOut, why, times);
  return {
    observations: parts.flatMap(({ observations }) => observations),
    leftOut,
    source:
      parts.length === 1 ? parts[0]!.source : `${parts[0]!.source}, and ${parts.length - 1} more`,
    market: [...new Set(parts.map(({ market }) => market))].join(", "),
  };
}

export interface FillsRequest {
  readonly path: string;
  /** Read twice: a recording, or blocks that are kept. */
  readonly market: OpenMarket;
  readonly stated: StatedMarket;
  readonly map?: ColumnMap;
  readonly isUtc: boolean;
  /** Whether the recording's trades include the fills. */
  readonly ownPrinted: boolean;
}

/** Orders that were worked elsewhere, one by one as their fills name them. */
export async function gatherFills(
  request: FillsRequest,
): Promise<Result<GatheredOrders, GatherFault>> {
  const { path: file, market, stated, map, isUtc, ownPrinted } = request;
  const { instrument } = market.header;
  const read = await readFills(file, { instrument, isUtc, ...(map === undefined ? {} : { map }) });
  if (!read.ok) return read;
  const { fills } = read.value;
  const analysed = analyseImport(
    { instrument, fills, terms: {}, together: false, ownPrinted, coinPrices: new Map() },
    market,
  );
  if (!analysed.ok) return analysed;
  const name = instrumentId(instrument);
  const path = new MarketPath(market);
  const observations: Unclustered[] = [];
  const leftOut = new Map<string, number>();
  for (const { execution } of analysed.value) {
    const kind = "imported-fills";
    const made = executionObservation(execution, { kind, market: name, stated, path });
    if (typeof made === "string") leaveOut(leftOut, made);
    else observations.push(made);
  }
  const source = `${analysed.value.length} orders of ${file}, in ${market.label}`;
  return ok({ observations, leftOut, source, market: name });
}

export interface JournalsRequest {
  readonly paths: readonly string[];
  /** Where the market files lie now, if they have moved. */
  readonly data?: readonly string[];
  readonly stated: StatedMarket;
  readonly plugins: readonly Plugin[];
  /** See `ExecutionSource`. */
  readonly onlyOurs: boolean;
  readonly onProgress?: (done: number) => void;
}

/** Orders of our own runs: each journal is replayed first, and must come out the same. */
export async function gatherJournals(
  request: JournalsRequest,
): Promise<Result<GatheredOrders, GatherFault>> {
  const observations: Unclustered[] = [];
  const leftOut = new Map<string, number>();
  const markets = new Set<string>();
  const seen = new Markets(request.data);
  for (const [done, path] of request.paths.entries()) {
    request.onProgress?.(done);
    const replayed = await replay(path, {
      plugins: request.plugins,
      ...(request.data === undefined ? {} : { paths: request.data }),
    });
    if (!replayed.ok) return replayed;
    if (!replayed.value.identical) {
      leaveOut(leftOut, "its journal does not replay to the byte");
      continue;
    }
    const market = await seen.of(path);
    if (!market.ok) return market;
    const { label, instrument, path: worked } = market.value;
    markets.add(instrument);
    const { engine } = replayed.value;
    const state = engine.instruments[0]!;
    for (const parent of engine.parents.values()) {
      const horizon = parent.midAtEnd ?? state.observer.lastMid;
      const execution =
        horizon === undefined
          ? undefined
          : executionOf(parent, state, state.observer.lastAt, horizon);
      const made =
        execution === undefined
          ? "it never arrived"
          : executionObservation(execution, {
              kind: "own-run",
              market: label,
              stated: request.stated,
              path: worked,
              onlyOurs: request.onlyOurs,
            });
      if (typeof made === "string") leaveOut(leftOut, made);
      else observations.push(made);
    }
  }
  const source = `${request.paths.length} journals`;
  return ok({ observations, leftOut, source, market: [...markets].join(", ") });
}

interface SeenMarket {
  readonly label: string;
  readonly instrument: string;
  readonly path: MarketPath;
}

/** Runs of one batch often share their market: the last one is kept. */
class Markets {
  readonly #data: readonly string[] | undefined;
  #last: { readonly key: string; readonly seen: SeenMarket } | undefined;

  constructor(data: readonly string[] | undefined) {
    this.#data = data;
  }

  async of(journalPath: string): Promise<Result<SeenMarket, GatherFault>> {
    const opened = openJournal(journalPath);
    if (!opened.ok) return opened;
    const { market: raw } = opened.value.header;
    opened.value.close();
    const spec = parseMarketSpec(raw);
    if (!spec.ok) return spec;
    const key = canonicalJson(spec.value);
    if (this.#last?.key === key) return ok(this.#last.seen);
    const isMoved = spec.value.kind === "files" && this.#data !== undefined;
    const told = spec.value.kind === "live" ? besideJournal(spec.value, journalPath) : spec.value;
    const market = await openMarket(isMoved ? { ...spec.value, paths: this.#data! } : told);
    if (!market.ok) return err(market.error);
    const { header, label } = market.value;
    const instrument = instrumentId(header.instrument);
    // A generated market is its seed; recordings are told apart by time alone.
    const name = spec.value.kind === "generated" ? label : instrument;
    const seen = { label: name, instrument, path: new MarketPath(market.value) };
    this.#last = { key, seen };
    return ok(seen);
  }
}
