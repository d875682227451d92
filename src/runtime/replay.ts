/**
 * Replay: folds a journal through a new engine and compares every output, byte by byte.
 *
 * Nobody is asked and nothing is sent. Equal means: this program, given the same market and the
 * same events, decides the same in every detail.
 */
import { err, ok, type Result } from "../core/domain/errors.ts";
import type { EngineEvent } from "../core/domain/messages.ts";
import type { Engine } from "../core/engine.ts";
import { canonicalJson } from "./canonical-json.ts";
import { BlockFeed } from "./block-feed.ts";
import {
  type AccountSpec,
  checkStrategy,
  composeEngine,
  composeMarket,
  headerOf,
  isShared,
  type MarketKindFault,
  strategiesWith,
} from "./compose.ts";
import { parseConfig } from "./config.ts";
import type { ScaleFault } from "./day-scale.ts";
import type { JournalFault, JournalRecord } from "./journal/journal.ts";
import { openJournal } from "./journal/reader.ts";
import {
  type MarketFault,
  type MarketSpec,
  type OpenMarket,
  openMarket,
  parseMarketSpec,
} from "./market-source.ts";
import { type Plugin, pluginsDiffer } from "./plugin.ts";
import { besideJournal } from "./live/live-market.ts";
import { NODE_MAJOR, PROGRAM } from "./program.ts";
import { type Rerun, rerun } from "./rerun.ts";

export interface ReplayFault {
  readonly code: "REPLAY_HEADER" | "REPLAY_PLUGIN";
  readonly text: string;
}

export interface Difference {
  readonly sequence: number;
  readonly position: number;
  /** What the journal has; undefined where it ends before the engine does. */
  readonly journaled: string | undefined;
  /** What the engine does now; undefined where it does nothing. */
  readonly recomputed: string | undefined;
}

export interface ReplayResult {
  readonly identical: boolean;
  readonly events: number;
  readonly outputs: number;
  readonly rows: number;
  readonly difference: Difference | undefined;
  /** What may explain a difference: another program or runtime than the journal's. */
  readonly warnings: readonly string[];
  readonly engine: Engine;
}

export interface ReplayOptions {
  /** Where the market files lie now, when not where the journal says. */
  readonly paths?: readonly string[];
  /** The strategies from files that the run had. */
  readonly plugins?: readonly Plugin[];
  readonly onProgress?: (done: number, total: number) => void;
}

export async function replay(
  path: string,
  options: ReplayOptions = {},
): Promise<
  Result<ReplayResult, JournalFault | MarketFault | ReplayFault | ScaleFault | MarketKindFault>
> {
  const opened = openJournal(path);
  if (!opened.ok) return opened;
  const journal = opened.value;
  try {
    const { header } = journal;
    const differ = pluginsDiffer(header.plugins, options.plugins ?? []);
    if (differ !== undefined) return err({ code: "REPLAY_PLUGIN", text: differ });
    const strategies = strategiesWith(options.plugins);
    const config = parseConfig(header.config, (choice) => checkStrategy(choice, strategies));
    if (!config.ok) {
      const text = config.error.map((fault) => `${fault.path}: ${fault.text}`).join("; ");
      return err({ code: "REPLAY_HEADER", text: `the journal's configuration: ${text}` });
    }
    const spec = parseMarketSpec(header.market);
    if (!spec.ok) return spec;
    const market = await openMarket(withPaths(spec.value, options.paths, path));
    if (!market.ok) return market;
    const sight = headerOf(market.value, config.value, true);
    const held = accountOf(spec.value);
    const engine = composeEngine(config.value, sight, header.seed, strategies, undefined, held);
    const account = { config: config.value, seed: header.seed, isShadowed: true };
    const again = isShared(market.value, account.config)
      ? ok(
          new Replayer(engine, market.value, journal.sealed).compare(
            journal.records(),
            journal.count,
            options.onProgress,
          ),
        )
      : answered(market.value, account, engine, journal, options.onProgress);
    if (!again.ok) return again;
    const { difference, events, outputs, endedAt } = again.value;
    return ok({
      identical: difference === undefined,
      events,
      outputs,
      rows: engine.instruments[0]!.observer.position,
      difference,
      warnings: [...warningsOf(header, journal.sealed), ...cutWarning(endedAt)],
      engine,
    });
  } finally {
    journal.close();
  }
}

