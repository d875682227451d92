/**
 * Run origin: what a live run is made of, begun anew or gone on with.
 *
 * What must stay true: a run that is gone on with has the configuration, the seed and the grid that
 * its journal was begun with, or it is refused; and its engine knows all that the journal tells.
 */
import { basename } from "node:path";
import { z } from "zod";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import { boundsOf, type Instrument, type OrderBounds } from "../../core/domain/instrument.ts";
import type { Engine } from "../../core/engine.ts";
import { isLive } from "../../core/execution/parent-state.ts";
import type { Observer } from "../../core/market/observer.ts";
import type { MarketHeader } from "../../core/market/columns.ts";
import type { VenueSession } from "../../venues/venue.ts";
import { WatchedObserver } from "../../view/watched-observer.ts";
import { canonicalJson } from "../../core/domain/canonical-json.ts";
import { checkStrategy, composeEngine, strategiesWith } from "../compose.ts";
import { type ArrivalConfig, configJson, parseConfig } from "../config.ts";
import { instrumentJson, parseInstrument } from "../instrument-file.ts";
import type { JournalHeader } from "../journal/journal.ts";
import { parseMarketSpec } from "../market-source.ts";
import { noteOf, type Plugin, pluginsDiffer } from "../plugin.ts";
import { NODE_MAJOR, PROGRAM } from "../program.ts";
import { liveLimits } from "./live-config.ts";
import { heldAccount, liveHeader, type LiveMarketSpec } from "./live-market.ts";
import type { LiveFault, LiveRequest } from "./live-terms.ts";
import { type Recovered, recover } from "./recovery.ts";
import type { RunFollower } from "./run-follower.ts";
import type { ResumedRun, RunJournal } from "./run-store.ts";
import { accountJson } from "./same-account.ts";

export interface RunOrigin {
  readonly config: ArrivalConfig;
  readonly header: JournalHeader;
  /** Begins the ids of all child orders: the parent's own, where the run works one alone. */
  readonly runId: string;
  /** Of a run that stands: one that is at work, or the run's own id. */
  readonly parentId: string;
  readonly engine: Engine;
  /** What the order is made of; absent: it is in the journal. */
  readonly request?: LiveRequest;
  readonly past?: Past;
  /** One that knows nothing and works nothing, on the same market. */
  probe(observer?: Observer): Engine;
}

export interface Past {
  readonly recovered: Recovered;
  readonly journal: RunJournal;
  readonly market: MarketHeader;
}

export interface NewRun {
  readonly session: VenueSession;
  readonly settings: Pick<LiveRequest, "config" | "plugins" | "seed">;
  /** Absent: it stands, and orders come later. */
  readonly request?: LiveRequest;
  readonly venue: string;
  /** The parent's, where there is one alone. */
  readonly runId: string;
  readonly standing?: Standing;
  readonly follower?: RunFollower | undefined;
  readonly marketFile: string;
  /** How the venue is opened again: plain JSON without secrets. */
  readonly access: unknown;
}

export function newOrigin(run: NewRun): RunOrigin {
  const { session, request, runId, standing } = run;
  const { config: asked, plugins = [], seed } = run.settings;
  const config = { ...asked, limits: liveLimits(asked.limits, asked.live) };
  const spec = specOf(run);
  const account = accountJson(session.account.identity);
  const header: JournalHeader = {
    format: 1,
    program: PROGRAM,
    nodeMajor: NODE_MAJOR,
    instrument: instrumentJson(session.header.instrument),
    market: spec,
    config: configJson(config),
    seed,
    ...(plugins.length === 0 ? {} : { plugins: plugins.map(noteOf) }),
    ...(run.access === undefined ? {} : { access: run.access }),
    ...(account === undefined ? {} : { account }),
    ...(standing === undefined ? {} : { standing }),
  };
  const probe = engines(config, seed, plugins, session.header, spec);
  const engine = followed(probe, liveHeader(session.header, spec), config, run.follower);
  const ids = { runId, parentId: runId };
  return { config, header, ...ids, engine, ...(request && { request }), probe };
}

