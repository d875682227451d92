/**
 * Arms: what `--strategies` of a comparison says, read.
 *
 * `[label=]strategy[:key=value]…[@tactic[:key=value]…]`, separated by commas. Nothing in it
 * means anything to a shell, unless a value does. Commas in brackets or quotes belong to the value.
 * What must stay true: every arm has a label of its own.
 */
import { InvalidArgumentError } from "commander";
import type { TacticChoice } from "../core/domain/parent-order.ts";
import { type Arm, checkArm } from "../runtime/arm.ts";
import type { Plugin } from "../runtime/plugin.ts";
import { parameter } from "./order-options.ts";
import { CommandError } from "./output.ts";

const LABEL = /^([A-Za-z0-9][A-Za-z0-9._-]{0,39})=(?=[a-z])/;
/** A tactic begins at an @ that no value begins with (`curve=@FILE`). */
const TACTIC = /(?<!=)@/;

/** @throws CommandError with every fault of the first arm that has any. */
export function armsOf(text: string, plugins: readonly Plugin[] = []): readonly Arm[] {
  const arms = splitOutside(text, ",").map((arm) => armOf(arm, plugins));
  const seen = new Set<string>();
  for (const { label } of arms) {
    if (seen.has(label)) {
      throw usage(
        `two arms are named ${label}: give one a name of its own, as in fast=is:kappaT=4`,
      );
    }
    seen.add(label);
  }
  return arms;
}

function armOf(given: string, plugins: readonly Plugin[]): Arm {
  const text = given.trim();
  if (text === "") throw usage("an arm is empty: write names with a comma between them");
  const named = LABEL.exec(text);
  const [head = "", tail, ...more] = text.slice(named?.[0].length ?? 0).split(TACTIC);
  if (more.length > 0) throw usage(`${text}: more than one @: an arm has one tactic`);
  const { name, parameters } = choiceOf(text, head);
  const { urgency, ...own } = parameters;
  if (urgency !== undefined && !(typeof urgency === "number" && urgency >= 0 && urgency <= 1)) {
    throw usage(`${text}: urgency must be a number from 0 to 1`);
  }
  const tactic: TacticChoice | undefined = tail === undefined ? undefined : choiceOf(text, tail);
  const arm: Arm = {
    label: named?.[1] ?? text,
    strategy: { name, parameters: own, ...(tactic === undefined ? {} : { tactic }) },
    ...(urgency === undefined ? {} : { urgency }),
  };
  const faults = checkArm(arm, plugins);
  if (faults.length === 0) return arm;
  const [first] = faults;
  if (first?.path === "name") throw usage(first.text);
  throw usage(`${text}: ${faults.map(({ path, text: what }) => `${path} ${what}`).join("; ")}`);
}

/** `name:key=value:key=value` */
function choiceOf(arm: string, text: string): TacticChoice {
  const [name = "", ...pairs] = splitOutside(text, ":");
  let parameters: Readonly<Record<string, unknown>> = {};
  for (const pair of pairs) {
    try {
      parameters = parameter(pair, parameters);
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error;
      throw usage(`${arm}: ${JSON.stringify(pair)}: ${error.message}`);
    }
  }
  return { name, parameters };
}

/** Splits at a character that stands outside brackets, braces and double quotes. */
export function splitOutside(text: string, separator: string): readonly string[] {
  const parts: string[] = [];
  let [from, depth, isQuoted] = [0, 0, false];
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (character === '"') isQuoted = !isQuoted;
    else if (isQuoted) continue;
    else if (character === "[" || character === "{") depth += 1;
    else if (character === "]" || character === "}") depth -= 1;
    else if (character === separator && depth <= 0) {
      parts.push(text.slice(from, at));
      from = at + 1;
    }
  }
  return [...parts, text.slice(from)];
}

const usage = (text: string): CommandError => new CommandError("USAGE", `--strategies: ${text}`);
