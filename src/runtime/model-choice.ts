/**
 * Model choice: impact models by what a person writes, with the parameters given in place of their
 * own and the factor of whoever advises.
 *
 * A model is written `NAME[:parameter=value,…]`; `all` is every model that stands by itself. What
 * must stay true: a parameter outside of the range that its model states is refused.
 */
import { err, ok, type Result } from "../core/domain/errors.ts";
import type { ImpactModel, ModelParameter } from "../impact/impact-model.ts";
import { type ImpactFactor, type FactorRefused, llmEnhanced } from "../impact/llm-enhanced.ts";
import { findImpactModel, impactModels, type ImpactModelUnknown } from "../impact/registry.ts";
import type { EstimateFault } from "./market-facts.ts";

export const modelNames = (): readonly string[] => [...impactModels.keys()];
export const DEFAULT_MODEL = "almgren-2005";
/** Every model that does not stand on another. */
export const EVERY_MODEL = "all";

export type ModelFault = EstimateFault | ImpactModelUnknown | FactorRefused;
type Given = Readonly<Record<string, number>>;

export interface ModelChoice {
  readonly model: ImpactModel;
  readonly parameters: readonly ModelParameter[];
  /** In words, what to know of the parameters: where they come from. */
  readonly caveats?: readonly string[];
}

/** What somebody makes of the moment, and how far it counts. */
export interface Advice extends ImpactFactor {
  readonly weight: number;
}

const LLM = "llm-enhanced";

/** Models that stand by themselves, in the order of the registry. */
export const standingModels = (): readonly ImpactModel[] =>
  [...impactModels.values()].filter(({ base }) => base === undefined);

/**
 * @param texts each `all` or `NAME[:parameter=value,…]`.
 * @param given parameters apart from the name: only where one model is meant.
 */
export function chooseModels(
  texts: readonly string[],
  given: Given = {},
  advice?: Advice,
): Result<readonly ModelChoice[], ModelFault> {
  const named = texts.flatMap((text) =>
    text === EVERY_MODEL ? standingModels().map(({ name }) => name) : [text],
  );
  if (named.length > 1 && Object.keys(given).length > 0) {
    const text = "with several models, a parameter stands with its own: NAME:parameter=value";
    return err({ code: "ESTIMATE_PARAMETER", text });
  }
  const choices: ModelChoice[] = [];
  for (const text of named) {
    const choice = chooseOne(text, given, advice);
    if (!choice.ok) return choice;
    if (choices.some(({ model }) => model.name === choice.value.model.name)) {
      const twice = `${choice.value.model.name} is asked twice: name each model once`;
      return err({ code: "ESTIMATE_PARAMETER", text: twice });
    }
    choices.push(choice.value);
  }
  return ok(choices);
}

function chooseOne(
  text: string,
  given: Given,
  advice: Advice | undefined,
): Result<ModelChoice, ModelFault> {
  const spec = parsed(text);
  if (!spec.ok) return spec;
  const { name, base, numbers } = spec.value;
  const all = { ...numbers, ...given };
  const isHybrid = name === LLM;
  const found = findImpactModel(isHybrid ? (base ?? DEFAULT_MODEL) : name);
  if (!found.ok) return found;
  if (base !== undefined && !isHybrid) return refuse(`${name} has no base: only ${LLM} has one`);
  const { factor, low, high, weight, ...rest } = all;
  const chosen = chooseParameters(found.value, isHybrid ? rest : all);
  if (!chosen.ok) return chosen;
  const plain = { model: found.value, parameters: chosen.value };
  if (!isHybrid) return advised(plain, advice);
  if (factor === undefined && (low !== undefined || high !== undefined)) {
    return refuse("low and high are the ends of a factor: give factor=1.4 too");
  }
  if (factor === undefined && advice === undefined) {
    return refuse(`${LLM} needs a factor: --factor 1.4, or ${LLM}:factor=1.4`);
  }
  if (factor !== undefined && advice !== undefined) {
    return refuse("a factor is given twice: by --factor and with the model");
  }
  const own =
    factor === undefined
      ? advice
      : {
          factor,
          ...(low === undefined ? {} : { low }),
          ...(high === undefined ? {} : { high }),
          source: "whoever gave it",
          weight: 1,
        };
  const weighted = own === undefined || weight === undefined ? own : { ...own, weight };
  return advised(plain, weighted);
}

