/**
 * Session: how busy a market is by the clock, as a multiple of its average.
 *
 * Volume, volatility and spreads follow the hour of the day and the day of the week, and whoever
 * trades by volume lives off that. Bitcoin is traded most in the European afternoon, when the US is
 * awake too, least in the European night, and less at weekends (Eross, McGroarty, Urquhart, Wolfe
 * 2019; Hansen, Kim, Kimbrough 2021); shares are traded in a U over their day (Jain and Joh 1988;
 * Admati and Pfleiderer 1988). The shapes are theirs; the heights below are assumptions.
 *
 * What must stay true: the mean over a working day is 1, so that a rate is what it is set to.
 */
import { DAY, HOUR, type Micros, MINUTE } from "../../core/domain/units.ts";

export interface SessionConfig {
  /** `crypto`: around the clock. `equity`: one session a day. `flat`: always 1. */
  readonly shape: "crypto" | "equity" | "flat";
  /** Weekend as a multiple of a working day. Default 0.65 (crypto), 0.01 (equity), 1 (flat). */
  readonly weekend?: number;
  /** Hours of the day, UTC, of an equity session; 14.5 to 21 is New York in winter. */
  readonly opensAtHour: number;
  readonly closesAtHour: number;
}

export const DEFAULT_SESSION: SessionConfig = {
  shape: "crypto",
  opensAtHour: 14.5,
  closesAtHour: 21,
};

const MINUTES_PER_DAY = 1_440;
/** Trading outside an equity session, as a multiple of the middle of the session: assumption. */
const EXTENDED_HOURS = 0.03;
/** 1970-01-01 was a Thursday. Day 0 is a Monday here. */
const WEEKDAY_OF_EPOCH = 3;
/** A crypto weekend comes and goes over so long, inside the weekend itself. */
const WEEKEND_RAMP = 6 * HOUR;

/** [hour UTC of the middle, height, width in hours]: Asia, Europe, US. */
const CRYPTO_BUMPS = [
  [1.5, 0.3, 2.2],
  [8.5, 0.4, 2.4],
  [15, 1.05, 2.6],
] as const;

/** What Asia, Europe and the US add to a quiet hour, around the clock. */
function cryptoAt(hour: number): number {
  let level = 0.6;
  for (const [middle, height, width] of CRYPTO_BUMPS) {
    const away = Math.abs(hour - middle);
    const apart = Math.min(away, 24 - away) / width;
    level += height * Math.exp(-0.5 * apart * apart);
  }
  return level;
}

/** A U over the session: busiest at the close, then at the open, half as busy at noon. */
function equityAt(hour: number, opensAt: number, closesAt: number): number {
  const share = (hour - opensAt) / (closesAt - opensAt);
  if (share < 0 || share >= 1) return EXTENDED_HOURS;
  return 0.7 + 0.9 * Math.exp(-share / 0.09) + 1.4 * Math.exp(-(1 - share) / 0.06);
}

export class Session {
  readonly #table: Float64Array;
  readonly #weekend: number;
  readonly #ramp: number;

  constructor(config: SessionConfig) {
    const { shape, opensAtHour, closesAtHour } = config;
    const raw = Float64Array.from({ length: MINUTES_PER_DAY }, (_, minute) => {
      const hour = (minute + 0.5) / 60;
      if (shape === "flat") return 1;
      return shape === "crypto" ? cryptoAt(hour) : equityAt(hour, opensAtHour, closesAtHour);
    });
    const mean = raw.reduce((sum, level) => sum + level, 0) / MINUTES_PER_DAY;
    this.#table = raw.map((level) => level / mean);
    const usual = shape === "crypto" ? 0.65 : shape === "equity" ? 0.01 : 1;
    this.#weekend = config.weekend ?? usual;
    this.#ramp = shape === "equity" ? 0 : WEEKEND_RAMP;
  }

  /** Multiple of the average working day's rate at a time since the Unix epoch; never negative. */
  at(time: Micros): number {
    const sinceMidnight = time % DAY;
    const intraday = this.#table[Math.floor(sinceMidnight / MINUTE)]!;
    if (this.#weekend === 1) return intraday;
    const weekday = (Math.floor(time / DAY) + WEEKDAY_OF_EPOCH) % 7;
    if (weekday < 5) return intraday;
    const edge = weekday === 5 ? sinceMidnight : DAY - sinceMidnight;
    const depth = this.#ramp === 0 ? 1 : Math.min(1, edge / this.#ramp);
    return intraday * (1 + (this.#weekend - 1) * depth);
  }
}

/** What is wrong with the settings, by path. */
export function sessionFaults(config: SessionConfig): { path: string; text: string }[] {
  const faults: { path: string; text: string }[] = [];
  const { weekend, opensAtHour, closesAtHour } = config;
  if (!["crypto", "equity", "flat"].includes(config.shape)) {
    faults.push({ path: "shape", text: `must be crypto, equity or flat, got ${config.shape}` });
  }
  if (weekend !== undefined && !(weekend >= 0 && weekend <= 5)) {
    faults.push({ path: "weekend", text: `must be from 0 to 5, got ${weekend}` });
  }
  if (!(opensAtHour >= 0 && opensAtHour < closesAtHour && closesAtHour <= 24)) {
    const text = `must be hours of one day, the first before the second, got ${opensAtHour}`;
    faults.push({ path: "opensAtHour", text: `${text} and ${closesAtHour}` });
  }
  return faults;
}
