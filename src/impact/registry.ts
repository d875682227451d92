/**
 * Registry: every impact model by its name. A new one is one file and one line here.
 */
import { err, ok, type Result } from "../core/domain/errors.ts";
import { almgren2005 } from "./almgren-2005-model.ts";
import { almgrenChriss } from "./almgren-chriss-model.ts";
import type { ImpactModel } from "./impact-model.ts";
import { kyle } from "./kyle.ts";
import { unadvised } from "./llm-enhanced.ts";
import { obizhaevaWang } from "./obizhaeva-wang-model.ts";
import { powerLaw } from "./power-law.ts";
import { propagator } from "./propagator.ts";
import { squareRoot } from "./square-root.ts";

export const impactModels: ReadonlyMap<string, ImpactModel> = new Map(
  [
    almgren2005, // keep one a line; the first is the default
    squareRoot,
    almgrenChriss,
    kyle,
    powerLaw,
    obizhaevaWang,
    propagator,
    unadvised,
  ].map((model) => [model.name, model]),
);

export interface ImpactModelUnknown {
  readonly code: "IMPACT_MODEL_UNKNOWN";
  readonly text: string;
}

export function findImpactModel(name: string): Result<ImpactModel, ImpactModelUnknown> {
  const model = impactModels.get(name);
  if (model !== undefined) return ok(model);
  const known = [...impactModels.keys()].join(", ");
  return err({
    code: "IMPACT_MODEL_UNKNOWN",
    text: `no impact model is named ${JSON.stringify(name.slice(0, 40))}; known are ${known}`,
  });
}
