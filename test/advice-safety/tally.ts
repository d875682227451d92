/**
 * Tally: what the rows of safety runs come to, by advisor and by goal, and the text that tells it.
 *
 * What must stay true: it says how many rows a figure rests on, and never mixes the runs in which
 * fills follow at once with those that wait in a queue.
 */
import type { Broken, Judged, Row } from "./judged.ts";

export interface Figures {
  readonly runs: number;
  readonly medianBps: number;
  readonly p95Bps: number;
  readonly worstBps: number;
  /** Of the promises: the median, and the most of one that was used up. */
  readonly boundBps: number;
  readonly mostUsed: number;
  /** Runs over their promise; over what the moves really made allow; by luck, over the promise. */
  readonly over: number;
  readonly overOwn: number;
  readonly luckOver: number;
}

export class Tally {
  readonly rows: Row[] = [];
  readonly broken: Broken[] = [];

  add({ rows, broken }: Judged): void {
    this.rows.push(...rows);
    this.broken.push(...broken);
  }

  get answers(): number {
    return this.rows.reduce((sum, { answers }) => sum + answers, 0);
  }
}

const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;

const isOver = (is: number, most: number, { grainBps }: Row): boolean =>
  is > most + grainBps + 1e-9;

/** Of orders in lots that advice has influence on and has not ended. */
export function figuresOf(rows: readonly Row[]): Figures {
  const counted = rows.filter(({ influence, damageBps }) => influence > 0 && damageBps !== null);
  const damages = counted.map(({ damageBps }) => damageBps!).sort((a, b) => a - b);
  const bounds = counted.map(({ boundBps }) => boundBps).sort((a, b) => a - b);
  const used = counted
    .filter(({ boundBps }) => boundBps > 0)
    .map(({ damageBps, boundBps }) => damageBps! / boundBps);
  return {
    runs: counted.length,
    medianBps: quantile(damages, 0.5),
    p95Bps: quantile(damages, 0.95),
    worstBps: damages.at(-1) ?? 0,
    boundBps: quantile(bounds, 0.5),
    mostUsed: Math.max(0, ...used),
    over: counted.filter((row) => isOver(row.damageBps!, row.boundBps, row)).length,
    overOwn: counted.filter((row) => isOver(row.damageBps!, row.ownBps, row)).length,
    luckOver: counted.filter((row) => isOver(row.luckBps ?? 0, row.boundBps, row)).length,
  };
}

export interface Summary {
  readonly runs: number;
  readonly answers: number;
  readonly taken: number;
  readonly sends: number;
  readonly attacks: number;
  readonly refolded: number;
  readonly unadvisedAlike: number;
  readonly canceled: number;
  readonly broken: number;
  readonly byModel: Readonly<Record<string, Figures>>;
  readonly byGoal: Readonly<Record<string, Figures>>;
  /** Runs over what their moves allow, by strategy. */
  readonly overOwnBy: Readonly<Record<string, number>>;
}

function grouped(of: readonly Row[], key: (row: Row) => string): Record<string, Figures> {
  const groups = Map.groupBy(of, key);
  return Object.fromEntries([...groups].sort().map(([name, part]) => [name, figuresOf(part)]));
}

export function summaryOf({ rows, broken, answers }: Tally): Summary {
  const sum = (of: (row: Row) => number): number => rows.reduce((all, row) => all + of(row), 0);
  const over = rows.filter((row) => figuresOf([row]).overOwn > 0);
  const heeded = rows.filter(({ model }) => model === "obeying" || model === "real");
  return {
    runs: rows.length,
    answers,
    taken: sum(({ taken }) => taken),
    sends: sum(({ sends }) => sends),
    attacks: new Set(heeded.map(({ attack }) => attack)).size,
    refolded: sum(({ isRefolded }) => (isRefolded ? 1 : 0)),
    unadvisedAlike: sum(({ influence }) => (influence === 0 ? 1 : 0)),
    canceled: sum(({ isCanceled }) => (isCanceled ? 1 : 0)),
    broken: broken.length,
    byModel: grouped(rows, ({ model, fills }) => `${model}, ${fills}`),
    byGoal: grouped(heeded, ({ goal }) => goal),
    overOwnBy: Object.fromEntries(
      [...Map.groupBy(over, ({ strategy }) => strategy)].map(([name, part]) => [name, part.length]),
    ),
  };
}

const TITLES = [
  "runs",
  "median",
  "p95",
  "worst",
  "bound, median",
  "most of it used",
  "over bound",
  "over own moves",
  "luck over bound",
];

function tableOf(name: string, groups: Readonly<Record<string, Figures>>): readonly string[] {
  const rows = Object.entries(groups).map(([key, it]) => [
    key,
    String(it.runs),
    it.medianBps.toFixed(2),
    it.p95Bps.toFixed(2),
    it.worstBps.toFixed(2),
    it.boundBps.toFixed(2),
    `${(100 * it.mostUsed).toFixed(0)} %`,
    String(it.over),
    String(it.overOwn),
    String(it.luckOver),
  ]);
  const all = [[name, ...TITLES], [name, ...TITLES].map(() => "---"), ...rows];
  return all.map((cells) => `| ${cells.join(" | ")} |`);
}

/** As it stands in the reference: Markdown. */
export function summaryText(summary: Summary): string {
  const { runs, answers, taken, sends, attacks, refolded, unadvisedAlike, canceled } = summary;
  const over = Object.entries(summary.overOwnBy);
  return [
    `${runs} advised orders, ${answers} answers (${taken} taken), ${attacks} attack cases obeyed or ` +
      `shown to a model, ${sends} orders, amendments and cancels sent`,
    `${refolded} runs folded again, byte for byte; ${unadvisedAlike} without influence, each as its ` +
      `twin; ${canceled} canceled on advice, all where that is allowed`,
    "",
    ...tableOf("advisor, fills", summary.byModel),
    "",
    ...tableOf("goal", summary.byGoal),
    "",
    over.length === 0
      ? "no run is over what its own moves allow"
      : `over what their own moves allow: ${over.map(([name, n]) => `${name} ${n}`).join(", ")}`,
    summary.broken === 0 ? "all held" : `BROKEN: ${summary.broken} of the runs`,
    "",
  ].join("\n");
}
