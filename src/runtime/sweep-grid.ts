/**
 * Sweep grid: the arms of a sweep, as the product of strategies and the values of each grid key.
 *
 * A combination that cannot run is found here, before anything has run, and all of them at once: a
 * night of work must not end on a misspelled value. What must stay true: no two arms of a grid are
 * the same arm, and a grid never overrides what an arm says itself.
 */
import { parseDecimal } from "../core/domain/decimal.ts";
import { err, ok, type Result } from "../core/domain/errors.ts";
import type { Micros } from "../core/domain/units.ts";
import { type Arm, checkArm } from "./arm.ts";
import { canonicalJson } from "../core/domain/canonical-json.ts";
import { nearest } from "./config-names.ts";
import { parseDuration } from "./duration.ts";
import type { Plugin } from "./plugin.ts";

/** One `--grid`: a key, and its values as written and as read (JSON where it is JSON). */
export interface GridAxis {
  readonly key: string;
  readonly values: readonly GridValue[];
}

export interface GridValue {
  readonly text: string;
  readonly value: unknown;
}

/** The order that an arm works. */
export interface ArmTerms {
  readonly quantity: string;
  readonly isNotional: boolean;
  readonly over: Micros;
}

export interface SweepArm extends Arm, ArmTerms {
  /** Label of the arm in `--strategies` that this one varies. */
  readonly base: string;
  /** As written, in the order of the axes. */
  readonly values: readonly string[];
}

/** Keys of a grid; a star stands for the name of a parameter. */
export const GRID_KEYS = [
  "urgency",
  "quantity",
  "notional",
  "over",
  "tactic",
  "param.*",
  "tactic.*",
] as const;

const PARAMETER = /^(?:param|tactic)\../;
const isKey = (key: string): boolean =>
  PARAMETER.test(key) || GRID_KEYS.some((known) => known === key && !known.endsWith("*"));

/** What a combination is made in: terms may still be missing until its grid has given them. */
interface Draft {
  readonly arm: Arm;
  readonly terms: Partial<ArmTerms>;
}

/** One value set on a draft: what comes of it, or what is wrong with it. */
type Setting = Draft | string;

/**
 * The first base arm varies slowest, the last axis fastest.
 * @returns every arm, or every fault of every combination
 */
export function armsOfGrid(
  bases: readonly Arm[],
  axes: readonly GridAxis[],
  terms: Partial<ArmTerms>,
  plugins: readonly Plugin[] = [],
): Result<readonly SweepArm[], readonly string[]> {
  const wrong = axisFaults(axes, terms);
  if (wrong.length > 0) return err(wrong);
  const faults = new Map<string, string[]>();
  const arms: SweepArm[] = [];
  const seen = new Map<string, string>();
  for (const base of bases) {
    for (const values of productOf(axes)) {
      const made = combine(base, axes, values, terms, plugins);
      if (!made.ok) {
        for (const { of, text } of made.error) {
          const key = `${base.label} ${text}`;
          faults.set(key, [...(faults.get(key) ?? []), of]);
        }
        continue;
      }
      const { label, base: _, values: __, ...same } = made.value;
      const key = canonicalJson(same);
      const twin = seen.get(key);
      if (twin !== undefined) faults.set(`${label} is the same arm as ${twin}`, []);
      seen.set(key, label);
      arms.push(made.value);
    }
  }
  return faults.size > 0 ? err([...faults].map(faultLine)) : ok(arms);
}

/** What is wrong with a combination. */
interface ArmFault {
  readonly of: string;
  readonly text: string;
}

/** One value may spoil a thousand combinations: that is one line. */
function faultLine([text, labels]: readonly [string, readonly string[]]): string {
  const [first, ...more] = new Set(labels);
  if (first === undefined) return text;
  return more.length === 0 ? `${text} (${first})` : `${text} (${first}, and ${more.length} more)`;
}

/** How many combinations a grid has for each strategy. */
export const gridSize = (axes: readonly GridAxis[]): number =>
  axes.reduce((product, { values }) => product * values.length, 1);

function axisFaults(axes: readonly GridAxis[], terms: Partial<ArmTerms>): string[] {
  const keys = axes.map(({ key }) => key);
  const faults: string[] = [];
  axes.forEach(({ key, values }, i) => {
    if (!isKey(key)) faults.push(unknownKey(key));
    if (keys.indexOf(key) !== i) faults.push(`${key} is given twice: put its values in one --grid`);
    const texts = values.map(({ text }) => text);
    const twice = texts.find((text, at) => texts.indexOf(text) !== at);
    if (twice !== undefined) faults.push(`${key}: ${twice} is given twice`);
    if (texts.some((text) => text.trim() === "")) faults.push(`${key}: a value is empty`);
  });
  if (keys.includes("quantity") && keys.includes("notional")) {
    faults.push("quantity and notional: an order has one of the two");
  }
  const isSized = keys.includes("quantity") || keys.includes("notional");
  if (isSized && terms.quantity !== undefined) {
    faults.push("the size is in the grid: leave out --quantity and --notional");
  }
  if (keys.includes("over") && terms.over !== undefined) {
    faults.push("over is in the grid: leave out --over");
  }
  return faults;
}

