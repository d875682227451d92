/**
 * Model choice: an impact model by its name, with the parameters that a person gives in place of
 * its own.
 */
import { err, ok, type Result } from "../core/domain/errors.ts";
import type { ImpactModel, ModelParameter } from "../impact/impact-model.ts";
import { findImpactModel, impactModels, type ImpactModelUnknown } from "../impact/registry.ts";
import type { EstimateFault } from "./market-facts.ts";

export const modelNames = (): readonly string[] => [...impactModels.keys()];
export const DEFAULT_MODEL = "almgren-2005";

export const chooseModel = (name: string): Result<ImpactModel, ImpactModelUnknown> =>
  findImpactModel(name);

/** What is given is taken to be exact: whoever calibrates knows the market better than a paper. */
export function chooseParameters(
  model: ImpactModel,
  given: Readonly<Record<string, number>>,
): Result<readonly ModelParameter[], EstimateFault> {
  const known = model.parameters.map(({ name }) => name);
  for (const [name, value] of Object.entries(given)) {
    if (known.includes(name) && value > 0 && value < Infinity) continue;
    const text = known.includes(name)
      ? `parameter ${name} of ${model.name} must be over 0, not ${value}`
      : `${model.name} has no parameter ${name}; known are ${known.join(", ")}`;
    return err({ code: "ESTIMATE_PARAMETER", text });
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
