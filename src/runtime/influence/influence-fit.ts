/**
 * Influence fit: whether a table of earned weights is for this advisor, asked and bounded like
 * this.
 *
 * What was earned was earned by one model, by one prompt, inside one envelope. What must stay true:
 * a table never lends weight to anybody else.
 */
import { PROMPT_VERSION } from "../../advisors/prompt.ts";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import type { AdviceConfig } from "../advice/advice-config.ts";
import {
  earnedTerms,
  type InfluenceState,
  readInfluence,
  tableOfSource,
} from "./earned-influence.ts";
import { ANEW, type InfluenceFault } from "./influence-table.ts";

/** As far as the configuration tells; undefined: it fits. */
export function influenceFault(
  { path, table }: Pick<InfluenceState, "path" | "table">,
  { envelope, strategies, mayCancel }: AdviceConfig,
): InfluenceFault | undefined {
  const refuse = (text: string): InfluenceFault => ({
    code: "INFLUENCE_FILE",
    text: `${path} ${text}; ${ANEW}`,
  });
  if (table.prompt.split(".")[0] !== PROMPT_VERSION) {
    return refuse(`was learned with prompt ${table.prompt}, and this program asks by another`);
  }
  for (const name of ["corridor", "variation", "crossing"] as const) {
    const [own, learned] = [envelope[name], table.envelope[name]];
    if (own > learned)
      return refuse(`was learned with a ${name} of ${learned}, and ${own} is wider`);
  }
  const other = strategies.find((strategy) => !table.strategies.includes(strategy));
  if (other !== undefined) return refuse(`was learned without a change to ${other}`);
  if (mayCancel) return refuse("was learned without leave to cancel: take mayCancel away");
  return undefined;
}

/**
 * The settings with the weights that their table gives now, for an order that begins now. A table
 * that cannot be read any more, or has become another, lends no weight: advice is only watched.
 */
export function adviceNow(advice: AdviceConfig): AdviceConfig {
  const source = tableOfSource(advice.influenceSource);
  if (source === undefined) return advice;
  const state = readInfluence(source.path);
  if (state.ok && state.value.table.hash === source.hash) {
    return { ...advice, ...earnedTerms(state.value) };
  }
  const why = state.ok ? "it has become another table" : state.error.text;
  const influenceSource = `no weight: ${source.path}: ${why}`.slice(0, MOST_LETTERS);
  return { ...advice, influence: { calm: 0, usual: 0, stressed: 0 }, influenceSource };
}

/** Of a line in the settings. */
const MOST_LETTERS = 500;

/** Whoever was opened, by its own name: it has the model, its hash and the prompt in it. */
export function advisorFault(
  { path, table }: Pick<InfluenceState, "path" | "table">,
  name: string,
): InfluenceFault | undefined {
  // A recording answers with what that model said.
  const asked = /^recorded \(([^,()]+)\)$/.exec(name)?.[1] ?? name;
  if (asked === table.advisor) return undefined;
  const text = `${path} was learned from ${table.advisor}, and ${asked} is asked: ${ANEW}`;
  return { code: "INFLUENCE_FILE", text };
}

/**
 * The table that the weights come from, once whoever was opened is the one who earned them.
 * @returns undefined where somebody gave the weights.
 */
export function earnedBy(
  { influenceSource }: Pick<AdviceConfig, "influenceSource">,
  name: string,
): Result<InfluenceState | undefined, InfluenceFault> {
  const source = tableOfSource(influenceSource);
  if (source === undefined) return ok(undefined);
  const state = readInfluence(source.path);
  if (!state.ok) return state;
  if (state.value.table.hash !== source.hash) {
    const text = `${source.path} has become another table since the settings were read`;
    return err({ code: "INFLUENCE_FILE", text });
  }
  const fault = advisorFault(state.value, name);
  return fault === undefined ? state : err(fault);
}