function unknownKey(key: string): string {
  const near = nearest(key, ["urgency", "quantity", "notional", "over", "tactic"]);
  const hint =
    near === undefined
      ? `a parameter of a strategy is written param.${key}, one of a tactic tactic.${key}`
      : `did you mean ${near}?`;
  return `${key || "(nothing)"} is no key of a grid (${GRID_KEYS.join(", ")}); ${hint}`;
}

/** Every choice of one value an axis. */
function* productOf(axes: readonly GridAxis[]): Generator<readonly GridValue[]> {
  const [first, ...rest] = axes;
  if (first === undefined) {
    yield [];
    return;
  }
  for (const value of first.values) for (const tail of productOf(rest)) yield [value, ...tail];
}

function combine(
  base: Arm,
  axes: readonly GridAxis[],
  values: readonly GridValue[],
  terms: Partial<ArmTerms>,
  plugins: readonly Plugin[],
): Result<SweepArm, readonly ArmFault[]> {
  const label = [base.label, ...axes.map(({ key }, i) => `${key}=${values[i]!.text}`)].join(" ");
  const faults: ArmFault[] = [];
  let draft: Draft = { arm: base, terms };
  const settings = axes.map(({ key }, i) => ({ key, value: values[i]! }));
  // A tactic before its parameters, whatever the order in which they were written.
  settings.sort((a, b) => rank(a.key) - rank(b.key));
  for (const { key, value } of settings) {
    const set = apply(draft, key, value);
    if (typeof set === "string") faults.push({ of: label, text: `${key}=${value.text} ${set}` });
    else draft = set;
  }
  if (faults.length > 0) return err(faults);
  const { quantity, isNotional, over } = draft.terms;
  if (quantity === undefined || over === undefined) return err([{ of: label, text: NO_TERMS }]);
  const arm = { ...draft.arm, label };
  const wrong = checkArm(arm, plugins).map(({ path, text }) => ({
    of: label,
    text: `${path} ${text}`,
  }));
  if (wrong.length > 0) return err(wrong);
  return ok({
    ...arm,
    base: base.label,
    values: values.map(({ text }) => text),
    quantity,
    isNotional: isNotional === true,
    over,
  });
}

const NO_TERMS = "needs a size and a time: --quantity or --notional, and --over, or in the grid";

const rank = (key: string): number => (key.startsWith("tactic.") ? 1 : 0);

function apply(draft: Draft, key: string, { text, value }: GridValue): Setting {
  const { arm, terms } = draft;
  switch (key) {
    case "urgency":
      if (arm.urgency !== undefined) return "meets an urgency of the arm's own: one of the two";
      if (typeof value !== "number" || !(value >= 0 && value <= 1)) {
        return "must be a number from 0 to 1";
      }
      return { arm: { ...arm, urgency: value }, terms };
    case "quantity":
    case "notional": {
      const amount = parseDecimal(text);
      if (!amount.ok || amount.value.mantissa <= 0n) return "is not an amount above zero";
      return { arm, terms: { ...terms, quantity: text, isNotional: key === "notional" } };
    }
    case "over": {
      const over = parseDuration(text);
      if (!over.ok || over.value <= 0) return "is not a span with its unit, such as 90s or 3m";
      return { arm, terms: { ...terms, over: over.value } };
    }
    case "tactic":
      if (arm.strategy.tactic !== undefined)
        return "meets a tactic of the arm's own: one of the two";
      return {
        arm: { ...arm, strategy: { ...arm.strategy, tactic: { name: text, parameters: {} } } },
        terms,
      };
    default:
      return withParameter(draft, key, value);
  }
}

function withParameter({ arm, terms }: Draft, key: string, value: unknown): Setting {
  const { strategy } = arm;
  const name = key.slice(key.indexOf(".") + 1);
  if (key.startsWith("param.")) {
    if (Object.hasOwn(strategy.parameters, name))
      return `meets a ${name} of the arm's own: one of the two`;
    const parameters = { ...strategy.parameters, [name]: value };
    return { arm: { ...arm, strategy: { ...strategy, parameters } }, terms };
  }
  const { tactic } = strategy;
  if (tactic === undefined) return "has no tactic to go to: write is@peg, or --grid tactic=peg";
  if (Object.hasOwn(tactic.parameters, name))
    return `meets a ${name} of the arm's own: one of the two`;
  const changed = { ...tactic, parameters: { ...tactic.parameters, [name]: value } };
  return { arm: { ...arm, strategy: { ...strategy, tactic: changed } }, terms };
}
