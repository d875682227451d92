/**
 * Conformance: the suite that a strategy has to pass, ours or anybody's.
 *
 *     for (const law of conformanceSuite({ strategy: mine })) test(law.name, law.run);
 *
 * The contract by itself; whole sessions under every fault (laws 1 to 8); pausing, amending,
 * switching and restarting in mid-order (law 9); the same journal, the same commands (law 10). It
 * knows no test runner and no concrete strategy. What must stay true: a law that passes was tried,
 * so what has to happen is counted, and too little of it is a failure.
 */
import fc from "fast-check";
import { CONTRACT, contractCases } from "./contract.ts";
import { describeContractCase, describeSchedule } from "./counter-example.ts";
import { minimumLots } from "../core/domain/instrument.ts";
import { streamOf, uniformAt } from "../core/domain/random.ts";
import { atTick, SECOND } from "../core/domain/units.ts";
import { doneLots } from "../core/execution/parent-state.ts";
import { type ActKind, calmSessions, schedules, withActs } from "./draws.ts";
import { requireLaw } from "./law-broken.ts";
import { type Law, lawOf, requireHappened } from "./law.ts";
import {
  choicesOf,
  type Lineup,
  lineupOf,
  type StrategyUnderTest,
  type TacticUnderTest,
} from "./lineup.ts";
import { recallAlike, refold } from "./refold.ts";
import type { RestartDraft, Schedule } from "./schedule.ts";
import { engineOf, runSchedule, type Session } from "./session.ts";
import type { Tally, Tallied } from "./tally.ts";

export interface ConformanceOptions extends StrategyUnderTest {
  /** Strategies that it is switched to and from in mid-order; itself is left out. */
  readonly others?: readonly StrategyUnderTest[];
  /** What an order may name as its tactic, now and then. */
  readonly tactics?: readonly TacticUnderTest[];
  /** Cases of each law; of switching, all others share them. */
  readonly runs?: number;
  /** Cases of each part of the contract, which are cheap. */
  readonly contractRuns?: number;
  readonly seed?: number;
  /** For one law alone: the path to a case of that seed. */
  readonly path?: string;
}

const RUNS = 100;
const CONTRACT_RUNS = 300;

/** Every law, in the order of their numbers. Each `run` throws when its law does not hold. */
export function conformanceSuite(options: ConformanceOptions): readonly Law[] {
  const others = (options.others ?? []).filter(
    ({ strategy }) => strategy.name !== options.strategy.name,
  );
  const company = {
    options,
    others,
    lineup: lineupOf([options, ...others], options.tactics ?? []),
  };
  return [
    ...contractLaws(options),
    sessionLaw(company),
    calmLaw(company),
    actLaw(company, "stall", "slept through slices in mid-order (law 6)"),
    actLaw(company, "pause", "paused and resumed in mid-order (law 9)"),
    actLaw(company, "amend", "amended in mid-order (law 9)"),
    ...switchLaws(company),
    actLaw(company, "restart", "restarted from its journal in mid-order (law 9)"),
    recallLaw(company),
    replayLaw(company),
  ];
}

interface Company {
  readonly options: ConformanceOptions;
  readonly others: readonly StrategyUnderTest[];
  readonly lineup: Lineup;
}

/** Says in each name what a reader of a green run must know: that nothing else was tried. */
function nameOf({ strategy, parameters }: StrategyUnderTest, law: string): string {
  const isPlain = Object.keys(strategy.defaults).length === 0 || parameters !== undefined;
  return `${strategy.name}: ${law}${isPlain ? "" : " [only its default parameters were tried]"}`;
}

function drawOf({ runs, seed, path }: ConformanceOptions) {
  return {
    runs: runs ?? RUNS,
    ...(seed === undefined ? {} : { seed }),
    ...(path === undefined ? {} : { path }),
  };
}

function contractLaws(options: ConformanceOptions): readonly Law[] {
  return CONTRACT.map((law) =>
    lawOf(
      {
        name: nameOf(options, law.name),
        group: "contract",
        cases: contractCases(options),
        check: (drawn) => law.check(options.strategy, drawn),
        describe: describeContractCase,
      },
      { ...drawOf(options), runs: options.contractRuns ?? CONTRACT_RUNS },
    ),
  );
}

/** Any strategy of the lineup: what operators of ordinary sessions switch to. */
const anyOf = ({ options, others }: Company) =>
  fc.oneof(...[options, ...others].map((it) => choicesOf(it, options.tactics ?? [])));

const ownOf = ({ options }: Company) => choicesOf(options, options.tactics ?? []);

function sessionLaw(company: Company): Law {
  const { options } = company;
  return lawOf(
    {
      name: nameOf(options, "obeys laws 1 to 8 in any session"),
      group: "sessions",
      cases: schedules(ownOf(company), anyOf(company)),
      check: (schedule, tally) => void runAndTally(schedule, company.lineup, tally),
      describe: describeSchedule,
      verdict(tally, runs) {
        requireHappened(tally, "sends", runs);
        requireHappened(tally, "fills", runs);
      },
    },
    drawOf(options),
  );
}

