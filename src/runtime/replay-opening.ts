/**
 * Replay opening: a journal, its configuration and its market, opened again as the run had them.
 *
 * What must stay true: the engines it makes have seen nothing and know what the run's engine knew
 * when it began; what is missing or another than it was is refused in words.
 */
import { err, ok, type Result } from "../core/domain/errors.ts";
import type { EngineEvent, EngineOutput } from "../core/domain/messages.ts";
import type { Engine } from "../core/engine.ts";
import type { MarketHeader } from "../core/market/columns.ts";
import type { Observer } from "../core/market/observer.ts";
import {
  type AccountSpec,
  checkStrategy,
  composeEngine,
  headerOf,
  isShared,
  strategiesWith,
} from "./compose.ts";
import { type ArrivalConfig, parseConfig } from "./config.ts";
import type { JournalFault, JournalRecord, OpenJournal } from "./journal/journal.ts";
import { openJournal } from "./journal/reader.ts";
import { besideJournal, heldAccount, openLiveMarket } from "./live/live-market.ts";
import {
  type MarketFault,
  type MarketSpec,
  type OpenMarket,
  openMarket,
  parseMarketSpec,
} from "./market-source.ts";
import { type Plugin, pluginsDiffer } from "./plugin.ts";

export interface ReplayFault {
  readonly code: "REPLAY_HEADER" | "REPLAY_PLUGIN";
  readonly text: string;
}

export interface ReplayOpeningOptions {
  /** Where the market files lie now, when not where the journal says. */
  readonly paths?: readonly string[];
  /** The strategies from files that the run had. */
  readonly plugins?: readonly Plugin[];
}

/** One event that an engine has taken again, with what came of it. */
export interface ReplayedStep {
  /** Number of the event in the journal. */
  readonly record: number;
  readonly event: EngineEvent;
  readonly outputs: readonly EngineOutput[];
}

export type Resumed = Extract<EngineEvent, { kind: "session-resumed" }>;

export interface OpenReplay {
  readonly journal: OpenJournal;
  readonly config: ArrivalConfig;
  /** The header as the run's engine had it. */
  readonly sight: MarketHeader;
  readonly resumes: readonly Resumed[];
  /** Whether the rows stand; otherwise they are made again, together with the venue's answers. */
  readonly isFixed: boolean;
  readonly account: AccountSpec;
  /** What a live run's account held and paid; a simulated one's follows from the configuration. */
  readonly spec: MarketSpec;
  readonly market: OpenMarket;
  /** The same market from its first row: one that is generated remembers how far it was read. */
  again(): Promise<Result<OpenMarket, MarketFault>>;
  /** One that has seen nothing. */
  engine(observer?: Observer): Engine;
}

/** @returns with the journal open: whoever asked closes it. */
export async function openReplay(
  path: string,
  options: ReplayOpeningOptions = {},
): Promise<Result<OpenReplay, JournalFault | MarketFault | ReplayFault>> {
  const opened = openJournal(path);
  if (!opened.ok) return opened;
  const replay = await opening(path, opened.value, options).catch((error: unknown) => {
    opened.value.close();
    throw error;
  });
  if (!replay.ok) opened.value.close();
  return replay;
}

async function opening(
  path: string,
  journal: OpenJournal,
  { plugins = [], paths }: ReplayOpeningOptions,
): Promise<Result<OpenReplay, JournalFault | MarketFault | ReplayFault>> {
  const { header } = journal;
  const resumes = resumesOf(journal.records());
  const differ = pluginsDiffer(header.plugins, plugins);
  if (differ !== undefined) return err({ code: "REPLAY_PLUGIN", text: differ });
  const strategies = strategiesWith(plugins);
  const config = parseConfig(header.config, (choice) => checkStrategy(choice, strategies));
  if (!config.ok) {
    const text = config.error.map((fault) => `${fault.path}: ${fault.text}`).join("; ");
    return err({ code: "REPLAY_HEADER", text: `the journal's configuration: ${text}` });
  }
  const spec = parseMarketSpec(header.market);
  if (!spec.ok) return spec;
  const located = withPaths(spec.value, paths, path);
  const market =
    located.kind === "live"
      ? openLiveMarket(located, 1 + resumes.length)
      : await openMarket(located);
  if (!market.ok) return market;
  const sight = headerOf(market.value, config.value, true);
  const held = spec.value.kind === "live" ? heldAccount(spec.value) : undefined;
  return ok({
    journal,
    config: config.value,
    sight,
    resumes,
    isFixed: isShared(market.value, config.value),
    account: { config: config.value, seed: header.seed, isShadowed: true },
    spec: spec.value,
    market: market.value,
    again: async () => (located.kind === "generated" ? openMarket(located) : market),
    engine: (observer) =>
      composeEngine(config.value, sight, header.seed, strategies, observer, held),
  });
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

/** What was told of each restart; most runs have none. */
export function resumesOf(records: Iterable<JournalRecord>): readonly Resumed[] {
  const found: Resumed[] = [];
  for (const { kind, body } of records) {
    if (kind !== "event" || !body.includes(SESSION_RESUMED)) continue;
    const event = JSON.parse(body) as EngineEvent;
    if (event.kind === "session-resumed") found.push(event);
  }
  return found;
}

const SESSION_RESUMED = '"kind":"session-resumed"' satisfies `"kind":"${EngineEvent["kind"]}"`;
