/**
 * Words: times, shares and figures as a person reads them. Always UTC, always the same on every
 * machine; exact quantities and prices are told by the instrument's own functions.
 */
import type { Micros } from "../core/domain/units.ts";

/** `12:00:30`, UTC. */
export function clockText(time: Micros): string {
  const seconds = Math.floor(time / 1e6) % 86_400;
  return [seconds / 3600, (seconds / 60) % 60, seconds % 60].map(twoDigits).join(":");
}

const twoDigits = (value: number): string => String(Math.floor(value)).padStart(2, "0");

/** `12.5 %` of a share. */
export const percentText = (share: number): string => `${Number((100 * share).toFixed(1))} %`;

interface Refusal {
  readonly code: string;
}

/** A refusal's code and why, in a line. */
export const refusalText = (refusal: Refusal): string => {
  const why = refusalWords(refusal);
  return why === "" ? refusal.code : `${refusal.code}: ${why}`;
};

/** Why, without the code: its own words, or its figures. */
export function refusalWords(refusal: Refusal): string {
  const { code, ...figures } = refusal as Refusal & Record<string, unknown>;
  if (code === "RISK_KILLED") return "everything was stopped, until the run is started anew";
  if (code === "RISK_OPPOSITE_PARENT") {
    return `the order ${String(figures["other"])} works the other side of this market`;
  }
  const text = figures["text"];
  if (typeof text === "string") return text;
  return Object.entries(figures)
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(", ");
}