/** A model as it is, or scaled by what somebody makes of the moment. */
export function advised(
  choice: ModelChoice,
  advice: Advice | undefined,
): Result<ModelChoice, ModelFault> {
  if (advice === undefined) return ok(choice);
  const { model, parameters } = choice;
  const made = llmEnhanced(model, advice, advice.weight);
  if (!made.ok) return made;
  const own = made.value.parameters.slice(model.parameters.length);
  return ok({ ...choice, model: made.value, parameters: [...parameters, ...own] });
}

interface Spec {
  readonly name: string;
  readonly base: string | undefined;
  readonly numbers: Given;
}

const PLAIN_NUMBER = /^\d{1,15}(?:\.\d{1,15})?$/;

function parsed(text: string): Result<Spec, EstimateFault> {
  const at = text.indexOf(":");
  if (at < 0) return ok({ name: text, base: undefined, numbers: {} });
  const numbers = new Map<string, number>();
  let base: string | undefined;
  for (const part of text.slice(at + 1).split(",")) {
    const [key = "", value = "", ...more] = part.split("=");
    const shown = JSON.stringify(part.slice(0, 40));
    if (key === "" || value === "" || more.length > 0) {
      return refuse(`in --model, write NAME:parameter=value,…; ${shown} is neither`);
    }
    if (key === "base") base = value;
    else if (!PLAIN_NUMBER.test(value)) return refuse(`${shown}: not a plain number such as 0.5`);
    else if (numbers.has(key)) return refuse(`${key} is given twice`);
    else numbers.set(key, Number(value));
  }
  return ok({ name: text.slice(0, at), base, numbers: Object.fromEntries(numbers) });
}

const refuse = (text: string) => err({ code: "ESTIMATE_PARAMETER", text } as const);

/** `1.4` or `1.4:1.1..1.8`; undefined where it is neither. The range is the model's to check. */
export function parseFactor(text: string): Omit<ImpactFactor, "source"> | undefined {
  const number = String.raw`(\d{1,3}(?:\.\d{1,15})?)`;
  const found = new RegExp(`^${number}(?::${number}\\.\\.${number})?$`).exec(text);
  if (found === null) return undefined;
  const [, factor, low, high] = found;
  const ends = low === undefined ? {} : { low: Number(low), high: Number(high) };
  return { factor: Number(factor), ...ends };
}

/** What is given is taken to be exact: whoever calibrates knows the market better than a paper. */
export function chooseParameters(
  model: ImpactModel,
  given: Given,
): Result<readonly ModelParameter[], EstimateFault> {
  for (const [name, value] of Object.entries(given)) {
    const fault = parameterFault(model, name, value);
    if (fault !== undefined) return refuse(fault);
  }
  return ok(
    model.parameters.map((parameter) => {
      const value = Object.hasOwn(given, parameter.name) ? given[parameter.name] : undefined;
      return value === undefined
        ? parameter
        : { ...parameter, value, standardError: 0, origin: "given" };
    }),
  );
}

/** What is wrong with a value for a parameter, in words; undefined where nothing is. */
export function parameterFault(
  model: ImpactModel,
  name: string,
  value: number,
): string | undefined {
  const parameter = model.parameters.find((one) => one.name === name);
  if (parameter === undefined) {
    const known = model.parameters.map((one) => one.name).join(", ");
    return `${model.name} has no parameter ${name}; known are ${known}`;
  }
  const { range } = parameter;
  const isWithin =
    range === undefined
      ? value > 0 && value < Infinity
      : value >= range.least && value <= range.most;
  if (isWithin) return undefined;
  const where = range === undefined ? "over 0" : `from ${range.least} to ${range.most}`;
  return `parameter ${name} of ${model.name} must be ${where}, not ${value}`;
}
