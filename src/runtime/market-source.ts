/**
 * Market source: where a run's market comes from, said so that a replay can get the very same one.
 */
import { z } from "zod";
import { err, invariant, ok, type Result } from "../core/domain/errors.ts";
import { type ContractKind, instrumentId } from "../core/domain/instrument.ts";
import { type Micros, micros, SECOND } from "../core/domain/units.ts";
import type { MarketBlock, MarketHeader } from "../core/market/columns.ts";
import { type DataFault, openRecording, type ReadOptions } from "../data/recording.ts";
import { type DayScale, dayScaleOf, type ScaleFault } from "./day-scale.ts";
import { type InstrumentFault, type InstrumentJson, parseInstrument } from "./instrument-file.ts";
import { type FittedWorld, PROFILE, WORLD } from "./market-fit/profile-schema.ts";
import {
  GeneratedMarket,
  type GeneratedMarketConfig,
  generatedHeader,
  generateMarket,
} from "../simulation/generated/market.ts";
import {
  chosenMarket,
  FLOW_KINDS,
  type MarketChoice,
  SYMBOL,
} from "../simulation/market-choice.ts";
import { checkScenario, type Scenario } from "../simulation/world/scenario.ts";
import { LIVE_SPEC, type LiveMarketSpec, openLiveMarket } from "./live/live-market.ts";

export { FLOW_KINDS, SYMBOL };

export interface FileMarket {
  readonly kind: "files";
  readonly paths: readonly string[];
  readonly symbol?: string;
  readonly contract?: ContractKind;
  /** The grid, where neither the recording nor the built-in table has it. */
  readonly instrument?: InstrumentJson;
  /** Known once the files have been read; a replay demands the same bytes. */
  readonly sources?: readonly {
    readonly name: string;
    readonly bytes: number;
    readonly sha256: string;
  }[];
}

/** A generated market; its profile and grid stand in it whole, so that a replay needs no file. */
export interface GeneratedSpec
  extends Omit<GeneratedMarketConfig, "instrument" | "world">, MarketChoice {
  readonly kind: "generated";
  readonly instrument?: InstrumentJson;
  readonly world?: FittedWorld;
}

/** Plain JSON: the journal's header keeps it. */
export type MarketSpec = FileMarket | GeneratedSpec | LiveMarketSpec;

/** What the generator is to be told. @throws InvariantError of a spec that nobody has checked. */
export function generatedConfig(spec: GeneratedSpec): GeneratedMarketConfig {
  const { kind: _kind, instrument, ...rest } = spec;
  if (instrument === undefined) return chosenMarket(rest, spec);
  const grid = parseInstrument(instrument);
  invariant(grid.ok, "the grid of a generated market was not checked");
  return chosenMarket({ ...rest, instrument: grid.value }, spec);
}

export interface OpenMarket {
  readonly header: MarketHeader;
  readonly blocks: Iterable<MarketBlock>;
  /** Local time of the first row, and of the last. */
  readonly from: Micros;
  readonly until: Micros;
  /** The spec with everything that was found out about the files. */
  readonly spec: MarketSpec;
  readonly label: string;
  /** A live run's rows that end where the run was cut off. */
  readonly isCut?: boolean;
  /** Of a live run that was gone on with: its rows by session. */
  readonly sessions?: readonly Iterable<MarketBlock>[];
  /** Measured when it is first asked for. */
  readonly scale: () => Result<DayScale, ScaleFault>;
  /** A generated market's own large orders, as far as its blocks have been read. */
  readonly metaorders?: () => GeneratedMarket["metaorders"];
  /** What has happened around a generated market, likewise; undefined before its first block. */
  readonly story?: () => MarketStory | undefined;
}

export type MarketStory = Pick<GeneratedMarket, "news" | "fundings" | "liquidations">;

export type MarketFault =
  | DataFault
  | InstrumentFault
  | {
      readonly code: "DATA_SPEC";
      readonly text: string;
      readonly file?: string;
      readonly line?: number;
    }
  | {
      readonly code: "DATA_CHANGED";
      readonly text: string;
      readonly file?: string;
      readonly line?: number;
    };

const SPEC = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("files"),
    paths: z.array(z.string().min(1)).min(1),
    symbol: z.string().optional(),
    contract: z.enum(["spot", "linear", "inverse"]).optional(),
    instrument: z.unknown().optional(),
    sources: z
      .array(z.strictObject({ name: z.string(), bytes: z.int(), sha256: z.string() }))
      .optional(),
  }),
  z.strictObject({
    kind: z.literal("generated"),
    seed: z.int(),
    startAt: z.int(),
    duration: z.int().positive(),
    eventsPerSecond: z.number().positive().max(1e6).optional(),
    pressure: z.number().min(-1).max(1).optional(),
    startPrice: z.int().min(2_000).max(2e9).optional(),
    instrument: z.unknown().optional(),
    profile: PROFILE.optional(),
    world: WORLD.optional(),
    symbol: z.string().regex(SYMBOL).optional(),
    flow: z.enum(FLOW_KINDS).optional(),
    correlation: z.number().min(0).max(1).optional(),
    scenario: z.unknown().optional(),
    news: z
      .strictObject({
        ownPerDay: z.number().min(0).max(240).optional(),
        marketPerDay: z.number().min(0).max(240).optional(),
        split: z.enum(["training", "validation", "test"]).optional(),
      })
      .optional(),
  }),
  LIVE_SPEC,
]);

