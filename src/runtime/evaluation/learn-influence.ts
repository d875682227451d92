/**
 * Learn influence: what weight an advisor has earned in each regime, from an evaluation's rows.
 *
 * Each advised order is worked again in its market by the answers that stand in the rows, and must
 * cost what its row says. Then once more for each regime that it was asked in, with all influence
 * there and none elsewhere: less what its twin cost that nobody was asked about, that is what
 * advice in this regime was worth. A regime is the engine's own, in which the question was asked.
 *
 * What must stay true: no row is believed that cannot be worked again; nothing is left out because
 * of how it came out; and the intervals of all regimes hold at once.
 */
import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import type { MarketRegime } from "../../core/contracts/advice.ts";
import { canonicalJson } from "../../core/domain/canonical-json.ts";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import { type Bps, type Micros, micros, SECOND } from "../../core/domain/units.ts";
import { type Pair, pairedDifference } from "../../core/tca/paired-difference.ts";
import type { EarnedTerms } from "../influence/earned-influence.ts";
import {
  type InfluenceFault,
  type InfluenceTable,
  type LearnedRegime,
  REGIME_NAMES,
  sealed,
  weightOf,
} from "../influence/influence-table.ts";
import type { EvaluationRequest } from "./evaluation-request.ts";
import { calibrationOf } from "./calibration-of-confidence.ts";
import type { AskedOf, EvaluationRow, JudgedRow, ParentRow } from "./evaluation-row.ts";
import {
  type Answered,
  type Parent,
  parentsOf,
  PromptAdvisor,
  type Way,
  workNow,
} from "./parent-run.ts";
import { answered, PROCEED, TOLD_LATENCY } from "./rollout.ts";

