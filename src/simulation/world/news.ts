/**
 * News: what is made known about a market, when, and what it does to the value.
 *
 * An item is planned first (what happens, to whom, which way, how much, how fast it is priced in)
 * and worded when it is released. Items come in clusters: a Poisson number an hour, each with
 * follow-ups after it, and rumours with denials (a Neyman–Scott process). Rates, sizes and delays
 * are assumptions, in units of a day's standard deviation so that they fit any asset.
 *
 * What must stay true: the same item (same id) is planned and worded alike in the world of every
 * symbol that it concerns; an item that is noise moves nothing; a text says no more of the
 * magnitude than a headline would.
 */
import { Draws } from "../generated/draws.ts";

/** Families of events. `hostile` texts try to command their reader, `irrelevant` is chatter. */
export type NewsKind =
  | "etf-decision"
  | "exchange-hack"
  | "regulation"
  | "macro-print"
  | "listing"
  | "protocol"
  | "whale-transfer"
  | "liquidations"
  | "funding"
  | "earnings"
  | "rumour"
  | "denial"
  | "irrelevant"
  | "hostile";

export const NEWS_KINDS: readonly NewsKind[] = [
  "etf-decision",
  "exchange-hack",
  "regulation",
  "macro-print",
  "listing",
  "protocol",
  "whale-transfer",
  "liquidations",
  "funding",
  "earnings",
  "rumour",
  "denial",
  "irrelevant",
  "hostile",
];

export type Direction = -1 | 0 | 1;

/** Which part of the phrasings a text is from: what is learned from must not be what is tested. */
export type NewsSplit = "training" | "validation" | "test";
export const NEWS_SPLITS: readonly NewsSplit[] = ["training", "validation", "test"];

/** Every symbol of the market is concerned. */
export const ALL_SYMBOLS = "*";

/** What happens, before anybody has put it into words. */
export interface NewsPlan {
  readonly id: string;
  /** Seconds since the Unix epoch. */
  readonly second: number;
  readonly symbols: readonly string[];
  readonly kind: NewsKind;
  /** Which of the two stories of its kind it tells: good or bad, longs or shorts. */
  readonly story: -1 | 1;
  readonly direction: Direction;
  /** Standard deviations of a day; 0 for noise. */
  readonly magnitude: number;
  /** Seconds until it is fully in the value. */
  readonly delaySeconds: number;
  /** Given by a script; worded by the phrasings where there is none. */
  readonly text?: string;
}

/** A released item. */
export interface NewsItem {
  /** The same in the world of every symbol it concerns. */
  readonly id: string;
  /** ns since the stream's epoch. */
  readonly at: number;
  /** Symbols, or `*` for all. */
  readonly symbols: readonly string[];
  readonly kind: NewsKind;
  /** Which way the value moves: up (1), down (−1), not at all (0). */
  readonly direction: Direction;
  /** By how many standard deviations of a day. */
  readonly magnitude: number;
  /** ns until all of it is in the value. */
  readonly delay: number;
  /** A text without effect. */
  readonly isNoise: boolean;
  /** A text that tries to command its reader. */
  readonly isHostile: boolean;
  readonly text: string;
  /** Family of the phrasing, such as `macro-print/wire`; `script` where the text was given. */
  readonly family: string;
  readonly split: NewsSplit;
  /** The figures that the text names, by what they are. */
  readonly figures: Readonly<Record<string, number>>;
}

/** An item that a user writes into the script. */
export interface ScriptedNews {
  /** Since the start. */
  readonly atSeconds: number;
  /** Default: the world's own symbol. */
  readonly symbols?: readonly string[];
  readonly kind?: NewsKind;
  readonly direction: Direction;
  readonly magnitude: number;
  readonly delaySeconds?: number;
  readonly text?: string;
}

export interface NewsConfig {
  /** Items a day about this symbol, and about the whole market, chatter included. */
  readonly ownPerDay: number;
  readonly marketPerDay: number;
  /** Share of the items that are chatter, and of these that are hostile. */
  readonly noiseShare: number;
  readonly hostileShare: number;
  /** Pareto sizes between these, in standard deviations of a day. */
  readonly leastMagnitude: number;
  readonly mostMagnitude: number;
  readonly magnitudeExponent: number;
  /** Median time until an item is fully in the value; a factor of e either way is common. */
  readonly medianDelaySeconds: number;
  /** Follow-ups of an item that is no noise, on average, and after how long. */
  readonly followUps: number;
  readonly followUpSeconds: number;
  /** Share of the rumours that are denied. */
  readonly denialShare: number;
  readonly split: NewsSplit;
  readonly script: readonly ScriptedNews[];
}

export const DEFAULT_NEWS: NewsConfig = {
  ownPerDay: 8,
  marketPerDay: 4,
  noiseShare: 0.6,
  hostileShare: 0.05,
  leastMagnitude: 0.08,
  mostMagnitude: 1.5,
  magnitudeExponent: 2,
  medianDelaySeconds: 180,
  followUps: 0.3,
  followUpSeconds: 1_500,
  denialShare: 0.4,
  split: "training",
  script: [],
};