/** Folds the journal of a run into a new engine. No venue is asked. */
export function pastOrigin(
  run: ResumedRun,
  plugins: readonly Plugin[],
  follower?: RunFollower,
): Result<RunOrigin & { readonly past: Past }, LiveFault> {
  const { header, journal } = run;
  const differ = pluginsDiffer(header.plugins, plugins);
  if (differ !== undefined) return refused(differ);
  const strategies = strategiesWith(plugins);
  const config = parseConfig(header.config, (choice) => checkStrategy(choice, strategies));
  if (!config.ok) {
    const faults = config.error.map(({ path, text }) => `${path}: ${text}`).join("; ");
    return refused(`this program does not take the journal's configuration: ${faults}`);
  }
  const spec = parseMarketSpec(header.market);
  if (!spec.ok) return refused(spec.error.text);
  if (spec.value.kind !== "live") return refused("it is not the journal of a live run");
  const instrument = parseInstrument(header.instrument);
  if (!instrument.ok) return refused(instrument.error.text);
  const market: MarketHeader = {
    instrument: instrument.value,
    epochNanos: BigInt(spec.value.epochSeconds) * 1_000_000_000n,
    ownTradesPrinted: spec.value.isImpactUnknown,
  };
  const probe = engines(config.value, header.seed, plugins, market, spec.value);
  const engine = followed(probe, liveHeader(market, spec.value), config.value, follower);
  const recovered = recover(engine, run, probe, follower);
  const parents = [...engine.parents.values()];
  const parent = parents.find(isLive) ?? parents[0];
  const runId = standingOf(header)?.id ?? parent?.order.id;
  if (runId === undefined) return refused("it tells of no order: begin anew");
  const ids = { runId, parentId: parent?.order.id ?? runId };
  const past = { recovered, journal, market };
  return ok({ config: config.value, header, ...ids, engine, past, probe });
}

/** Of a run on which orders come and go. */
export interface Standing {
  /** Begins the ids of all its orders. */
  readonly id: string;
  /** Where it trades, such as "bybit demo". */
  readonly place: string;
}

const STANDING = z.strictObject({
  id: z.string().regex(/^[A-Za-z0-9]{1,20}$/),
  place: z.string().min(1).max(200),
});

/** Undefined: it works one order, and ends with it. */
export function standingOf({ standing }: Pick<JournalHeader, "standing">): Standing | undefined {
  const parsed = STANDING.safeParse(standing);
  return parsed.success ? parsed.data : undefined;
}

const refused = (text: string): Result<never, LiveFault> => err({ code: "RUN_RESUME", text });

export interface RulesChanged {
  /** The journal counts by another grid: it cannot be gone on with. */
  readonly grid: readonly string[];
  /** What one order may be: that is as it is now. */
  readonly bounds: readonly string[];
}

/** In words, where the venue's rules are not those that the run was begun under. */
export function rulesChanged(header: JournalHeader, market: MarketHeader): RulesChanged {
  const was = header.instrument as Readonly<Record<string, unknown>>;
  const is: Readonly<Record<string, string>> = instrumentJson(market.instrument);
  const changed = (names: Readonly<Record<string, string>>): string[] =>
    Object.entries(names)
      .filter(([name]) => was[name] !== is[name])
      .map(([name, what]) => `${what} was ${String(was[name])} and is ${is[name]}`);
  return { grid: changed(GRID), bounds: changed(BOUNDS) };
}

/** What the engine is to be told of the bounds of an order: nothing where they are as before. */
export function boundsSince(was: Instrument, is: Instrument): { readonly bounds?: OrderBounds } {
  const bounds = boundsOf(is);
  return canonicalJson(bounds) === canonicalJson(boundsOf(was)) ? {} : { bounds };
}

const GRID = {
  kind: "what it is traded as",
  tickSize: "the tick",
  lotSize: "the lot",
  contractSize: "the contract's size",
};
const BOUNDS = {
  minQuantity: "the smallest order",
  maxQuantity: "the largest limit order",
  maxMarketQuantity: "the largest market order",
  minNotional: "the smallest value",
};

const engines =
  (
    config: ArrivalConfig,
    seed: number,
    plugins: readonly Plugin[] | undefined,
    market: MarketHeader,
    spec: LiveMarketSpec,
  ): RunOrigin["probe"] =>
  (observer) => {
    const header = liveHeader(market, spec);
    const known = strategiesWith(plugins);
    return composeEngine(config, header, seed, known, observer, heldAccount(spec));
  };

function followed(
  make: RunOrigin["probe"],
  header: MarketHeader,
  { limits }: ArrivalConfig,
  follower: RunFollower | undefined,
): Engine {
  if (follower === undefined) return make();
  const engine = make(new WatchedObserver(header, limits.participationWindow));
  follower.begun(engine);
  return engine;
}

const specOf = ({ session, venue, marketFile }: NewRun): LiveMarketSpec => {
  const { header, fees, account } = session;
  return {
    kind: "live",
    paths: [basename(marketFile)],
    venue,
    epochSeconds: Number(header.epochNanos / 1_000_000_000n),
    // Our own trades stand in a true market's prints, and nobody tells what they moved.
    isImpactUnknown: header.ownTradesPrinted,
    account: {
      positionLots: account.positionLots,
      maker: fees.maker,
      taker: fees.taker,
      ...(session.executedTo === undefined ? {} : { executedTo: session.executedTo }),
    },
  };
};
