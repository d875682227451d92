/**
 * Live market: the rows that a live run saw, as its journal names them, for a replay.
 *
 * What must stay true: the same rows in the same order at the same positions, with times counted
 * from the same epoch as then, so that every figure made of them comes out the same to the last
 * digit.
 */
import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { ok, type Result } from "../../core/domain/errors.ts";
import { instrumentId } from "../../core/domain/instrument.ts";
import { type Micros, micros } from "../../core/domain/units.ts";
import {
  blockOf,
  type MarketBlock,
  type MarketHeader,
  VENUE_ONLY,
} from "../../core/market/columns.ts";
import { type EventFile, openEventFile } from "../../data/event-file/reader.ts";
import { partialOf } from "../../data/event-file/writer.ts";
import type { DataFault } from "../../data/fault.ts";
import { dayScaleOf } from "../day-scale.ts";
import type { HeldAccount } from "../compose.ts";
import type { OpenMarket } from "../market-source.ts";

/** Plain JSON: the journal's header keeps it. */
export interface LiveMarketSpec {
  readonly kind: "live";
  /** One event file; by its name alone it lies beside the journal. */
  readonly paths: readonly string[];
  /** Whose orders they were: "bybit", "paper". */
  readonly venue: string;
  /** Unix seconds at which the rows' times were zero then. */
  readonly epochSeconds: number;
  /** Whether fills say nothing of what they did to the market, though they did something. */
  readonly isImpactUnknown: boolean;
  /** The account as the run began. */
  readonly account: {
    readonly positionLots: number;
    readonly maker: number;
    readonly taker: number;
    /** See `VenueSession`. Absent: its venue tells of no others' executions. */
    readonly executedTo?: Micros | undefined;
  };
}

export const LIVE_SPEC = z.strictObject({
  kind: z.literal("live"),
  paths: z.array(z.string().min(1)).length(1),
  venue: z.string().min(1),
  epochSeconds: z.int().positive(),
  isImpactUnknown: z.boolean(),
  account: z.strictObject({
    positionLots: z.int(),
    maker: z.number().min(-1).max(1),
    taker: z.number().min(-1).max(1),
    executedTo: z.int().positive().transform(micros).optional(),
  }),
});

export const heldAccount = ({ account }: LiveMarketSpec): HeldAccount => {
  const { positionLots, maker, taker, executedTo } = account;
  return { positionLots, fees: { maker, taker }, executedTo };
};

/** By its name alone a run's file lies beside its journal. */
export const besideJournal = (spec: LiveMarketSpec, journal: string): LiveMarketSpec => ({
  ...spec,
  paths: spec.paths.map((name) => join(dirname(journal), basename(name))),
});

/** The header as the engine had it. */
export const liveHeader = (
  { instrument, epochNanos, ownTradesPrinted, displacementModel }: MarketHeader,
  spec: LiveMarketSpec,
): MarketHeader => ({
  instrument,
  epochNanos,
  ownTradesPrinted,
  ...(spec.isImpactUnknown
    ? { displacementModel: "unknown" as const }
    : displacementModel === undefined
      ? {}
      : { displacementModel }),
});

/** Of session 1 the file itself; `run.market.arrival` has `run.market.2.arrival` behind it. */
export const sessionFile = (first: string, session: number): string =>
  session === 1 ? first : first.replace(/(\.arrival)?$/, `.${session}.arrival`);

/** A file that a crash cut off is read as far as it goes: see `isCut`. */
export function openLiveMarket(
  spec: LiveMarketSpec,
  sessionCount = 1,
): Result<OpenMarket, DataFault> {
  const path = spec.paths[0]!;
  const epochNanos = BigInt(spec.epochSeconds) * 1_000_000_000n;
  const found = Array.from({ length: sessionCount }, (_, k) =>
    openWhatIsThere(sessionFile(path, k + 1)),
  );
  // A session that saw no rows has left no file, and of a lost one the journal says that it is.
  const files = found.flatMap((opened) => (opened.ok ? [opened.value] : []));
  const [first] = files;
  if (first === undefined) return found[0] as Result<never, DataFault>;
  const { origin: _, ...rest } = first.header;
  const header = liveHeader({ ...rest, epochNanos }, spec);
  const sessions = found.map((opened) => ({
    [Symbol.iterator]: () => (opened.ok ? engineBlocks(opened.value, epochNanos) : noBlocks()),
  }));
  const blocks = { [Symbol.iterator]: () => allOf(sessions) };
  const last = files.at(-1)!;
  const epochMicros = spec.epochSeconds * 1e6;
  const shiftOf = ({ header: { epochNanos: begins } }: EventFile) => Number(begins - epochNanos);
  return ok({
    header,
    blocks,
    sessions,
    from: micros(epochMicros + Math.ceil((spanOf(first).from + shiftOf(first)) / 1000)),
    until: micros(epochMicros + Math.floor((spanOf(last).until + shiftOf(last)) / 1000)),
    spec,
    isCut: files.some(({ cut }) => cut !== undefined),
    scale: dayScaleOf(header, () => blocks),
    label: `${spec.venue} ${instrumentId(header.instrument)} (live, ${path})`,
  });
}

/** A run that was cut off had not given its file its name. */
function openWhatIsThere(path: string): Result<EventFile, DataFault> {
  const isUnnamed = !existsSync(path) && existsSync(partialOf(path));
  return openEventFile(isUnnamed ? partialOf(path) : path);
}

function* allOf(sessions: readonly Iterable<MarketBlock>[]): Generator<MarketBlock> {
  for (const blocks of sessions) yield* blocks;
}

function* noBlocks(): Generator<MarketBlock> {
  // A session without rows.
}

function spanOf(file: EventFile): { readonly from: number; readonly until: number } {
  if (file.blocks.length === 0) return { from: 0, until: 0 };
  const last = file.read(file.blocks.length - 1);
  return { from: file.read(0).localTime[0]!, until: last.localTime[last.length - 1]! };
}

/** Without the rows that stand for the venue's order alone, and by the run's own epoch. */
export function* engineBlocks(
  file: EventFile,
  epochNanos: bigint,
  blocks: Iterable<MarketBlock> = file.sequence(),
): Generator<MarketBlock> {
  const shift = Number(file.header.epochNanos - epochNanos);
  for (const block of blocks) {
    let length = 0;
    for (let row = 0; row < block.length; row++) {
      if ((block.kind[row]! & VENUE_ONLY) !== 0) continue;
      block.exchangeTime[length] = block.exchangeTime[row]! + shift;
      block.localTime[length] = block.localTime[row]! + shift;
      block.kind[length] = block.kind[row]!;
      block.price[length] = block.price[row]!;
      block.quantity[length] = block.quantity[row]!;
      length += 1;
    }
    if (length > 0) yield blockOf(block, length);
  }
}