/** Who hears what: [kind, weight, chance of the good story]. */
type Mix = readonly (readonly [kind: NewsKind, weight: number, good: number])[];

const MIXES: Readonly<Record<string, Mix>> = {
  "perpetual/own": [
    ["etf-decision", 1, 0.5],
    ["listing", 1.5, 0.6],
    ["protocol", 2, 0.5],
    ["whale-transfer", 3, 0.5],
    ["rumour", 2, 0.5],
  ],
  "perpetual/market": [
    ["exchange-hack", 1, 0.15],
    ["regulation", 2, 0.5],
    ["macro-print", 2, 0.5],
  ],
  "equity/own": [
    ["earnings", 2, 0.5],
    ["rumour", 2, 0.5],
  ],
  "equity/market": [
    ["regulation", 1, 0.5],
    ["macro-print", 2, 0.5],
  ],
};

const HOUR_SECONDS = 3_600;
/** Stories that go on: a print or a decision is made once. */
const DEVELOPING: ReadonlySet<NewsKind> = new Set<NewsKind>([
  "exchange-hack",
  "regulation",
  "protocol",
  "whale-transfer",
  "rumour",
]);
/** No follow-up comes later than this after its cause. */
const LATEST_FOLLOW_UP = 3 * HOUR_SECONDS;
/** Figures are published on the half hour. */
const PRINT_SECONDS = 1_800;
/** Counters of one hour: one for their number, the others for the items. */
const PER_HOUR = 64;

/** The random items of one scope (this symbol's, or the market's), hour by hour. */
export class NewsPlanner {
  readonly #config: NewsConfig;
  readonly #scope: string;
  readonly #symbols: readonly string[];
  readonly #mix: Mix;
  readonly #perHour: number;
  readonly #draws: Draws;

  constructor(
    seed: number,
    config: NewsConfig,
    market: "perpetual" | "equity",
    symbol: string | undefined,
  ) {
    this.#config = config;
    this.#scope = symbol ?? "market";
    this.#symbols = [symbol ?? ALL_SYMBOLS];
    this.#mix = MIXES[`${market}/${symbol === undefined ? "market" : "own"}`]!;
    this.#perHour = (symbol === undefined ? config.marketPerDay : config.ownPerDay) / 24;
    this.#draws = new Draws(seed, `world/news/${market}/${symbol ?? ALL_SYMBOLS}`);
  }