/** Checks what a journal's header says of its market. */
export function parseMarketSpec(raw: unknown): Result<MarketSpec, MarketFault> {
  const parsed = SPEC.safeParse(raw);
  if (parsed.success) {
    const spec = parsed.data as MarketSpec;
    if (spec.kind !== "generated") return ok(spec);
    const story = spec.scenario === undefined ? ok(undefined) : parseScenario(spec.scenario, spec);
    if (!story.ok) return err({ code: "DATA_SPEC", text: `the journal's ${story.error.text}` });
    const grid = spec.instrument === undefined ? ok(undefined) : parseInstrument(spec.instrument);
    return grid.ok ? ok(spec) : grid;
  }
  return err({
    code: "DATA_SPEC",
    text: `the journal names no market that can be opened: ${z.prettifyError(parsed.error)}`,
  });
}

export interface ScenarioFault {
  readonly code: "MARKET_SCENARIO";
  readonly text: string;
}

/** Checks a scenario against the world that it will be told in, and names every fault. */
export function parseScenario(
  raw: unknown,
  { world }: Pick<GeneratedSpec, "world"> = {},
): Result<Scenario, ScenarioFault> {
  const parsed = checkScenario(
    raw,
    world?.regimes.map(({ name }) => name),
  );
  if (parsed.ok) return parsed;
  const faults = parsed.error.map(({ path, text }) => (path === "" ? text : `${path}: ${text}`));
  return err({ code: "MARKET_SCENARIO", text: `scenario: ${faults.join("; ")}` });
}

export async function openMarket(
  spec: MarketSpec,
  options: Pick<ReadOptions, "onProgress" | "signal"> = {},
): Promise<Result<OpenMarket, MarketFault>> {
  if (spec.kind === "generated") return ok(openGenerated(spec));
  if (spec.kind === "live") return openLiveMarket(spec);
  const grid = spec.instrument === undefined ? undefined : parseInstrument(spec.instrument);
  if (grid?.ok === false) return grid;
  const read = await openRecording(spec.paths, {
    ...options,
    ...(grid === undefined ? {} : { instrument: grid.value }),
    ...(spec.symbol === undefined ? {} : { symbol: spec.symbol }),
    ...(spec.contract === undefined ? {} : { kind: spec.contract }),
  });
  if (!read.ok) return read;
  const { header, blocks, sources, format, from, until } = read.value;
  const changed = changedFile(spec, sources);
  if (changed !== undefined) return err(changed);
  const epoch = Number(header.epochNanos / 1000n);
  return ok({
    header,
    blocks,
    from: micros(epoch + Math.ceil(from / 1000)),
    until: micros(epoch + Math.floor(until / 1000)),
    spec: { ...spec, sources },
    scale: dayScaleOf(header, () => blocks),
    label: `${instrumentId(header.instrument)} (${format}, ${spec.paths.join(", ")})`,
  });
}

export function openGenerated(spec: GeneratedSpec): OpenMarket {
  const config = generatedConfig(spec);
  const header = generatedHeader(config);
  const named = [`seed ${spec.seed}`, ...knobsOf(spec)];
  let made: GeneratedMarket | undefined;
  return {
    header,
    blocks: generateMarket(config, () => (made = new GeneratedMarket(config))),
    metaorders: () => made?.metaorders ?? [],
    story: () => made,
    from: spec.startAt,
    until: micros(spec.startAt + spec.duration - SECOND),
    spec,
    scale: dayScaleOf(header, () => generateMarket(config)),
    label: `generated ${header.instrument.symbol} (${named.join(", ")})`,
  };
}

const NAMED = ["eventsPerSecond", "pressure", "flow", "correlation"] as const;

function knobsOf(spec: GeneratedSpec): readonly string[] {
  const { profile, scenario } = spec;
  return [
    ...(profile === undefined ? [] : ["fitted"]),
    ...NAMED.flatMap((name) => (spec[name] === undefined ? [] : [`${name} ${spec[name]}`])),
    ...(scenario === undefined ? [] : [`scenario ${scenario.name ?? "without a name"}`]),
  ];
}

/** A replay's files must be the very bytes that the run saw. */
function changedFile(
  spec: FileMarket,
  found: NonNullable<FileMarket["sources"]>,
): MarketFault | undefined {
  if (spec.sources === undefined) return undefined;
  const wrong = found.findIndex((source, i) => source.sha256 !== spec.sources?.[i]?.sha256);
  if (wrong < 0 && found.length === spec.sources.length) return undefined;
  const file = spec.paths[Math.max(0, wrong)] ?? "?";
  const text =
    `${file} is not the file that the journal was made with: its SHA-256 is ` +
    `${found[wrong]?.sha256 ?? "?"}, the journal wants ${spec.sources[wrong]?.sha256 ?? "?"}; ` +
    "give the original with --data";
  return { code: "DATA_CHANGED", text, file };
}
