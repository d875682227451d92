import { describe, expect, it } from "vitest";
import { findImpactModel, impactModels } from "./registry.ts";

describe("impact models by name", () => {
  it("finds each by its own name, and says what there is instead of an unknown one", () => {
    for (const [name, model] of impactModels) {
      expect(findImpactModel(name)).toEqual({ ok: true, value: model });
    }
    expect(findImpactModel("__proto__")).toMatchObject({
      ok: false,
      error: {
        code: "IMPACT_MODEL_UNKNOWN",
        text:
          'no impact model is named "__proto__"; ' +
          "known are almgren-2005, square-root, almgren-chriss, " +
          "kyle, power-law, obizhaeva-wang, propagator, llm-enhanced",
      },
    });
  });
});
