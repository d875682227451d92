/**
 * Format: how a figure becomes words on the page: one way for each unit, `–` for what is not known.
 *
 * What must stay true: a cost's sign is told by a word too, never by its colour alone; times are
 * UTC; exact decimal text from the server is grouped, never rounded.
 */
import type { Fraction, Micros } from "../../src/core/domain/units.ts";

export const UNKNOWN = "–";

const CLOCK = new Intl.DateTimeFormat("en-GB", {
  timeZone: "UTC",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});
const DAY = new Intl.DateTimeFormat("en-CA", {
  timeZone: "UTC",
  year: "numeric",
  month: "2-digit",
  day: "2-digit",
});

export const clock = (time: Micros | null): string =>
  time === null ? UNKNOWN : CLOCK.format(time / 1000);
export const dayAndClock = (time: Micros | null): string =>
  time === null ? UNKNOWN : `${DAY.format(time / 1000)} ${CLOCK.format(time / 1000)}`;

export const number = (value: number | null, digits = 2): string =>
  value === null || !Number.isFinite(value) ? UNKNOWN : value.toFixed(digits).replace("-", "−");

export const share = (value: Fraction | null, digits = 1): string =>
  value === null ? UNKNOWN : `${number(value * 100, digits)} %`;

/** Positive = paid. Zero is neither. */
export function costWord(value: number): "paid" | "gained" | "even" {
  if (Math.abs(value) < 0.005) return "even";
  return value > 0 ? "paid" : "gained";
}

export const signed = (value: number | null, digits = 2): string =>
  value === null ? UNKNOWN : `${value > 0 ? "+" : ""}${number(value, digits)}`;

/** Thousands apart; the digits are the server's own. */
export function grouped(decimal: string | null): string {
  if (decimal === null) return UNKNOWN;
  const [whole = "", rest] = decimal.split(".");
  const apart = whole.replace(/\B(?=(\d{3})+(?!\d))/g, "\u202f").replace("-", "−");
  return rest === undefined ? apart : `${apart}.${rest}`;
}

/** `1500 BTC` and its like: the number grouped, the unit as it is. */
export function amount(text: string): string {
  const [figure = "", ...unit] = text.split(" ");
  return [/^-?\d+(\.\d+)?$/.test(figure) ? grouped(figure) : figure, ...unit].join(" ");
}

export function span(seconds: number): string {
  if (seconds <= 0) return "none";
  const whole = Math.ceil(seconds);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  if (h > 0) return `${h} h ${String(m).padStart(2, "0")} min`;
  return m > 0 ? `${m} min ${String(s).padStart(2, "0")} s` : `${s} s`;
}

/** `initialized` and its like are the engine's words; a person reads these. */
const PHASES: Readonly<Record<string, string>> = {
  initialized: "accepted",
  active: "working",
  executing: "at the venue",
  "complete-with-dust": "complete (dust left)",
};
export const phaseWord = (phase: string): string => PHASES[phase] ?? phase;
