/**
 * Leverage: a crowd of leveraged positions, and the prices at which each is closed by force.
 *
 * When the mid crosses a position's liquidation price the exchange sells (or buys back) all of it
 * at the market. That moves the mid towards the next one: a cascade. The crowd is drawn, not
 * traded: its entries and its voluntary exits are thought to be part of the flow anyway, and its
 * counterparties to be unleveraged. Isolated margin, one maintenance rate, all or nothing; how much
 * is open, for how long and at what leverage are assumptions, written out below.
 *
 * What must stay true: a position is liquidated at most once, and only by a mid beyond its price;
 * sizes opened = sizes closed + sizes liquidated + sizes open.
 */
import { Draws } from "../generated/draws.ts";
import { SortedLevels } from "./sorted-levels.ts";

export interface LeverageConfig {
  /** How many positions can be open at once. */
  readonly positions: number;
  /** Size of all positions when each is open, as a share of an average day's volume. */
  readonly openInterest: number;
  /** [leverage, share of the positions that have it]. */
  readonly mix: readonly (readonly [leverage: number, weight: number])[];
  /** Share of the notional below which a position is closed by force. */
  readonly maintenanceRate: number;
  /** How long a position of leverage 5 stays open; others in inverse proportion. */
  readonly meanHoursAtFive: number;
  /** Tail of the sizes: Pareto exponent; the largest is 100 times the least. */
  readonly sizeExponent: number;
  /** How strongly the crowd opens in the direction of the last hours' move, 0 to 1. */
  readonly herding: number;
}

/** Open interest of half a day's volume and a maintenance rate of 0.5 %, as on BTC perpetuals. */
export const DEFAULT_LEVERAGE: LeverageConfig = {
  positions: 1_000,
  openInterest: 0.5,
  mix: [
    [3, 0.3],
    [5, 0.25],
    [10, 0.22],
    [20, 0.13],
    [50, 0.07],
    [100, 0.03],
  ],
  maintenanceRate: 0.005,
  meanHoursAtFive: 36,
  sizeExponent: 1.3,
  herding: 0.5,
};

/** A liquidation: the exchange takes it from the market as it stands. */
export interface ForcedOrder {
  /** Unique in a world: the position's number. */
  readonly id: number;
  /** Shorts are bought back, longs are sold. */
  readonly buys: boolean;
  /** Size as a share of an average day's volume. */
  readonly shareOfDay: number;
  /** Log returns of the mid since the start: where it fell due, and where its margin is gone. */
  readonly liquidationLog: number;
  readonly bankruptcyLog: number;
  readonly leverage: number;
}

/** What falls due between two log prices. */
export interface LiquidationLevel {
  /** Middle of the bin, as a log return of the mid since the start. */
  readonly log: number;
  readonly longs: number;
  readonly shorts: number;
}

const NOTHING: readonly ForcedOrder[] = [];
const LARGEST_TO_LEAST = 100;

export class LeveragedCrowd {
  readonly #config: LeverageConfig;
  readonly #draws: Draws;
  readonly #meanSize: number;
  /** By slot: what is open there. A size of 0 is a vacant slot. */
  readonly #size: Float64Array;
  readonly #entry: Float64Array;
  readonly #leverage: Float64Array;
  readonly #isLong: Uint8Array;
  readonly #closesAt: Float64Array;
  readonly #id: Float64Array;
  readonly #longs: SortedLevels;
  readonly #shorts: SortedLevels;
  /** Moves slowly after the mid: what the crowd thinks the price was. */
  #anchor = 0;
  #opened = 0;
  /** Sizes so far, as shares of an average day's volume. */
  readonly totals = { opened: 0, closed: 0, liquidated: 0 };
  /** Sizes that are open now. */
  longs = 0;
  shorts = 0;

