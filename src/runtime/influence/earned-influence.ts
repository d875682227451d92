/**
 * Earned influence: the weights that a table gives now, after what became of its orders.
 *
 * Results only ever lower a weight: once the test says that advice harms in a regime, its weight
 * there is halved; once what came since says so again, it is 0. The test begins anew at each step.
 * Only a person raises it again. What must stay true: an order that is under way keeps the weights
 * that it began with, and no outcome, in whatever order, makes any weight larger.
 */
import type { AdviceTerms, MarketRegime } from "../../core/contracts/advice.ts";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import type { Fraction } from "../../core/domain/units.ts";
import { type BetSums, harmEvidence, isHarmful, NO_BETS, sumOf } from "./harm-test.ts";
import { type RecordEntry, readRecord, recordPathOf } from "./influence-record.ts";
import {
  type InfluenceFault,
  type InfluenceTable,
  readTable,
  REGIME_NAMES,
} from "./influence-table.ts";

export interface EarnedRegime {
  readonly weight: Fraction;
  readonly learned: Fraction;
  /** Steps down since it was learned, or raised last. */
  readonly lowered: 0 | 1 | 2;
  /** Who raised it last; absent: nobody. */
  readonly raisedBy?: string;
  /** Orders that were led in this regime since the last step, and what that cost. */
  readonly orders: number;
  readonly sums: BetSums;
  /** Harm is taken for shown at `HARM_AT`. */
  readonly evidence: number;
}

export type Earned = Readonly<Record<MarketRegime, EarnedRegime>>;

/** @param entries in the order in which they were written; those of other tables do not count. */
export function earnedOf(table: InfluenceTable, entries: readonly RecordEntry[]): Earned {
  const counted = new Set<string>();
  const own = entries.filter((entry) => {
    if (entry.table !== table.hash) return false;
    if (entry.kind !== "outcome") return true;
    const key = `${entry.run} ${entry.order}`;
    return !counted.has(key) && counted.add(key) !== undefined;
  });
  const earned = (regime: MarketRegime): EarnedRegime => {
    let now = begun(table.regimes[regime].weight);
    for (const entry of own) now = after(now, regime, entry);
    return now;
  };
  return { calm: earned("calm"), usual: earned("usual"), stressed: earned("stressed") };
}

const begun = (weight: Fraction): EarnedRegime => ({
  weight,
  learned: weight,
  lowered: 0,
  orders: 0,
  sums: NO_BETS,
  evidence: harmEvidence(NO_BETS),
});

function after(before: EarnedRegime, regime: MarketRegime, entry: RecordEntry): EarnedRegime {
  if (entry.kind === "raised") {
    if (entry.regime !== regime) return before;
    return { ...begun(entry.weight), learned: before.learned, raisedBy: entry.by };
  }
  const worth = entry.regimes[regime];
  if (worth === undefined) return before;
  const sums = sumOf(before.sums, worth);
  if (!isHarmful(sums)) {
    return { ...before, orders: before.orders + 1, sums, evidence: harmEvidence(sums) };
  }
  const { learned, raisedBy } = before;
  const isFirst = before.lowered === 0;
  return {
    ...begun(isFirst ? before.weight / 2 : 0),
    learned,
    lowered: isFirst ? 1 : 2,
    ...(raisedBy === undefined ? {} : { raisedBy }),
  };
}

/** A table and its record, as they lie there now. */
export interface InfluenceState {
  readonly path: string;
  readonly table: InfluenceTable;
  readonly entries: readonly RecordEntry[];
  readonly isTorn: boolean;
  readonly earned: Earned;
}

export function readInfluence(path: string): Result<InfluenceState, InfluenceFault> {
  const table = readTable(path);
  if (!table.ok) return table;
  const record = readRecord(recordPathOf(path));
  if (!record.ok) return record;
  const { entries, isTorn } = record.value;
  return ok({ path, table: table.value, entries, isTorn, earned: earnedOf(table.value, entries) });
}

/** Under what an order begins now. */
export type EarnedTerms = Pick<AdviceTerms, "influence" | "influenceSource">;

export function earnedTerms({ path, table, earned }: InfluenceState): EarnedTerms {
  const weights = REGIME_NAMES.map((regime) => [regime, earned[regime].weight] as const);
  const told = REGIME_NAMES.map((regime) => `${regime} ${weightText(earned[regime])}`).join(", ");
  const from = `learned ${table.learnedAt.slice(0, 10)} from ${table.from.orders} paired orders`;
  return {
    influence: Object.fromEntries(weights) as Record<MarketRegime, Fraction>,
    influenceSource: `${path} table ${table.hash}: ${from}; ${told}`,
  };
}

export function weightText({ weight, learned, lowered, raisedBy }: EarnedRegime): string {
  const how = [
    ...(raisedBy === undefined ? [] : ["raised"]),
    ...(lowered === 0 ? [] : [lowered === 1 ? "halved by results" : "taken away by results"]),
  ];
  if (how.length === 0) return String(weight);
  return `${weight} (learned ${learned}, ${how.join(", ")})`;
}

/** The file and the table that a source names; undefined: it is no table's. */
export function tableOfSource(source: string): { path: string; hash: string } | undefined {
  const found = /^(.+) table ([0-9a-f]{64}): /.exec(source);
  return found === null ? undefined : { path: found[1]!, hash: found[2]! };
}

const LONGEST_PATH = 150;
const LONGEST_NAME = 60;

/** What cannot be told of in one line of a journal. */
export function pathFault(path: string): InfluenceFault | undefined {
  if (path.length <= LONGEST_PATH && !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(path)) return undefined;
  const text = `the path of a table has at most ${LONGEST_PATH} letters and no control characters`;
  return { code: "INFLUENCE_FILE", text };
}

/** @returns the entry that raises it, or why a person may not. */
export function raiseOf(
  { table, earned }: Pick<InfluenceState, "table" | "earned">,
  asked: { readonly regime: MarketRegime; readonly weight: number; readonly by: string },
  at: string,
): Result<RecordEntry, InfluenceFault> {
  const { regime, weight, by } = asked;
  const now = earned[regime].weight;
  if (!(weight >= 0 && weight <= 1)) return refuse(`${weight} is no weight: from 0 to 1`);
  if (!(weight > now)) return refuse(`${regime} has ${now} already: ${weight} would not raise it`);
  if (by.trim() === "" || by.length > LONGEST_NAME || /\p{Cc}/u.test(by)) {
    return refuse(`a name of at most ${LONGEST_NAME} letters says who raises it`);
  }
  return ok({ kind: "raised", table: table.hash, regime, weight, by: by.trim(), at });
}

const refuse = (text: string): Result<never, InfluenceFault> =>
  err({ code: "INFLUENCE_RECORD", text });
