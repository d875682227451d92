/**
 * The full run of the laws: at least 10,000 whole sessions over every strategy and every suite, the
 * contract of each, and runs of each in the three simulated markets. It stops at the first broken law and says how to see it again.
 *
 * Usage: npm run test:laws -- [--strategy NAME] [--law PART OF A NAME] [--sessions N] [--path PATH]
 *        [--plugin FILE]
 * ARRIVAL_LAWS_SEED=N chooses the sessions; without it each run draws others, and says which.
 */
import { parseArgs } from "node:util";
import {
  conformanceSuite,
  type Law,
  LawFailure,
  type StrategyUnderTest,
  TALLIED,
  type Tallied,
} from "../../src/testing/index.ts";
import { loadPlugins } from "../../src/runtime/plugin.ts";
import { lineupOf as lineupWith } from "../../src/testing/lineup.ts";
import { marketLaws } from "./market-laws.ts";
import { REGISTERED, TACTICS } from "./registered.ts";

const SESSIONS = 10_000;
/** Suites of sessions that each strategy goes through: see conformance.ts. */
const SUITES = 7;
/** Sessions of one suite to one run in each market, which takes longer. */
const SESSIONS_PER_MARKET_RUN = 2;
/** Sessions to one case of each part of the contract. */
const SESSIONS_PER_CONTRACT = 5;
/** 32 bits. */
const LEAST = -(2 ** 31);
const MOST = 2 ** 31 - 1;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** A line that the next one overwrites; nothing where nobody watches. */
const show = (line: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line.slice(0, 100)}`);
};

class UsageError extends Error {}

function wholeNumber(name: string, text: string, least: number): number {
  const value = Number(text);
  if (/^-?\d{1,10}$/.test(text) && value >= least && value === (value | 0)) return value;
  throw new UsageError(`${name} must be a whole number from ${least} to ${MOST}, not "${text}"`);
}

interface Options {
  readonly seed: number;
  readonly sessions: number;
  readonly strategy: string | undefined;
  readonly law: string | undefined;
  readonly path: string | undefined;
  /** A strategy from a file, tried on its defaults and switched to and from all others. */
  readonly plugin: string | undefined;
}

function optionsOf(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      strategy: { type: "string" },
      law: { type: "string" },
      sessions: { type: "string" },
      path: { type: "string" },
      plugin: { type: "string" },
    },
  });
  if (values.path !== undefined && (values.law === undefined || values.strategy === undefined)) {
    throw new UsageError("--path belongs to one law: give --strategy and --law too");
  }
  const given = process.env["ARRIVAL_LAWS_SEED"];
  return {
    seed: given === undefined ? Date.now() | 0 : wholeNumber("ARRIVAL_LAWS_SEED", given, LEAST),
    sessions:
      values.sessions === undefined ? SESSIONS : wholeNumber("--sessions", values.sessions, 1),
    strategy: values.strategy,
    law: values.law,
    path: values.path,
    plugin: values.plugin,
  };
}

/** The strategies to be tried, and all that they may be switched to. */
async function lineupOf({ strategy, plugin }: Options): Promise<{
  readonly mine: readonly StrategyUnderTest[];
  readonly all: readonly StrategyUnderTest[];
}> {
  const names = REGISTERED.map((it) => it.strategy.name);
  const loaded = await loadPlugins(plugin === undefined ? [] : [plugin], names);
  if (!loaded.ok) throw new UsageError(loaded.error.text);
  const all = [...REGISTERED, ...loaded.value.map((it) => ({ strategy: it.strategy }))];
  const mine = all.filter((it) => strategy === undefined || it.strategy.name === strategy);
  if (mine.length > 0) return { mine, all };
  const known = all.map((it) => it.strategy.name).join(", ");
  throw new UsageError(`--strategy must be one of ${known}`);
}

function lawsOf(
  mine: StrategyUnderTest,
  others: readonly StrategyUnderTest[],
  options: Options,
): readonly Law[] {
  const { seed, sessions, law, path } = options;
  const runs = Math.max(1, Math.ceil(sessions / (REGISTERED.length * SUITES)));
  const draw = { seed, ...(path === undefined ? {} : { path }) };
  const inSessions = conformanceSuite({
    ...mine,
    others,
    tactics: TACTICS,
    runs,
    contractRuns: Math.max(100, Math.ceil(sessions / SESSIONS_PER_CONTRACT)),
    ...draw,
  });
  const inMarkets = marketLaws({
    mine,
    all: others,
    tactics: TACTICS,
    lineup: lineupWith(others, TACTICS),
    runs: Math.ceil(runs / SESSIONS_PER_MARKET_RUN),
    ...draw,
  });
  const suite = [...inSessions, ...inMarkets];
  return suite.filter(({ name }) => law === undefined || name.includes(law));
}

const COLUMNS = TALLIED.map((key) => Math.max(8, key.length + 1));
const row = (name: string, cells: readonly (string | number)[]): string =>
  name.padEnd(10) + cells.map((cell, i) => String(cell).padStart(COLUMNS[i]!)).join("");

type Counts = Record<Tallied, number>;
const noCounts = (): Counts => Object.fromEntries(TALLIED.map((key) => [key, 0])) as Counts;

/** Runs the laws of one strategy. @throws LawFailure at the first that is broken. */
function runAll(mine: StrategyUnderTest, laws: readonly Law[], total: Counts): void {
  const counts = noCounts();
  laws.forEach((law, i) => {
    show(`${i + 1} of ${laws.length}: ${law.name}`);
    law.run();
    for (const key of TALLIED) counts[key] += law.tally[key];
  });
  show("");
  say(
    row(
      mine.strategy.name,
      TALLIED.map((key) => counts[key]),
    ),
  );
  for (const key of TALLIED) total[key] += counts[key];
}

function tellFailure(mine: StrategyUnderTest, failure: LawFailure, options: Options): void {
  const { sessions, plugin } = options;
  const { name } = mine.strategy;
  const from = plugin === undefined ? "" : ` --plugin ${plugin}`;
  const again = `ARRIVAL_LAWS_SEED=${failure.seed} npm run test:laws -- --strategy ${name}${from}`;
  const count = sessions === SESSIONS ? "" : ` --sessions ${sessions}`;
  show("");
  say(`\nBROKEN: ${failure.message}\n\nrun it again:\n  ${again}${count}`);
  if (failure.path === undefined) return;
  const law = failure.law.slice(name.length + 2).replace(/ \[.*\]$/, "");
  say(`the smallest case alone:\n  ${again} --law "${law}" --path ${failure.path}`);
}

async function main(): Promise<number> {
  const options = optionsOf(process.argv.slice(2));
  const { strategy, sessions, law, path } = options;
  const { mine, all } = await lineupOf(options);
  say(`seed ${options.seed}\n${row("strategy", TALLIED)}`);
  const total = noCounts();
  let tried = 0;
  for (const it of mine) {
    const laws = lawsOf(it, all, options);
    tried += laws.length;
    try {
      runAll(it, laws, total);
    } catch (error) {
      if (!(error instanceof LawFailure)) throw error;
      tellFailure(it, error, options);
      return 1;
    }
  }
  say(
    row(
      "all",
      TALLIED.map((key) => total[key]),
    ),
  );
  if (tried === 0) throw new UsageError(`no law has ${JSON.stringify(law)} in its name`);
  const isWhole = strategy === undefined && law === undefined && path === undefined;
  if (isWhole && total.sessions < sessions) {
    say(`only ${total.sessions} sessions were tried, ${sessions} were wanted`);
    return 1;
  }
  say(`${tried} laws hold, seed ${options.seed}`);
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  const isUsage =
    error instanceof UsageError || (error as { code?: string }).code?.startsWith("ERR_PARSE_ARGS");
  if (isUsage !== true) throw error;
  say(`test:laws: ${(error as Error).message}`);
  process.exitCode = 2;
}