  /** A crowd that has been there for long: its entries lie along a past that is drawn. */
  constructor(seed: number, symbol: string, config: LeverageConfig, dailyVolatility: number) {
    const { positions } = config;
    this.#config = config;
    this.#draws = new Draws(seed, `world/leverage/${symbol}`);
    const a = config.sizeExponent;
    const cut = 1 - LARGEST_TO_LEAST ** -a;
    const mean = (a / (a - 1)) * ((1 - LARGEST_TO_LEAST ** (1 - a)) / cut);
    this.#meanSize = a === 1 ? Math.log(LARGEST_TO_LEAST) / cut : mean;
    this.#size = new Float64Array(positions);
    this.#entry = new Float64Array(positions);
    this.#leverage = new Float64Array(positions);
    this.#isLong = new Uint8Array(positions);
    this.#closesAt = new Float64Array(positions);
    this.#id = new Float64Array(positions);
    this.#longs = new SortedLevels(positions);
    this.#shorts = new SortedLevels(positions);
    for (let slot = 0; slot < positions; slot++) this.#settleIn(slot, dailyVolatility);
  }

  /** The nearest log prices, below and above, at which a position falls due; ±∞ where none is. */
  get nextBelow(): number {
    return this.#longs.last;
  }

  get nextAbove(): number {
    return -this.#shorts.last;
  }

  /** Open now, as a share of an average day's volume. */
  get openInterest(): number {
    return this.longs + this.shorts;
  }