  /** What is begun in this hour since the Unix epoch, with what follows from it. */
  hour(hour: number): NewsPlan[] {
    const plans: NewsPlan[] = [];
    const count = Math.min(PER_HOUR - 1, poisson(this.#draws.at(hour * PER_HOUR), this.#perHour));
    for (let i = 1; i <= count; i++) {
      const draws = this.#draws.at(hour * PER_HOUR + i);
      const second = hour * HOUR_SECONDS + draws.below(HOUR_SECONDS);
      const id = `${this.#scope}-${hour}-${i}`;
      if (draws.chance(this.#config.noiseShare)) plans.push(this.#noise(id, second, draws));
      else plans.push(...this.#event(id, second, draws));
    }
    return plans;
  }

  #noise(id: string, second: number, draws: Draws): NewsPlan {
    const kind = draws.chance(this.#config.hostileShare) ? "hostile" : "irrelevant";
    const symbols = this.#symbols;
    return { id, second, symbols, kind, story: 1, direction: 0, magnitude: 0, delaySeconds: 0 };
  }

  #event(id: string, drawn: number, draws: Draws): NewsPlan[] {
    const { leastMagnitude, mostMagnitude, magnitudeExponent } = this.#config;
    let left = draws.uniform() * this.#mix.reduce((sum, [, weight]) => sum + weight, 0);
    const [kind, , good] = this.#mix.find(([, weight]) => (left -= weight) < 0) ?? this.#mix[0]!;
    const story = draws.chance(good) ? 1 : -1;
    const isPrint = kind === "macro-print";
    const second = isPrint ? Math.ceil(drawn / PRINT_SECONDS) * PRINT_SECONDS : drawn;
    const magnitude = draws.paretoWithin(leastMagnitude, mostMagnitude, magnitudeExponent);
    const delaySeconds = this.#delay(draws);
    const symbols = this.#symbols;
    const first: NewsPlan = {
      id,
      second,
      symbols,
      kind,
      story,
      direction: story,
      magnitude,
      delaySeconds,
    };
    return [first, ...this.#after(first, draws)];
  }

  #after(first: NewsPlan, draws: Draws): NewsPlan[] {
    const { followUps, followUpSeconds, denialShare } = this.#config;
    const wait = (): number =>
      Math.min(LATEST_FOLLOW_UP, 60 + Math.floor(draws.exponential() * followUpSeconds));
    if (first.kind === "rumour" && draws.chance(denialShare)) {
      const against = -first.story as -1 | 1;
      const second = first.second + wait();
      const id = `${first.id}-denial`;
      return [{ ...first, id, second, kind: "denial", story: against, direction: against }];
    }
    if (!DEVELOPING.has(first.kind)) return [];
    return Array.from({ length: Math.min(8, poisson(draws, followUps)) }, (_, i) => {
      const story = draws.chance(0.7) ? first.story : (-first.story as -1 | 1);
      return {
        ...first,
        id: `${first.id}-${i + 1}`,
        second: first.second + wait(),
        story,
        direction: story,
        magnitude: 0.4 * first.magnitude,
        delaySeconds: this.#delay(draws),
      };
    });
  }

  #delay(draws: Draws): number {
    const seconds = this.#config.medianDelaySeconds * Math.exp(draws.normal());
    return Math.max(1, Math.round(seconds));
  }
}

/** A Poisson number: the multiplications of Knuth (1969), for means well below a hundred. */
function poisson(draws: Draws, mean: number): number {
  const floor = Math.exp(-mean);
  let count = 0;
  for (let product = draws.uniform(); product > floor; product *= draws.uniform()) count += 1;
  return count;
}

/** The script's items as plans; those of other symbols are left out. */
export function scriptedPlans(
  script: readonly ScriptedNews[],
  symbol: string,
  startSecond: number,
): NewsPlan[] {
  return script.flatMap((item, i) => {
    const symbols = item.symbols ?? [symbol];
    const isForAll = symbols.includes(ALL_SYMBOLS);
    if (!symbols.includes(symbol) && !isForAll) return [];
    const plan: NewsPlan = {
      id: symbols.length > 1 || isForAll ? `script-${i + 1}` : `${symbol}-script-${i + 1}`,
      second: startSecond + Math.ceil(item.atSeconds),
      symbols,
      kind: item.kind ?? (item.magnitude > 0 ? "rumour" : "irrelevant"),
      story: item.direction < 0 ? -1 : 1,
      direction: item.magnitude > 0 ? item.direction : 0,
      magnitude: item.direction === 0 ? 0 : item.magnitude,
      delaySeconds: item.delaySeconds ?? 60,
      ...(item.text === undefined ? {} : { text: item.text }),
    };
    return [plan];
  });
}

/** Plans in the order of their times, released as the seconds go by. */
export class NewsCalendar {
  readonly #planners: readonly NewsPlanner[];
  #pending: NewsPlan[];
  #plannedTo: number;
  readonly #from: number;

  /** What has begun before `second` may still have follow-ups after it. */
  constructor(planners: readonly NewsPlanner[], scripted: readonly NewsPlan[], second: number) {
    this.#planners = planners;
    this.#pending = [...scripted];
    this.#from = second;
    this.#plannedTo = Math.floor((second - LATEST_FOLLOW_UP) / HOUR_SECONDS) - 1;
    this.#sort();
  }

  /** What is released up to this second. */
  upTo(second: number): readonly NewsPlan[] {
    const hour = Math.floor(second / HOUR_SECONDS);
    if (hour > this.#plannedTo) this.#plan(hour);
    if (this.#pending.length === 0 || this.#pending[0]!.second > second) return NONE;
    const count = this.#pending.findIndex((plan) => plan.second > second);
    return this.#pending.splice(0, count < 0 ? this.#pending.length : count);
  }

  #plan(hour: number): void {
    while (this.#plannedTo < hour) {
      this.#plannedTo += 1;
      for (const planner of this.#planners) {
        const plans = planner.hour(this.#plannedTo);
        this.#pending.push(...plans.filter((plan) => plan.second >= this.#from));
      }
    }
    this.#sort();
  }

  #sort(): void {
    this.#pending.sort((a, b) => a.second - b.second || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  }
}

const NONE: readonly NewsPlan[] = [];

/** What is wrong with the settings, by path. */
export function newsFaults(config: NewsConfig): { path: string; text: string }[] {
  const faults: { path: string; text: string }[] = [];
  const ranges = [
    ["ownPerDay", 0, 240],
    ["marketPerDay", 0, 240],
    ["noiseShare", 0, 1],
    ["hostileShare", 0, 1],
    ["leastMagnitude", 1e-6, 10],
    ["mostMagnitude", config.leastMagnitude, 10],
    ["magnitudeExponent", 0.1, 20],
    ["medianDelaySeconds", 0, 86_400],
    ["followUps", 0, 5],
    ["followUpSeconds", 0, 86_400],
    ["denialShare", 0, 1],
  ] as const;
  for (const [path, least, most] of ranges) {
    const value = config[path];
    if (!(value >= least && value <= most)) {
      faults.push({ path, text: `must be from ${least} to ${most}, got ${value}` });
    }
  }
  if (!NEWS_SPLITS.includes(config.split)) {
    faults.push({ path: "split", text: `must be one of ${NEWS_SPLITS.join(", ")}` });
  }
  for (const [i, { atSeconds, magnitude, direction }] of config.script.entries()) {
    if (!(atSeconds >= 0 && magnitude >= 0 && [-1, 0, 1].includes(direction))) {
      const text = "must have a time and a magnitude of at least 0 and a direction of -1, 0 or 1";
      faults.push({ path: `script.${i}`, text });
    }
  }
  return faults;
}