/** A market that answered cannot be replayed without the venue. */
function answered(
  market: OpenMarket,
  account: AccountSpec,
  engine: Engine,
  journal: Parameters<typeof rerun>[2],
  onProgress: ReplayOptions["onProgress"],
): Result<Rerun, ScaleFault | MarketKindFault> {
  const composed = composeMarket(market, account);
  return composed.ok ? ok(rerun(composed.value, engine, journal, onProgress)) : composed;
}

function withPaths(
  spec: MarketSpec,
  paths: readonly string[] | undefined,
  journal: string,
): MarketSpec {
  if (spec.kind === "generated") return spec;
  if (paths !== undefined) return { ...spec, paths };
  return spec.kind === "files" ? spec : besideJournal(spec, journal);
}

/** What a live run's account held and paid; a simulated one follows from the configuration. */
const accountOf = (spec: MarketSpec) =>
  spec.kind === "live"
    ? { positionLots: spec.account.positionLots, fees: spec.account }
    : undefined;

const cutWarning = (endedAt: number | undefined): string[] =>
  endedAt === undefined
    ? []
    : [
        `the run was cut off: its market data end before record ${endedAt} of the journal, and ` +
          "nothing from there on was compared",
      ];

function warningsOf(
  header: { readonly program: string; readonly nodeMajor: number },
  sealed: boolean,
): string[] {
  const warnings: string[] = [];
  if (header.program !== PROGRAM) warnings.push(`written by ${header.program}, this is ${PROGRAM}`);
  if (header.nodeMajor !== NODE_MAJOR) {
    warnings.push(`written on Node ${header.nodeMajor}, this is Node ${NODE_MAJOR}`);
  }
  if (!sealed) warnings.push("the writer did not close it: it ends at the last commit");
  return warnings;
}

class Replayer {
  readonly #engine: Engine;
  readonly #cursor: ReturnType<BlockFeed["cursor"]>;
  readonly #isWhole: boolean;
  readonly #isCut: boolean;
  events = 0;
  outputs = 0;
  /** Record before which the rows of a cut recording end. */
  #endedAt: number | undefined;

  /** @param isWhole Whether the writer closed the journal: a cut one may lack its last outputs. */
  constructor(engine: Engine, market: OpenMarket, isWhole: boolean) {
    this.#engine = engine;
    this.#isWhole = isWhole;
    this.#isCut = market.isCut === true;
    this.#cursor = new BlockFeed(market.blocks).cursor();
  }

  /** With the first difference, where there is one. */
  compare(
    records: Iterable<JournalRecord>,
    total: number,
    onProgress?: (done: number, total: number) => void,
  ): Rerun {
    const difference = this.#firstDifference(records, total, onProgress);
    const { events, outputs } = this;
    return { difference, events, outputs, endedAt: this.#endedAt };
  }

  #firstDifference(
    records: Iterable<JournalRecord>,
    total: number,
    onProgress?: (done: number, total: number) => void,
  ): Difference | undefined {
    /** Outputs of the event in hand that the journal has not shown yet. */
    let expected: string[] = [];
    let last: JournalRecord | undefined;
    for (const record of records) {
      last = record;
      if (record.sequence % 256 === 0) onProgress?.(record.sequence, total);
      const wanted = expected.shift();
      if (record.kind === "output") {
        this.outputs += 1;
        if (wanted === record.body) continue;
        return differenceAt(record, record.body, wanted);
      }
      if (wanted !== undefined) return differenceAt(record, undefined, wanted);
      this.#observeTo(record.position);
      if (this.#isCut && this.#engine.instruments[0]!.observer.position < record.position) {
        this.#endedAt = record.sequence;
        return undefined;
      }
      this.events += 1;
      const event = JSON.parse(record.body) as EngineEvent;
      expected = this.#engine.step(event).map((output) => canonicalJson(output));
    }
    onProgress?.(total, total);
    const missing = expected[0];
    if (missing === undefined || last === undefined || !this.#isWhole) return undefined;
    return differenceAt(last, undefined, missing);
  }

  #observeTo(position: number): void {
    const { observer } = this.#engine.instruments[0]!;
    while (observer.position < position) {
      const { block, row } = this.#cursor;
      if (block === undefined) return;
      const to = Math.min(block.length, row + position - observer.position);
      this.#cursor.advanceTo(this.#engine.observe(0, block, row, to, Number.POSITIVE_INFINITY));
    }
  }
}

const differenceAt = (
  { sequence, position }: JournalRecord,
  journaled: string | undefined,
  recomputed: string | undefined,
): Difference => ({ sequence, position, journaled, recomputed });
