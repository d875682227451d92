/**
 * Grounding: whether the numbers in a model's reasoning are numbers that it was shown.
 *
 * Pure. For people who read an explanation, and for the share of grounded reasoning in the report
 * on a model; it never gates anything. What must stay true: a number is called found only where a
 * figure of the situation, told in the unit that was written, rounds to it.
 */
import type { AdviceQuestion } from "../core/contracts/advice.ts";
import { type Figure, type FigureKind, OFFERED_FIGURES, situationFigures } from "./figures.ts";

export interface GroundedNumber {
  /** As it was written, its unit included. */
  readonly text: string;
  /** Where it begins. */
  readonly at: number;
  readonly isFound: boolean;
  /** The figures that it may be: `market.spreadBps`; `offer.rate` is one that may be answered. */
  readonly names: readonly string[];
}

export interface Grounding {
  readonly numbers: readonly GroundedNumber[];
  /** Every number was found. Of reasoning without numbers: true. */
  readonly isGrounded: boolean;
}

/** Numbers, alone or grouped by thousands, perhaps a fraction such as 1/3. */
const NUMBER = new RegExp(
  [
    String.raw`(?<![\p{L}\p{N}_.])[-+\u2212]?(?:`,
    String.raw`(\d{1,7})\/(\d{1,7})(?![\d/])|`,
    String.raw`(\d{1,3}(?:[,\u2009'\u2019]\d{3})+|\d{1,15})(\.\d{1,12})?|`,
    String.raw`(\.\d{1,12}))`,
  ].join(""),
  "gu",
);
/** What may follow a number. */
const SCALE = /^\s?(k|thousand|m|mn|million)(?![\p{L}\p{N}])/iu;
const UNITS = [
  String.raw`bps|bp|basis[\s-]points?`,
  String.raw`%|per\s?cent|percentage points?`,
  "seconds?|secs?|s|minutes?|mins?|hours?|hrs?|h",
  String.raw`x|\u00d7|times|fold`,
];
const UNIT = new RegExp(String.raw`^[\s-]?(${UNITS.join("|")})(?![\p{L}\p{N}])`, "iu");
/** A number that belongs to a word: `10-year`, `2nd`, `5G`. */
const WORD = /^(?:-?\p{L}|_)/u;

interface Reading {
  readonly value: number;
  /** Half of the last digit that was written. */
  readonly tolerance: number;
  readonly unit: Unit | undefined;
  readonly length: number;
}

type Unit = "bps" | "percent" | "seconds" | "minutes" | "hours" | "times";

/** What a figure of a kind is in a unit; absent: it is never told in it. */
const IN_UNIT: Readonly<Record<Unit, Partial<Record<FigureKind, number>>>> = {
  bps: { bps: 1 },
  percent: { share: 100, ratio: 100, bps: 0.01, plain: 100 },
  seconds: { seconds: 1 },
  minutes: { seconds: 1 / 60 },
  hours: { seconds: 1 / 3600 },
  times: { ratio: 1 },
};
const BARE: Readonly<Record<FigureKind, number>> = {
  bps: 1,
  share: 1,
  ratio: 1,
  seconds: 1,
  plain: 1,
};
/** Of what the prompt says in words: the spans of volumes, volatilities and moves. */
const WORDS_OF_THE_PROMPT: readonly Figure[] = [
  { name: "prompt.tenSeconds", kind: "seconds", value: 10 },
  { name: "prompt.minute", kind: "seconds", value: 60 },
  { name: "prompt.fiveMinutes", kind: "seconds", value: 300 },
  { name: "prompt.fifteenMinutes", kind: "seconds", value: 900 },
  { name: "prompt.hour", kind: "seconds", value: 3600 },
];

export function grounded(reasoning: string, question: AdviceQuestion): Grounding {
  const figures = [...situationFigures(question), ...OFFERED_FIGURES, ...WORDS_OF_THE_PROMPT];
  const numbers: GroundedNumber[] = [];
  for (const match of reasoning.matchAll(NUMBER)) {
    const reading = readAt(reasoning, match);
    if (reading === undefined) continue;
    const names = namesOf(reading, figures);
    const text = reasoning.slice(match.index, match.index + reading.length);
    numbers.push({ text, at: match.index, isFound: names.length > 0, names });
  }
  return { numbers, isGrounded: numbers.every(({ isFound }) => isFound) };
}

function readAt(text: string, match: RegExpExecArray): Reading | undefined {
  const [whole, above, below, integer, decimals = "", bare] = match;
  let end = match.index + whole.length;
  let scale = 1;
  const scaled = SCALE.exec(text.slice(end, end + 20));
  if (scaled !== null && isScale(scaled[0], scaled[1]!)) {
    scale = scaled[1]!.toLowerCase().startsWith("m") ? 1e6 : 1e3;
    end += scaled[0].length;
  }
  const unitAt = UNIT.exec(text.slice(end, end + 24));
  if (unitAt === null && WORD.test(text.slice(end, end + 4))) return undefined;
  if (unitAt !== null) end += unitAt[0].length;
  const length = end - match.index;
  const unit = unitAt === null ? undefined : unitOf(unitAt[1]!);
  if (above !== undefined) {
    if (Number(below) === 0) return undefined;
    return { value: Number(above) / Number(below), tolerance: 0.005, unit, length };
  }
  const value = Number((integer ?? "").replaceAll(/\D/g, "") + (bare ?? decimals));
  const digits = (bare ?? decimals).replace(".", "").length;
  return { value: value * scale, tolerance: (0.5 * scale) / 10 ** digits, unit, length };
}

/** `5 m` is five minutes or metres, not millions: a single letter stands at its number. */
const isScale = (written: string, letters: string): boolean =>
  letters.length > 2 || (!/^\s/.test(written) && letters.toLowerCase() !== "m");

function unitOf(written: string): Unit {
  const word = written.toLowerCase();
  if (word.startsWith("b")) return "bps";
  if (word.includes("%") || word.startsWith("per")) return "percent";
  if (word.startsWith("s")) return "seconds";
  if (word.startsWith("min")) return "minutes";
  if (word.startsWith("h")) return "hours";
  return "times";
}

/** The sign is left out of it: "fallen by 3 bps" is a figure of −3. */
function namesOf({ value, tolerance, unit }: Reading, figures: readonly Figure[]): string[] {
  const factors = unit === undefined ? BARE : IN_UNIT[unit];
  const found = figures.filter(({ kind, value: shown }) => {
    const factor = factors[kind];
    if (factor === undefined) return false;
    const told = Math.abs(shown) * factor;
    // Whoever writes a figure in another unit divides a rounded one.
    return Math.abs(told - value) <= tolerance + 1e-9 * (1 + told);
  });
  return [...new Set(found.map(({ name }) => name))];
}
