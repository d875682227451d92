/**
 * Funding: what longs and shorts of a perpetual pay each other, and how they lean because of it.
 *
 * The rule is Bybit's, as documented in its help center ("Introduction to Funding Rate", 2026):
 * rate = P + clamp(I − P, ±0.05 %), where P is the average over the interval's minutes of the
 * premium of the perpetual over its index, minute n weighted by n, and I the interest of 0.03 % a
 * day for the interval; then the rate itself is capped. Settled at whole intervals since midnight
 * UTC. A positive rate is paid by longs to shorts.
 *
 * Assumed: a part of the gap between mid and fundamental value shows as premium (the index follows
 * the perpetual for the rest), the crowd's own appetite for leverage adds to it, and some payers
 * get out before the settlement and back in after it.
 *
 * What must stay true: between the caps the rate is within 0.05 % of the premium, and equals the
 * interest where the premium is within 0.05 % of that.
 */
import { CorrelatedNoise, MeanReverting } from "./wandering.ts";

export interface FundingConfig {
  readonly intervalHours: 1 | 2 | 4 | 8;
  /** Interest of one day. */
  readonly dailyInterest: number;
  /** Most that interest and premium may differ in the rate. */
  readonly dampener: number;
  /** Largest rate of one interval, either way. */
  readonly cap: number;
  /** Part of the gap between the mid and the value that shows as premium. */
  readonly premiumShare: number;
  /** Spread of the crowd's own premium, and its memory. */
  readonly appetiteSpread: number;
  readonly appetiteMemoryHours: number;
  /** Lean before a settlement when all open positions must pay the dampener or more. */
  readonly lean: number;
}

export const DEFAULT_FUNDING: FundingConfig = {
  intervalHours: 8,
  dailyInterest: 0.0003,
  dampener: 0.0005,
  cap: 0.005,
  premiumShare: 0.1,
  appetiteSpread: 0.0005,
  appetiteMemoryHours: 12,
  lean: 0.3,
};

/** One settlement. */
export interface FundingSettlement {
  /** ns since the stream's epoch. */
  readonly at: number;
  /** Paid by longs to shorts, as a fraction of the notional. */
  readonly rate: number;
  readonly averagePremium: number;
  readonly intervalHours: number;
}

const clamp = (x: number, bound: number): number => Math.max(-bound, Math.min(bound, x));

/** The rate of one interval for an average premium: Bybit's formula. */
export function fundingRate(averagePremium: number, config: FundingConfig): number {
  const interest = (config.dailyInterest * config.intervalHours) / 24;
  const damped = clamp(interest - averagePremium, config.dampener);
  return clamp(averagePremium + damped, config.cap);
}

/** How fast the lean grows before a settlement and fades after it, in seconds. */
const LEAN_SECONDS = 900;

export class Funding {
  readonly #config: FundingConfig;
  readonly #appetite: MeanReverting;
  readonly #interval: number;
  #weighted = 0;
  #weights = 0;
  #settledLean = 0;
  /** The latest premium, as a fraction of the index. */
  premium = 0;
  /** The rate that would be settled if the premium stayed at its average. */
  rate: number;
  /** When the next settlement is, in seconds since the Unix epoch. */
  nextSecond: number;
  /** What those who pay do: −1 to 1, times the configured lean. */
  lean = 0;

  constructor(seed: number, symbol: string, config: FundingConfig, second: number) {
    this.#config = config;
    this.#interval = config.intervalHours * 3_600;
    const memory = config.appetiteMemoryHours * 3_600;
    const { appetiteSpread } = config;
    const noise = new CorrelatedNoise(seed, symbol, "premium");
    this.#appetite = new MeanReverting(noise, appetiteSpread, memory, second);
    this.nextSecond = (Math.floor(second / this.#interval) + 1) * this.#interval;
    this.premium = this.#appetite.level;
    this.rate = fundingRate(this.premium, config);
  }

  /**
   * Lives through one second. `gap` is the log of the mid over the value, `longShare` the longs'
   * share of the open interest. Answers a settlement where one falls on this second.
   */
  step(second: number, gap: number, longShare: number): { rate: number; premium: number } | null {
    this.#appetite.step(second);
    const settled = second >= this.nextSecond ? this.#settle() : null;
    if (second % 60 === 0) this.#sample(second, gap);
    const rate = clamp(this.rate / this.#config.dampener, 1);
    const payers = rate > 0 ? longShare : 1 - longShare;
    const before = -rate * payers * Math.exp((second - this.nextSecond) / LEAN_SECONDS);
    this.#settledLean *= Math.exp(-1 / LEAN_SECONDS);
    if (settled !== null) this.#settledLean = clamp(settled.rate / this.#config.dampener, 1) * 0.5;
    this.lean = this.#config.lean * (before + this.#settledLean);
    return settled;
  }

  #sample(second: number, gap: number): void {
    const minute = (second - (this.nextSecond - this.#interval)) / 60 + 1;
    this.premium = Math.expm1(this.#config.premiumShare * gap) + this.#appetite.level;
    this.#weighted += minute * this.premium;
    this.#weights += minute;
    this.rate = fundingRate(this.#weighted / this.#weights, this.#config);
  }

  #settle(): { rate: number; premium: number } {
    const premium = this.#weights === 0 ? this.premium : this.#weighted / this.#weights;
    const settled = { rate: fundingRate(premium, this.#config), premium };
    this.#weighted = 0;
    this.#weights = 0;
    this.nextSecond += this.#interval;
    return settled;
  }
}

/** What is wrong with the settings, by path. */
export function fundingFaults(config: FundingConfig): { path: string; text: string }[] {
  const faults: { path: string; text: string }[] = [];
  if (![1, 2, 4, 8].includes(config.intervalHours)) {
    const text = `must be 1, 2, 4 or 8, got ${config.intervalHours}`;
    faults.push({ path: "intervalHours", text });
  }
  const ranges = [
    ["dailyInterest", -0.1, 0.1],
    ["dampener", 1e-9, 0.1],
    ["cap", 1e-9, 1],
    ["premiumShare", 0, 1],
    ["appetiteSpread", 0, 0.1],
    ["appetiteMemoryHours", 0.01, 1e5],
    ["lean", 0, 1],
  ] as const;
  for (const [path, least, most] of ranges) {
    const value = config[path];
    if (!(value >= least && value <= most)) {
      faults.push({ path, text: `must be from ${least} to ${most}, got ${value}` });
    }
  }
  return faults;
}
