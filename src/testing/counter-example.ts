/**
 * Counter-example: the smallest case that breaks a law, in words that a trader can read.
 *
 * What must stay true: it says everything that the case holds and the law may hang on. What it
 * leaves out (an empty list of moods, say) is at its plainest.
 */
import type { ContractCase } from "./contract.ts";
import { GROUNDS, type OperatorDraft, type ParentDraft, type Schedule } from "./schedule.ts";

export function describeSchedule(schedule: Schedule): string {
  const { instrument, unit, start } = GROUNDS[schedule.venue]!;
  const { symbol, kind } = instrument;
  const lines = [
    `instrument: ${symbol} ${kind}, begins at tick ${start}, a unit is ${unit} lots`,
    ...schedule.parents.map((parent, k) => `p${k + 1}: ${parentText(parent)}`),
    `limits: ${plain(schedule.limits)}`,
    `fees: ${plain(schedule.fees)}`,
    list("market", schedule.segments, ({ kind: what, ...figures }) => `${what} ${plain(figures)}`),
    schedule.endsCalm ? "then: a calm market" : "then: the market data ends",
    list(
      "orders",
      schedule.places,
      ({ mood, repeat }) => `${repeat} × ${mood.kind} ${moodOf(mood)}`,
    ),
    list("amendments", schedule.amends, String),
    list("cancels", schedule.cancels, String),
    list("delays", schedule.delays, plain),
    list("operators", schedule.operators, operatorText),
    list(
      "stalls",
      schedule.stalls,
      ({ atMs, spanMs }) => `${seconds(atMs)} for ${seconds(spanMs)}`,
    ),
    list("restarts", schedule.restarts, ({ atMs, rows }) => `${seconds(atMs)}, rows ${rows}`),
    `seed: ${schedule.seed}`,
  ];
  return lines.filter((line) => line !== "").join("\n");
}

/** What is asked for, wherever it is worked. */
export function describeOrders(
  drawn: Pick<Schedule, "parents" | "limits" | "operators" | "seed">,
): string {
  const lines = [
    ...drawn.parents.map((parent, k) => `p${k + 1}: ${parentText(parent)}`),
    `limits: ${plain(drawn.limits)}`,
    list("operators", drawn.operators, operatorText),
    `seed: ${drawn.seed}`,
  ];
  return lines.filter((line) => line !== "").join("\n");
}

export function describeContractCase({ plan, parameters, views, cut }: ContractCase): string {
  const asked = views.map(({ now, done, marketVolume }) => {
    const at = ((now - plan.from) / 1e6).toFixed(6);
    return `${at} s: ${done} done, others traded ${marketVolume - plan.volumeAtFrom}`;
  });
  return [
    `plan: ${plain(plan)}`,
    `parameters: ${JSON.stringify(parameters)}`,
    `asked at (since the plan began): ${asked.join("; ")}`,
    `planned anew at the share ${cut} of its time`,
  ].join("\n");
}

function parentText(parent: ParentDraft): string {
  const { side, size, odd, isNotional, startMs, spanMs, strategy, urgency } = parent;
  const { mayCross, residual, minOrder, limitAway, wouldAway, halfLifeMs } = parent;
  const { name, parameters, tactic } = strategy;
  const terms = [
    `${side} ${size} units and ${odd} lots${isNotional ? ", as money" : ""}`,
    `from ${seconds(startMs)} for ${seconds(spanMs)}`,
    `by ${name} ${JSON.stringify(parameters)}`,
    tactic === undefined ? "" : `tactic ${tactic.name} ${JSON.stringify(tactic.parameters)}`,
    `urgency ${urgency}`,
    mayCross ? "" : "never crosses",
    `residual ${residual}`,
    minOrder === 0 ? "" : `least order ${minOrder} units`,
    limitAway === undefined ? "" : `limit ${limitAway} ticks away`,
    wouldAway === undefined ? "" : `would price ${wouldAway} ticks away`,
    halfLifeMs === undefined ? "" : `alpha half-life ${seconds(halfLifeMs)}`,
  ];
  return terms.filter((term) => term !== "").join(", ");
}

function operatorText({ atMs, parent, act }: OperatorDraft): string {
  const { kind, ...figures } = act;
  return `${seconds(atMs)} p${parent + 1} ${kind} ${plain(figures)}`.trim();
}

function moodOf(mood: Schedule["places"][number]["mood"]): string {
  const { kind: _kind, ...figures } = mood;
  return plain(figures);
}

const list = <Item>(name: string, items: readonly Item[], show: (item: Item) => string): string =>
  items.length === 0 ? "" : `${name}: ${items.map((item) => show(item).trim()).join("; ")}`;

/** `a 1, b "x"`: the members of a flat object. */
const plain = (value: object): string =>
  Object.entries(value)
    .map(([key, member]) => `${key} ${JSON.stringify(member)}`)
    .join(", ");

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