/** The other laws forbid too much; this one forbids too little. */
function calmLaw(company: Company): Law {
  const { options, lineup } = company;
  return lawOf(
    {
      name: nameOf(options, "does what its plan has due where nothing stands in the way"),
      group: "sessions",
      cases: calmSessions(choicesOf(options, [])),
      check: (schedule, tally) => requireDone(runAndTally(schedule, lineup, tally)),
      describe: describeSchedule,
      verdict: (tally, runs) => requireHappened(tally, "sends", runs),
    },
    drawOf(options),
  );
}

/** What fell due this shortly before the end may be late. */
const LATE_SECONDS = 5;

function requireDone({ engine }: Session): void {
  const parent = [...engine.parents.values()][0];
  if (parent?.plan === undefined || parent.tactic.cross === "never") return;
  const { plan, slice, instrument, order } = parent;
  if (slice === undefined || slice.from > plan.until - LATE_SECONDS * SECOND) return;
  const price = engine.instruments[0]!.takePrice(order.side)!;
  const least = Math.max(parent.limits.minOrder.value, minimumLots(instrument, atTick(price)));
  const left = slice.target - doneLots(parent);
  const ended = `it ended ${parent.phase}: ${parent.reason}`;
  const text = `${order.id}: ${left} of ${slice.target} lots were due and not done; ${ended}`;
  requireLaw("8", left <= 2 * least, text);
}

const COUNTED = {
  stall: "stalls",
  pause: "pauses",
  amend: "amendments",
  switch: "switches",
  restart: "restarts",
} as const satisfies { readonly [Kind in ActKind]: Tallied };

function actLaw(company: Company, kind: ActKind, law: string): Law {
  const { options, lineup } = company;
  return lawOf(
    {
      name: nameOf(options, law),
      group: COUNTED[kind],
      cases: withActs(kind, ownOf(company)),
      check: (schedule, tally) => void runAndTally(schedule, lineup, tally),
      describe: describeSchedule,
      verdict: (tally, runs) => requireHappened(tally, COUNTED[kind], runs),
    },
    drawOf(options),
  );
}

/** To and from each of the others; without any, to other parameters of its own. */
function switchLaws(company: Company): readonly Law[] {
  const { options, others, lineup } = company;
  const partners = others.length === 0 ? [options] : others;
  const runs = Math.ceil((options.runs ?? RUNS) / partners.length);
  const own = ownOf(company);
  return partners.map((partner) => {
    const its = choicesOf(partner, options.tactics ?? []);
    const law = `switched to ${partner.strategy.name} and back in mid-order (law 9)`;
    return lawOf(
      {
        name: nameOf(options, law),
        group: "switches",
        cases: fc.oneof(withActs("switch", own, its), withActs("switch", its, own)),
        check: (schedule, tally) => void runAndTally(schedule, lineup, tally),
        describe: describeSchedule,
        verdict: (tally, count) => requireHappened(tally, "switches", count),
      },
      { ...drawOf(options), runs },
    );
  });
}

const ROWS: readonly RestartDraft["rows"][] = ["at-once", "one-by-one", "in-pieces"];

function replayLaw(company: Company): Law {
  const { options, lineup } = company;
  return lawOf(
    {
      name: nameOf(options, "says the same again when its journal is replayed (law 10)"),
      group: "replays",
      cases: schedules(ownOf(company), anyOf(company)),
      check(schedule, tally) {
        const { market, steps } = runAndTally(schedule, lineup, tally);
        for (const rows of ROWS) {
          const engine = engineOf(schedule, market, lineup);
          refold(engine, steps, market.block, steps.at(-1)?.position ?? 0, rows);
        }
      },
      describe: describeSchedule,
      verdict: (tally, runs) => requireHappened(tally, "sends", runs),
    },
    drawOf(options),
  );
}

/** Wherever it is cut off; the schedule's seed says where. */
function recallLaw(company: Company): Law {
  const { options, lineup } = company;
  return lawOf(
    {
      name: nameOf(options, "is the same when it is recalled from its journal and resumed (law 9)"),
      group: "recalls",
      cases: fc.oneof(
        schedules(ownOf(company), anyOf(company)),
        withActs("amend", ownOf(company), anyOf(company)),
        withActs("pause", ownOf(company), anyOf(company)),
      ),
      check(schedule, tally) {
        const { market, steps } = runAndTally(schedule, lineup, tally);
        const make = () => engineOf(schedule, market, lineup);
        const stream = streamOf("recall");
        for (let k = 0; k < RECALLS; k++) {
          const at = (draw: number) => uniformAt(schedule.seed, stream, 2 * k + draw);
          const end = 1 + Math.floor(at(0) * steps.length);
          recallAlike(make, steps, market.block, { end, checkpoint: Math.floor(at(1) * end) });
        }
      },
      describe: describeSchedule,
      verdict: (tally, runs) => requireHappened(tally, "sends", runs),
    },
    drawOf(options),
  );
}

/** Places in each session at which it is cut off. */
const RECALLS = 3;

function runAndTally(schedule: Schedule, lineup: Lineup, tally: Tally): Session {
  const session = runSchedule(schedule, lineup);
  tally.add(session.oracle.tally);
  return session;
}