export interface LearningOptions {
  /** When, as ISO 8601, and by which program: for the record. */
  readonly at: string;
  readonly program: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** How sure all three intervals are together; each alone is surer (Bonferroni). */
const CONFIDENCE = 0.95;
const COVERAGE = 1 - (1 - CONFIDENCE) / REGIME_NAMES.length;

/** An answer that is never there: the order ended before it came. */
const NEVER_THERE = micros(1e12);

interface Twins {
  readonly advised: ParentRow;
  readonly own: ParentRow;
}

/** @throws the reason of the signal. */
export async function learnInfluence(
  request: EvaluationRequest,
  rows: readonly EvaluationRow[],
  options: LearningOptions,
): Promise<Result<InfluenceTable, InfluenceFault>> {
  const twins = twinsOf(request, rows);
  const by = askedOf(twins);
  if (!by.ok) return by;
  const pairs: Record<MarketRegime, Pair[]> = { calm: [], usual: [], stressed: [] };
  for (const [index, one] of twins.entries()) {
    options.onProgress?.(index, twins.length);
    await setImmediate();
    options.signal?.throwIfAborted();
    const found = worthOf(request, one);
    if (!found.ok) return found;
    for (const { regime, difference } of found.value) {
      pairs[regime].push({ cluster: one.advised.window, difference });
    }
  }
  const learned = (regime: MarketRegime): LearnedRegime => learnedOf(pairs[regime], request.seed);
  const judged = rows.filter(
    (row): row is JudgedRow => row.kind === "judged" && row.arm === "advised",
  );
  const { advisor, model, prompt } = by.value;
  const { envelope, strategies } = request.config.advice;
  return ok(
    sealed({
      influence: 2,
      advisor,
      prompt,
      model: /sha256:([0-9a-f]{64})/.exec(model)?.[1] ?? null,
      strategy: request.config.strategy.name,
      envelope: { ...envelope },
      strategies: [...strategies],
      learnedAt: options.at,
      program: options.program,
      confidence: CONFIDENCE,
      from: {
        rows: hashOf(twins, judged),
        seed: request.seed,
        markets: new Set(twins.map(({ advised }) => advised.window)).size,
        orders: twins.length,
        kinds: [...request.regimes],
        words: request.words,
        quantity: request.quantity,
        overSeconds: request.over / SECOND,
      },
      regimes: { calm: learned("calm"), usual: learned("usual"), stressed: learned("stressed") },
      reliability: reliabilityOf(judged),
    }),
  );
}

/** Positive = cheaper than the twin. */
export function learnedOf(pairs: readonly Pair[], seed: number): LearnedRegime {
  const markets = new Set(pairs.map(({ cluster }) => cluster)).size;
  const counts = { orders: pairs.length, markets };
  if (pairs.length === 0) return { weight: 0, ...counts, saved: null };
  const { mean, interval } = pairedDifference(pairs, seed, COVERAGE);
  if (interval === undefined) return { weight: 0, ...counts, saved: null };
  const saved = { mean: -mean, low: -interval.high, high: -interval.low };
  return { weight: weightOf(saved), ...counts, saved };
}

const key = ({ window, side }: ParentRow): string => `${window} ${side}`;

function twinsOf(request: EvaluationRequest, rows: readonly EvaluationRow[]): readonly Twins[] {
  const parents = rows.filter((row): row is ParentRow => row.kind === "parent");
  const base = request.config.strategy.name;
  const own = new Map(parents.filter(({ arm }) => arm === base).map((row) => [key(row), row]));
  return parents
    .filter(({ arm }) => arm === "advised")
    .flatMap((advised) => {
      const twin = own.get(key(advised));
      return twin === undefined ? [] : [{ advised, own: twin }];
    })
    .sort(
      (a, b) => a.advised.window - b.advised.window || (a.advised.side < b.advised.side ? -1 : 1),
    );
}

/** One advisor, by one prompt. */
function askedOf(twins: readonly Twins[]): Result<AskedOf, InfluenceFault> {
  if (twins.length === 0) return refuse("no advised order with its twin is among the rows");
  const known = new Map<string, AskedOf>();
  for (const { advised } of twins) {
    const { by } = advised;
    if (by !== undefined) known.set(canonicalJson(by), by);
    else if (advised.answers.some(({ advice }) => advice !== undefined)) {
      const whose = `the advised order of market ${advised.window}, ${advised.side},`;
      return refuse(`${whose} does not say who was asked by which prompt: evaluate it anew`);
    }
  }
  const [by, ...others] = known.values();
  if (by === undefined)
    return refuse("no question was answered with advice: there is nothing to learn from");
  if (others.length === 0) return ok(by);
  const two = `${by.advisor} and ${others[0]!.advisor}`;
  return refuse(`answered by more than one advisor or prompt (${two}): evaluate one alone`);
}

interface AskedAt {
  readonly at: Micros;
  readonly regime: MarketRegime;
  readonly answered: Answered;
}

interface RegimeDifference {
  readonly regime: MarketRegime;
  /** What advice in this regime alone cost more than the twin. */
  readonly difference: Bps;
}

function worthOf(
  request: EvaluationRequest,
  { advised, own }: Twins,
): Result<readonly RegimeDifference[], InfluenceFault> {
  const parents = parentsOf(request, advised.window);
  if (!parents.ok) return refuse(parents.error.text);
  const parent = parents.value.find(({ side }) => side === advised.side);
  if (parent === undefined) return refuse(`nobody evaluated a ${advised.side} here`);
  const { strategy, advice } = request.config;
  const alone: Way = { strategy };
  const way: Way = { strategy, envelope: advice.envelope };
  if (workNow(request, parent, alone).costBps !== own.costBps) return foreign(own);
  const asked: AskedAt[] = [];
  const all = new PromptAdvisor((question, number, at) => {
    const given = givenBy(advised, number);
    asked.push({ at, regime: question.situation.market.regime, answered: given });
    return given;
  });
  if (workNow(request, parent, way, all).costBps !== advised.costBps) return foreign(advised);
  const regimes = REGIME_NAMES.filter((one) => asked.some(({ regime }) => regime === one));
  return ok(
    regimes.map((regime) => {
      const cost =
        regimes.length === 1 ? advised.costBps : costOf(request, parent, way, regime, asked);
      return { regime, difference: cost - own.costBps };
    }),
  );
}

const foreign = ({ arm, window, side, costBps }: ParentRow): Result<never, InfluenceFault> =>
  refuse(
    `the row of ${arm}, market ${window}, ${side}, says ${costBps} bps, and worked again it is ` +
      "another figure: rows of another program or changed by hand; evaluate anew",
  );

function givenBy({ answers }: ParentRow, number: number): Answered {
  const { advice, reason, latency = 0 } = answers[number] ?? {};
  if (advice !== undefined) return answered(advice, micros(latency));
  const none = { kind: "none", reason: reason ?? "timed-out", text: "as it was" } as const;
  return { answer: none, latency: reason === undefined ? NEVER_THERE : micros(latency) };
}

/** With all influence in one regime and none elsewhere. */
function costOf(
  request: EvaluationRequest,
  parent: Parent,
  way: Way,
  regime: MarketRegime,
  asked: readonly AskedAt[],
): Bps {
  const advisor = new PromptAdvisor((question, _, at) =>
    question.situation.market.regime === regime ? answerAt(asked, regime, at) : answered(PROCEED),
  );
  return workNow(request, parent, { ...way, influence: only(regime) }, advisor).costBps;
}

/**
 * What was answered then. The order has gone another way since, so it may be asked at another
 * moment where it fell behind: then the answer is the last that was given in this regime.
 */
function answerAt(asked: readonly AskedAt[], regime: MarketRegime, at: Micros): Answered {
  const last = asked.findLast((one) => one.regime === regime && one.at <= at);
  return last === undefined ? answered(PROCEED, TOLD_LATENCY) : last.answered;
}

const only = (regime: MarketRegime): EarnedTerms => ({
  influence: { calm: 0, usual: 0, stressed: 0, [regime]: 1 },
  influenceSource: `an evaluation, in ${regime} markets alone`,
});

function reliabilityOf(judged: readonly JudgedRow[]): InfluenceTable["reliability"] {
  const calibration = calibrationOf(judged);
  if (calibration === undefined) return null;
  const { decisions, right, bins } = calibration;
  return { decisions, right, bins: [...bins] };
}

const hashOf = (twins: readonly Twins[], judged: readonly JudgedRow[]): string =>
  createHash("sha256")
    .update(canonicalJson([twins.map(({ advised, own }) => [advised, own]), judged]))
    .digest("hex");

const refuse = (text: string): Result<never, InfluenceFault> =>
  err({ code: "INFLUENCE_ROWS", text });