  /** One second of the stream: one slot in turn closes by itself, or opens at the mid. */
  step(second: number, midLog: number): void {
    this.#anchor += (midLog - this.#anchor) / 7_200;
    const slot = second % this.#size.length;
    if (this.#size[slot]! > 0) {
      if (second >= this.#closesAt[slot]!) this.#leave(slot, "closed");
      return;
    }
    this.#draws.at(second + this.#size.length);
    const trend = Math.tanh((midLog - this.#anchor) * 100);
    this.#open(slot, midLog, second, 0.5 + 0.5 * this.#config.herding * trend);
  }

  /** What the mid has crossed, nearest first; each is gone from the crowd from here on. */
  due(midLog: number): readonly ForcedOrder[] {
    if (midLog > this.#longs.last && -midLog > this.#shorts.last) return NOTHING;
    const orders: ForcedOrder[] = [];
    while (this.#longs.last >= midLog) orders.push(this.#liquidate(this.#longs.lastSlot));
    while (this.#shorts.last >= -midLog) orders.push(this.#liquidate(this.#shorts.lastSlot));
    return orders;
  }

  /** The map of what falls due where, in bins of `width`, empty ones left out, lowest first. */
  levels(width: number): readonly LiquidationLevel[] {
    const bins = new Map<number, { longs: number; shorts: number }>();
    for (let slot = 0; slot < this.#size.length; slot++) {
      if (this.#size[slot] === 0) continue;
      const key = Math.floor(this.#liquidationLog(slot) / width);
      const bin = bins.get(key) ?? { longs: 0, shorts: 0 };
      bins.set(key, bin);
      if (this.#isLong[slot] === 1) bin.longs += this.#size[slot]!;
      else bin.shorts += this.#size[slot]!;
    }
    return [...bins]
      .sort(([a], [b]) => a - b)
      .map(([key, { longs, shorts }]) => ({ log: (key + 0.5) * width, longs, shorts }));
  }

  /** A position that was opened before the start and is still there. */
  #settleIn(slot: number, dailyVolatility: number): void {
    const draws = this.#draws.at(slot);
    this.#open(slot, 0, 0, 0.5);
    const hours = this.#closesAt[slot]! / 3_600;
    const age = hours * draws.uniform();
    const moved = dailyVolatility * Math.sqrt(age / 24) * draws.normal();
    this.#levelsOf(slot).remove(this.#rank(slot), slot);
    this.#entry[slot] = moved;
    // One that the drawn past would have closed is taken to have been opened just now.
    const due = this.#liquidationLog(slot);
    if (this.#isLong[slot] === 1 ? due >= -0.0005 : due <= 0.0005) this.#entry[slot] = 0;
    this.#levelsOf(slot).insert(this.#rank(slot), slot);
  }

  #open(slot: number, midLog: number, second: number, longChance: number): void {
    const { mix, sizeExponent, openInterest, positions, meanHoursAtFive } = this.#config;
    const draws = this.#draws;
    const isLong = draws.chance(longChance);
    let at = draws.uniform() * mix.reduce((sum, [, weight]) => sum + weight, 0);
    const chosen = mix.find(([, weight]) => (at -= weight) < 0) ?? mix.at(-1)!;
    const size = draws.paretoWithin(1, LARGEST_TO_LEAST, sizeExponent) / this.#meanSize;
    this.#isLong[slot] = isLong ? 1 : 0;
    this.#leverage[slot] = chosen[0];
    this.#size[slot] = (size * openInterest) / positions;
    this.#entry[slot] = midLog;
    const hours = ((meanHoursAtFive * 5) / chosen[0]) * draws.exponential();
    this.#closesAt[slot] = second + hours * 3_600;
    this.#opened += 1;
    this.#id[slot] = this.#opened;
    this.totals.opened += this.#size[slot]!;
    if (isLong) this.longs += this.#size[slot]!;
    else this.shorts += this.#size[slot]!;
    this.#levelsOf(slot).insert(this.#rank(slot), slot);
  }

  #leave(slot: number, how: "closed" | "liquidated"): void {
    this.#levelsOf(slot).remove(this.#rank(slot), slot);
    const size = this.#size[slot]!;
    this.totals[how] += size;
    if (this.#isLong[slot] === 1) this.longs = Math.max(0, this.longs - size);
    else this.shorts = Math.max(0, this.shorts - size);
    this.#size[slot] = 0;
  }

  #liquidate(slot: number): ForcedOrder {
    const isLong = this.#isLong[slot] === 1;
    const leverage = this.#leverage[slot]!;
    const order: ForcedOrder = {
      id: this.#id[slot]!,
      buys: !isLong,
      shareOfDay: this.#size[slot]!,
      liquidationLog: this.#liquidationLog(slot),
      bankruptcyLog: this.#entry[slot]! + Math.log1p(isLong ? -1 / leverage : 1 / leverage),
      leverage,
    };
    this.#leave(slot, "liquidated");
    return order;
  }

  /** Where margin less maintenance is used up, as a log return of the mid since the start. */
  #liquidationLog(slot: number): number {
    const room = 1 / this.#leverage[slot]! - this.#config.maintenanceRate;
    return this.#entry[slot]! + Math.log1p(this.#isLong[slot] === 1 ? -room : room);
  }

  #levelsOf(slot: number): SortedLevels {
    return this.#isLong[slot] === 1 ? this.#longs : this.#shorts;
  }

  /** The nearest is the largest on both sides. */
  #rank(slot: number): number {
    return this.#isLong[slot] === 1 ? this.#liquidationLog(slot) : -this.#liquidationLog(slot);
  }
}

/** What is wrong with the settings, by path. */
export function leverageFaults(config: LeverageConfig): { path: string; text: string }[] {
  const faults: { path: string; text: string }[] = [];
  const ranges = [
    ["openInterest", 0, 100],
    ["maintenanceRate", 0, 0.5],
    ["meanHoursAtFive", 0.01, 1e5],
    ["sizeExponent", 0.2, 20],
    ["herding", 0, 1],
  ] as const;
  for (const [path, least, most] of ranges) {
    const value = config[path];
    if (!(value >= least && value <= most)) {
      faults.push({ path, text: `must be from ${least} to ${most}, got ${value}` });
    }
  }
  const { positions, maintenanceRate } = config;
  if (!(Number.isSafeInteger(positions) && positions >= 1 && positions <= 100_000)) {
    const text = `must be a whole number from 1 to 100,000, got ${positions}`;
    faults.push({ path: "positions", text });
  }
  if (!config.mix.some(([, weight]) => weight > 0)) {
    faults.push({ path: "mix", text: "must hold a leverage of some weight" });
  }
  for (const [i, [leverage, weight]] of config.mix.entries()) {
    if (!(leverage > 1 && 1 / leverage > maintenanceRate)) {
      const text = `must be above 1 and leave room above the maintenance rate, got ${leverage}`;
      faults.push({ path: `mix.${i}.0`, text });
    }
    if (!(weight >= 0)) {
      faults.push({ path: `mix.${i}.1`, text: `must not be negative, got ${weight}` });
    }
  }
  return faults;
}
